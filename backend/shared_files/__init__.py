"""Files of the data folder that every machine of an installation reaches, at the address `RONDO_FILES_URL`.

A shared file has the name of its path below the data folder, which is also where it is read from: whoever needs one
that is not there has it fetched, checked and whole. Without an address nothing is shared, and all machines need one
data folder.
"""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from backend.config import settings
from backend.shared_files import fetched
from backend.shared_files.store import FileList, FileStore

__all__ = ["FileList", "FileStore", "bring", "forget", "forget_like", "may_have", "name_of", "share", "store"]


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
    return place.relative_to(folder).as_posix()


def share(place: Path, source: Path | None = None, *, anew: bool = False) -> int:
    """Put a file or folder of the data folder at the address; return its bytes, 0 where nothing is shared.

    source: where its files lie until they have that name. anew: send what is there already, too.
    """
    files, name = store(), name_of(place)
    if files is None or name is None:
        return 0
    return files.put(name, source or place, anew=anew).num_bytes


def bring(place: Path) -> bool:
    """Have a file or folder of the data folder on this machine, fetched where it is shared; whether it is here."""
    name = name_of(place)
    if place.exists():
        if name is not None:
            fetched.touch(place)
        return True
    files = store()
    if files is None or name is None:
        return False
    file_list = files.get(name, place)
    if file_list is None:
        return False
    fetched.note(place, file_list.num_bytes)
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
