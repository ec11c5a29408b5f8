"""What a name of the shared files stands for: a list of files with their hashes."""

import hashlib
import os
from datetime import datetime
from pathlib import Path, PurePosixPath

from pydantic import BaseModel

from backend.errors import InvalidInput
from backend.whole_files import PART

FORMAT = 1


class StoredFile(BaseModel):
    """One file."""

    sha256: str
    num_bytes: int


class FileList(BaseModel):
    """What a name stands for: files below a folder, or one file whose name is empty."""

    format: int = FORMAT
    name: str
    written_at: datetime
    files: dict[str, StoredFile]

    @property
    def num_bytes(self) -> int:
        return sum(entry.num_bytes for entry in self.files.values())


def entries_of(source: Path) -> dict[str, StoredFile]:
    """A file, or all files below a folder, with their hashes."""
    return {within: _entry(path) for within, path in files_of(source).items()}


def is_same(file_list: FileList, place: Path) -> bool:
    """Whether all files of a list lie at a place as they are in it; sizes are compared before any hash."""
    paths = {place / within if within else place: entry for within, entry in file_list.files.items()}
    if any(not path.is_file() or path.stat().st_size != entry.num_bytes for path, entry in paths.items()):
        return False
    return all(_entry(path) == entry for path, entry in paths.items())


def files_of(source: Path) -> dict[str, Path]:
    """The files of a folder by their paths in it; a file's is empty. Raises `InvalidInput` where there is none."""
    if source.is_file():
        return {"": source}
    paths = sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith(PART))
    if not paths:
        raise InvalidInput(f"There is no file in {source}, so nothing of it is shared. Check the path.")
    return {path.relative_to(source).as_posix(): path for path in paths}


def check_name(name: str) -> None:
    """Raise `InvalidInput` for what is no path below a folder."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or path.as_posix() != name or "\0" in name or "\\" in name:
        raise InvalidInput(f"{name!r} is no path below the data folder. Give one such as checkpoints/round-1-ab/final.")


def _entry(path: Path) -> StoredFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return StoredFile(sha256=sha256, num_bytes=os.fstat(file.fileno()).st_size)
