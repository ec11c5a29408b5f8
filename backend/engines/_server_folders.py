"""The folders of a worker's model servers: whether one is kept, how it is ended, what dead ones have left.

A folder of the data folder for each worker, named after its machine, and in it one for each server.
"""

import json
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from backend import lifeline
from backend.config import settings
from backend.engines import _keeper
from backend.values import JSON

MARK = "RONDO_SERVER_MARK"
"""In the environment of each of a server's processes: by it those are found that outlived all who watch."""
LOOK_SECONDS = 0.1
STOP_SECONDS = 15.0


def home() -> Path:
    """Where the servers of this worker are kept; without a worker, of this process."""
    return settings().folder / "servers" / lifeline.name()


def spec_of(folder: Path) -> JSON:
    """What the folder's server was started with; empty where none was."""
    try:
        found: JSON = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def is_kept(folder: Path) -> bool:
    """Whether a keeper runs for it."""
    if not folder.is_dir():
        return False
    free = _keeper.lock(folder / "keeper")
    if free is not None:
        free.close()
    return free is None


def stop(folder: Path) -> None:
    """End a server, and wait until it has ended."""
    (folder / "stop").touch()
    until = time.monotonic() + STOP_SECONDS
    while is_kept(folder) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)


def free_gpus() -> None:
    """End the worker's servers on a GPU that nobody uses: they hold most of its memory, which a training needs."""
    for folder in home().glob("*/"):
        is_on_gpu = (folder / "device").is_file() and (folder / "device").read_text(encoding="utf-8") == "gpu"
        if is_on_gpu and (free := _keeper.lock(folder / "lease")) is not None:
            with free:
                stop(folder)


def make_room(folder: Path) -> None:
    """End the worker's servers of other models that nobody uses, and whatever dead workers of this machine left."""
    for other in folder.parent.iterdir():
        if other != folder and other.is_dir() and (free := _keeper.lock(other / "lease")) is not None:
            with free:
                stop(other)
    host = f"{socket.gethostname()}-"
    left = [one for place in home().parent.iterdir() if place.name.startswith(host) for one in place.iterdir()]
    marks = {_mark(one): one for one in left if one.is_dir() and one != folder and not _is_used(one)}
    marks |= {_mark(folder): folder}
    for process in _marked({mark for mark in marks if mark}):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)
    for gone in marks.values():
        if gone != folder:
            shutil.rmtree(gone, ignore_errors=True)
            with suppress(OSError):
                if not [one for one in gone.parent.iterdir() if one.name != "starting"]:
                    shutil.rmtree(gone.parent, ignore_errors=True)


def _is_used(folder: Path) -> bool:
    if is_kept(folder):
        return True
    free = _keeper.lock(folder / "lease")
    if free is not None:
        free.close()
    return free is None


def _mark(folder: Path) -> str:
    return str(spec_of(folder).get("environment", {}).get(MARK, ""))


def _marked(marks: set[str]) -> Iterator[int]:
    """Processes of this machine whose environment has one of the marks."""
    wanted = [f"{MARK}={mark}".encode() for mark in marks]
    for place in Path("/proc").glob("[0-9]*/environ") if wanted else ():
        with suppress(OSError):
            if set(place.read_bytes().split(b"\0")) & set(wanted):
                yield int(place.parent.name)
