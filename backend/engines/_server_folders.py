"""The folders of a worker's model servers: whether one is kept, how it is ended, what dead ones have left.

A folder for each worker, and in it one for each server. They lie in this machine's folder for temporary files, not in
the data folder, which other machines may share and of which there are backups: locks and processes are a machine's own.
"""

import hashlib
import json
import os
import shutil
import signal
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from backend import lifeline
from backend.config import settings
from backend.engines import _keeper
from backend.errors import MissingPrerequisite
from backend.values import JSON

MARK = "RONDO_SERVER_MARK"
"""In the environment of each of a server's processes: by it those are found that outlived all who watch."""
LOOK_SECONDS = 0.1
STOP_SECONDS = 30.0


def home() -> Path:
    """Where the servers of this worker are kept; without a worker, of this process."""
    of_data = hashlib.blake2b(str(settings().folder.resolve()).encode(), digest_size=8).hexdigest()
    return _root() / of_data / lifeline.name()


def _root() -> Path:
    return Path(tempfile.gettempdir()) / f"rondo-{os.getuid()}"


def make_home() -> None:
    """Make the folders, which nobody else may read; raises `MissingPrerequisite` where somebody else made the first."""
    root = _root()
    root.mkdir(mode=0o700, exist_ok=True)
    status = root.lstat()
    if not root.is_dir() or root.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise MissingPrerequisite(
            f"{root}, where model servers are kept, is no folder that only this account can read. Remove it, or set "
            "TMPDIR to another folder."
        )
    home().mkdir(parents=True, exist_ok=True)


def spec_of(folder: Path) -> JSON:
    """What the folder's server was started with; empty where none was, or it has ended."""
    try:
        spec: JSON = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return spec


def is_kept(folder: Path) -> bool:
    """Whether a keeper runs for it."""
    try:
        free = _keeper.lock(folder / "keeper")
    except (FileNotFoundError, NotADirectoryError):
        return False
    if free is not None:
        free.close()
    return free is None


def stop(folder: Path) -> None:
    """End a server, and wait until all its processes have ended."""
    with suppress(FileNotFoundError):
        (folder / "stop").touch()
    until = time.monotonic() + STOP_SECONDS
    while is_kept(folder) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)


def free_gpus() -> None:
    """End the worker's servers on a GPU that nobody uses: they hold most of its memory, which others need."""
    for folder in home().glob("*/"):
        is_on_gpu = (folder / "device").is_file() and (folder / "device").read_text(encoding="utf-8") == "gpu"
        if is_on_gpu and (free := _unused(folder)) is not None:
            with free:
                stop(folder)


def make_room(folder: Path) -> None:
    """End the worker's servers of other models that nobody uses, and whatever dead ones of this machine left.

    Whoever calls holds the worker's lock on starts. Of another worker a folder is removed only while that worker
    neither starts a server nor has one there: both locks are held from the look to the removal.
    """
    own = home()
    with ExitStack() as held:
        gone = []
        for other in _folders(own):
            if other != folder and (free := _unused(other)) is not None:
                held.enter_context(free)
                stop(other)
                gone += [] if is_kept(other) else [other]
        places = []
        for place in _folders(own.parent):
            if place == own or (starting := _locked(place / "starting")) is None:
                continue
            held.enter_context(starting)
            places.append(place)
            for other in _folders(place):
                if (free := _unused(other)) is not None:
                    held.enter_context(free)
                    gone += [] if is_kept(other) else [other]
        _end({str(spec_of(gone_folder).get("mark", "")) for gone_folder in (*gone, folder)} - {""})
        for gone_folder in gone:
            shutil.rmtree(gone_folder, ignore_errors=True)
        for place in places:
            if not _folders(place):
                shutil.rmtree(place, ignore_errors=True)


def _folders(place: Path) -> list[Path]:
    """The folders in it; none where it was removed meanwhile."""
    try:
        return sorted(path for path in place.iterdir() if path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _unused(folder: Path) -> IO[bytes] | None:
    """The lock of those who use its server, held alone; None where somebody does, or the folder is gone."""
    return _locked(folder / "users")


def _locked(path: Path) -> IO[bytes] | None:
    with suppress(FileNotFoundError, NotADirectoryError):
        return _keeper.lock(path)
    return None


def _end(marks: set[str]) -> None:
    """Kill the processes that have one of the marks, and wait until they have ended."""
    until = time.monotonic() + STOP_SECONDS
    while (left := _marked(marks)) and time.monotonic() < until:
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)


def _marked(marks: set[str]) -> list[int]:
    """Processes of this machine whose environment has one of the marks; a zombie's is empty."""
    wanted, process_ids = {f"{MARK}={mark}".encode() for mark in marks}, []
    for place in Path("/proc").glob("[0-9]*/environ") if wanted else ():
        with suppress(OSError):
            if set(place.read_bytes().split(b"\0")) & wanted:
                process_ids.append(int(place.parent.name))
    return process_ids
