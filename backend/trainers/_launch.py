"""Starts a training as several processes by accelerate's launcher, and lets none of them outlive it.

torch puts each process into a session of its own, so the end of the launcher's group does not reach them. Their
standard input is a pipe of which the launcher alone holds the other end: the kernel closes it however that one dies.
"""

import ctypes
import json
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from backend.errors import TrainerError
from backend.trainers import TrainSpec, _folders, _hardware
from backend.trainers._run import identify

if TYPE_CHECKING:
    from backend.trainers._knobs import TRLKnobs

CONFIG = {
    "compute_environment": "LOCAL_MACHINE",
    "distributed_type": "NO",
    "mixed_precision": "no",
    "use_cpu": False,
    "debug": False,
}
"""What the launcher reads instead of a file of its own that a person may have; its options say the rest."""
REASONS = "RONDO_TRAINING_REASONS"
"""Names the folder where processes tell why they fail."""
PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that the kernel sends when who started this process has died."""


def is_one_of_several() -> bool:
    """Say whether this process was started by `run`."""
    return _hardware.RANK in os.environ


def run(trainer: "TRLKnobs", spec: TrainSpec, spec_file: str) -> None:
    """Train in `num_processes` processes and wait for them; raises `TrainerError` with what the first to fail said."""
    output, identity = Path(spec.output_dir), identify(spec)
    if _folders.is_finished(output, identity):
        return
    _hardware.check_devices(trainer)
    output.mkdir(parents=True, exist_ok=True)
    _folders.claim(output, identity)  # here, since each process then looks for the newest checkpoint
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all of them are on this machine
    _hold_pipe()
    logs = output / "processes"
    shutil.rmtree(logs, ignore_errors=True)  # of a launcher that was killed
    logs.mkdir()
    os.environ[REASONS] = str(logs)
    (logs / "accelerate.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    try:
        launch_command(launch_command_parser().parse_args(options(trainer, spec_file, logs)))
    except ChildFailedError as failed:
        rank, failure = failed.get_first_failure()
        raise TrainerError(reason(logs) or unsaid(rank, failure.exitcode)) from failed
    finally:
        shutil.rmtree(logs, ignore_errors=True)


def options(trainer: "TRLKnobs", spec_file: str, logs: Path) -> list[str]:
    """What accelerate's launcher is told."""
    return [
        *("--config_file", str(logs / "accelerate.json")),
        *_hardware.launched(trainer),
        *("--main_process_port", "0"),  # any that is free
        *("--mixed_precision", "no", "--dynamo_backend", "no"),  # TRL's config says what it is
        *("--num_cpu_threads_per_process", os.environ.get("OMP_NUM_THREADS", "1")),
        *("--log_dir", str(logs), "--module", "backend.trainers", spec_file),
    ]


def tell(why: str, *, is_known: bool) -> None:
    """In one of the processes: say why it fails. is_known: in words of Rondo.

    Where one fails, the others lose their connection to it, and that is no reason.
    """
    part = Path(os.environ[REASONS]) / f"part-{os.getpid()}"
    part.write_text(why, encoding="utf-8")
    part.replace(part.with_name(f"reason-{'a' if is_known else 'b'}-{time.time_ns():020}-{os.getpid()}"))


def reason(folder: Path) -> str | None:
    """The first reason that was told, known ones before others; None where there is none."""
    told = sorted(folder.glob("reason-*"))
    return told[0].read_text(encoding="utf-8") if told else None


def unsaid(rank: int, exit_code: int) -> str:
    """What to say of a process that could not."""
    if exit_code == -signal.SIGKILL:
        how = "was killed (SIGKILL), which is what the system does when memory runs out."
    else:
        how = f"ended with exit code {exit_code}."
    return f"Process {rank} of the training {how}"


def _hold_pipe() -> None:
    """Make standard input a pipe to which this process alone holds the other end, and never writes."""
    reading, _held_open = os.pipe()
    os.dup2(reading, 0)
    os.close(reading)


def guard() -> None:
    """In one of the processes: end with the launcher, on Linux also where no Python can run, as in a hung library.

    One that has no group to itself was not started by torch's launcher, and nothing is ended.
    """
    if os.getpgrp() != os.getpid():
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, name="launcher-guard", daemon=True).start()


def leave() -> None:
    """In one of the processes, once all of them are done: end it here.

    Where Python ends, torch takes its process group apart while it holds the interpreter's lock; gloo's own thread
    may need that lock to let go of the last barrier, and the process would never end.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _watch() -> None:
    try:
        while os.read(0, 1):
            pass
    finally:
        os.killpg(os.getpgrp(), signal.SIGKILL)
