"""The training process: `python -m backend.trainers SPEC.json`; with `--preflight` behind it all but the training.

Its last line says why it failed, if it did.
"""

import json
import sys
import traceback
from pathlib import Path
from types import TracebackType

from backend.errors import RondoError
from backend.trainers import Trainer, TrainSpec, _hardware, _launch
from backend.trainers._knobs import TRLKnobs


def main(spec_file: str, *, trains: bool = True) -> None:
    """Train as the spec says, or look at what that would be."""
    spec = TrainSpec(**json.loads(Path(spec_file).read_text(encoding="utf-8")))
    trainer: Trainer = Trainer.load(spec.trainer)
    processes = trainer.num_processes if isinstance(trainer, TRLKnobs) else 1
    if _launch.is_one_of_several():
        _launch.guard()
    else:
        _launch.forget_others()
        if isinstance(trainer, TRLKnobs) and processes > 1 and trains:
            return _launch.run(trainer, spec, spec_file)
        # One process trains on one GPU; TRL refuses to spread a model over several by itself.
        _hardware.take_first_gpu(processes)
    if trains:
        trainer.main(spec)
    else:
        trainer.preflight(spec)
    return _launch.leave() if _launch.is_one_of_several() else None


def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write the error as the last line; a bug gets its traceback before it."""
    sys.stdout.flush()
    if isinstance(error, RondoError):
        why = " ".join(error.message.split())
    else:
        traceback.print_exception(kind, error, trace)
        first = (str(error).strip().splitlines() or [""])[0]
        why = f"The training failed with {kind.__name__}: {first} The traceback is in the log."
    if _launch.is_one_of_several():  # who started it has the last word
        _launch.tell(why, is_known=isinstance(error, RondoError))
        _launch.leave(1)
    sys.stderr.write(f"ERROR: {why}\n")


if __name__ == "__main__":
    sys.excepthook = report
    main(sys.argv[1], trains="--preflight" not in sys.argv[2:])
