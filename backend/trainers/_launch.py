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
from collections.abc import Callable, Mapping
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
INHERITED = {"RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT"}
"""By these a launcher of others, such as torchrun or srun, tells a process which of several it is."""
INHERITED_FIRST = ("TORCHELASTIC_", "PMI_", "OMPI_COMM_WORLD_", "MV2_COMM_WORLD_")
"""And by all that begin so."""
PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that the kernel sends when who started this process has died."""


def is_one_of_several() -> bool:
    """Say whether this process was started by `run`."""
    return REASONS in os.environ


def forget_others() -> None:
    """Drop what a launcher of others said to the worker: this training is none of its processes."""
    for name in [name for name in os.environ if name in INHERITED or name.startswith(INHERITED_FIRST)]:
        del os.environ[name]


def run(trainer: "TRLKnobs", spec: TrainSpec, spec_file: str) -> None:
    """Train in `num_processes` processes and wait for them; raises `TrainerError` with what the first to fail said."""
    output, identity = Path(spec.output_dir), identify(spec)
    anywhere = identify(spec, anywhere=True)
    logs = output / "processes"
    if _folders.is_finished(output, identity, anywhere):
        shutil.rmtree(logs, ignore_errors=True)
        return _folders.remove_checkpoints(output)
    _hardware.check_ready(trainer)
    _hardware.check_devices(trainer, trainer.num_processes)
    output.mkdir(parents=True, exist_ok=True)
    _folders.claim(output, identity)  # here, since each process then looks for the newest checkpoint
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # all of them are on this machine
    _hold_pipe()
    shutil.rmtree(logs, ignore_errors=True)  # of a launcher that was killed
    logs.mkdir()
    os.environ[REASONS] = str(logs)
    (logs / "accelerate.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    try:
        arguments = options(trainer, spec_file, logs)
        with_free_port(lambda: launch_command(launch_command_parser().parse_args(arguments)))
    except ChildFailedError as failed:
        by_time = sorted(failed.failures.items(), key=lambda failure: failure[1].timestamp)
        raise TrainerError(reason(logs, {rank: failure.exitcode for rank, failure in by_time})) from failed
    finally:
        shutil.rmtree(logs, ignore_errors=True)


def with_free_port(launch: Callable[[], object]) -> None:
    """Launch; once more, with another port, where someone took the port between its choice and its use."""
    from torch.distributed import DistNetworkError

    try:
        launch()
    except DistNetworkError as error:
        if "EADDRINUSE" not in str(error):
            raise
        launch()


def options(trainer: "TRLKnobs", spec_file: str, logs: Path) -> list[str]:
    """What accelerate's launcher is told."""
    return [
        *("--config_file", str(logs / "accelerate.json")),
        *_hardware.launched(trainer),
        *("--main_process_port", "0"),  # any that is free
        *("--mixed_precision", "no", "--dynamo_backend", "no"),  # TRL's config says what it is
        *("--num_cpu_threads_per_process", _threads()),
        *("--log_dir", str(logs), "--module", "backend.trainers", spec_file),
    ]


def tell(why: str, *, is_known: bool) -> None:
    """In one of the processes: say why it fails. is_known: in words of Rondo.

    Where one fails, the others lose their connection to it, and that is no reason.
    """
    part = Path(os.environ[REASONS]) / f"part-{os.getpid()}"
    part.write_text(why, encoding="utf-8")
    part.replace(part.with_name(f"reason-{'a' if is_known else 'b'}-{time.time_ns():020}-{os.getpid()}"))


def reason(folder: Path, exit_codes: Mapping[int, int]) -> str:
    """Why a training failed, from what its processes told and the exit codes of those that failed, the first one first.

    A known reason comes before all. One that a signal ended could tell none, and what others tell then is that they
    lost their connection to it.
    """
    files = sorted(folder.glob("reason-*"))
    killed = [rank for rank, code in exit_codes.items() if code < 0]
    if files and (files[0].name.startswith("reason-a-") or not killed):
        return files[0].read_text(encoding="utf-8")
    rank = killed[0] if killed else next(iter(exit_codes))
    return unsaid(rank, exit_codes[rank])


def unsaid(rank: int, exit_code: int) -> str:
    """What to say of a process that could not."""
    if exit_code == -signal.SIGKILL:
        how = "was killed (SIGKILL), which is what the system does when memory runs out."
    else:
        how = f"ended with exit code {exit_code}."
    return f"Process {rank} of the training {how}"


def _threads() -> str:
    """What OMP_NUM_THREADS says of the outermost of its levels; 1 where it says nothing."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return first if first.isdecimal() and int(first) else "1"


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


def leave(code: int = 0) -> None:
    """In one of the processes, once all of them are done or this one has failed: end it here.

    Where Python ends, torch takes its process group apart while it holds the interpreter's lock; gloo's own thread
    may need that lock to let go of the last barrier, and the process would never end.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _watch() -> None:
    try:
        while os.read(0, 1):
            pass
    finally:
        os.killpg(os.getpgrp(), signal.SIGKILL)
