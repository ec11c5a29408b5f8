"""Files of the data folder that every machine of an installation reaches, at the address `RONDO_FILES_URL`.

A shared file has the name of its path below the data folder, which is also where it is read from: whoever needs one
that is not there has it fetched, checked and whole. Without an address nothing is shared, and all machines need one
data folder.
"""

import logging
import shutil
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from backend.config import settings
from backend.errors import RondoError
from backend.shared_files import fetched
from backend.shared_files.fetched import hold_from_now
from backend.shared_files.lists import FileList, entries_of, is_same
from backend.shared_files.store import FileStore

__all__ = [
    "FileList",
    "FileStore",
    "bring",
    "bring_wanted",
    "differs",
    "forget",
    "forget_like",
    "hold_from_now",
    "may_have",
    "name_of",
    "share",
    "share_first",
    "store",
]

log = logging.getLogger("rondo.files")

MADE_ONCE = "checkpoints/"
"""What lies there is never changed: what another machine shared under the same name counts, not what lies here."""
REPLACED = ".replaced-"
"""How the name begins of what was set aside for it. No backup takes it."""


def store() -> FileStore | None:
    """What lies at the address; None where none is set. Raises `InvalidInput` and `MissingPrerequisite` as it does."""
    url = settings().files_url
    return _at(url) if url else None


@lru_cache(maxsize=2)
def _at(url: str) -> FileStore:
    return FileStore(url)


def name_of(place: Path) -> str | None:
    """The name that a path goes by; None where it does not lie below the data folder."""
    folder = settings().folder
    if place == folder or not place.is_relative_to(folder) or ".." in place.parts:
        return None
    name = place.relative_to(folder).as_posix()
    return None if "\\" in name or "\0" in name else name


def share(place: Path, source: Path | None = None, *, anew: bool = False) -> int:
    """Put a file or folder of the data folder at the address; return its bytes, 0 where nothing is shared.

    What its name stood for there is replaced. source: where its files lie until they have that name. anew: send what
    is there already, too.
    """
    files, name = store(), name_of(place)
    if files is None or name is None:
        return 0
    num_bytes = files.put(name, source or place, anew=anew).num_bytes
    if source is None:
        _note_same(name, place)
    return num_bytes


def share_first(place: Path) -> None:
    """Share what was made here, unless another machine shared something under its name before: then have that here."""
    files, name = store(), name_of(place)
    if files is None or name is None:
        return
    entries = entries_of(place)
    if files.put(name, place, replaces=False, entries=entries).files == entries:
        _note_same(name, place)
    else:
        _replace(files, name, place)


def differs(place: Path) -> bool:
    """Whether something else than what lies here is shared under its name."""
    files, name = store(), name_of(place)
    file_list = files.find(name) if files is not None and name is not None else None
    return file_list is not None and file_list.files != entries_of(place)


def bring(place: Path) -> bool:
    """Have a file or folder of the data folder on this machine, fetched where it is shared; whether it is here.

    A checkpoint that lies here and is not what is shared under its name is set aside: its training died before it was
    shared, and another machine's is the one that counts.
    """
    name = name_of(place)
    if name is None:
        return place.exists()
    fetched.touch(place)  # before a look at it: who deletes it just now is waited for
    files = store()
    if not place.exists():
        return files is not None and _fetch(files, name, place)
    if files is not None and name.startswith(MADE_ONCE) and not fetched.is_same(place):
        _compare(files, name, place)
    return True


def bring_wanted(place: Path, within: str, sha256: str) -> bool:
    """As `bring`, where a file of a folder has to have a hash: another folder that lies here goes, if that one is
    shared."""
    files, name = store(), name_of(place)
    if files is not None and name is not None and place.exists():
        file_list = files.find(name)
        entry = file_list.files.get(within) if file_list is not None else None
        if entry is not None and entry.sha256 == sha256:
            shutil.rmtree(_replace(files, name, place), ignore_errors=True)
    return bring(place)


def _compare(files: FileStore, name: str, place: Path) -> None:
    try:
        file_list = files.find(name)
    except RondoError as error:
        log.warning("Whether %s is what is shared could not be looked at: %s", name, error.message)
        return
    if file_list is None:
        return
    if is_same(file_list, place):
        _note_same(name, place)
    else:
        _replace(files, name, place)


def _note_same(name: str, place: Path) -> None:
    if name.startswith(MADE_ONCE):
        fetched.note_same(place)


def _replace(files: FileStore, name: str, place: Path) -> Path:
    """Fetch what is shared, and only then set aside what lies there; return where that is."""
    aside = place.with_name(f"{REPLACED}{place.name[:60]}-{uuid.uuid4().hex[:8]}")
    _fetch(files, name, place, aside)
    log.warning(
        "What was in %s is not what is shared under that name. It lies in %s, and nothing uses it.", name, aside
    )
    return aside


def _fetch(files: FileStore, name: str, place: Path, aside: Path | None = None) -> bool:
    with fetched.fetching(place):
        if aside is None and place.exists():
            fetched.touch(place)
            return True
        file_list = files.get(name, place, aside=aside)
        if file_list is None:
            return False
        fetched.note(place, file_list.num_bytes)
        _note_same(name, place)
    fetched.forget_oldest(lambda other: files.find(other) is not None)
    return True


def may_have(place: Path) -> bool:
    """Whether a file or folder of the data folder is not on this machine and may be shared; asks nobody."""
    return store() is not None and name_of(place) is not None and not place.exists()


def forget(place: Path) -> None:
    """Share it no more; what this machine has of it stays."""
    files, name = store(), name_of(place)
    if files is not None and name is not None:
        files.delete(name)
        with suppress(OSError):
            fetched.drop(place)


def forget_like(patterns: Iterable[str], but: Callable[[Path], bool] = lambda _: False) -> None:
    """Share nothing more whose path, or that of a folder above it, is like one of these. but: whether a path stays."""
    files, wanted = store(), list(patterns)
    if files is None:
        return
    for name in files.names():
        path = Path(name)
        above = [entry.as_posix() for entry in (path, *path.parents) if entry.name]
        is_like = any(fnmatchcase(word, pattern) for word in above for pattern in wanted)
        if is_like and not but(settings().folder / path):
            files.delete(name)
