"""The tar of a backup: first the database, then files, last a manifest with the size and SHA-256 of each.

What a file says of itself is not believed: each name is looked at before it is written, and the manifest has to be
about what was found.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from backend import __version__
from backend.db import now
from backend.errors import Conflict, InvalidInput
from backend.services.operations import contents, databases

MANIFEST = "manifest.json"
DATA = "data"
FORMAT = 1
CHUNK = 1024 * 1024
TRIES = 3
MANIFEST_BYTES = 512 * 1024 * 1024

Sums = dict[str, tuple[int, str]]
"""Of each member the size and the SHA-256."""


@dataclass(frozen=True)
class BackupManifest:
    """What the last member says, looked through."""

    database: str
    files: Sums
    left_out: list[str] = field(default_factory=list)


def pack(out: IO[bytes], folder: Path, copy: Path, content: contents.Contents) -> int:
    """Write the tar and return how many members are told of; `copy` lies in a folder for what is in between."""
    sums: Sums = {}
    with tarfile.open(fileobj=out, mode="w") as tar:
        sums[copy.name] = _add(tar, copy, copy.name)
        for within in content.still:
            sums[_member(within)] = _add(tar, folder / within, _member(within))
        for within in content.changing:
            between = copy.with_name("between")
            try:
                is_whole = _copy_whole(folder / within, between)
            except FileNotFoundError:
                continue  # it was deleted, as old exports are
            if not is_whole:
                content.left_out.append(within.as_posix())
                continue
            sums[_member(within)] = _add(tar, between, _member(within))
        text = json.dumps(
            {
                "format": FORMAT,
                "rondo": __version__,
                "made_at": now().isoformat(),
                "database": copy.name,
                "left_out": content.left_out,
                "files": {name: {"bytes": size, "sha256": digest} for name, (size, digest) in sums.items()},
            },
            indent=1,
        ).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode = len(text), 0o600
        tar.addfile(member, io.BytesIO(text))
    return len(sums)


def unpack(source: Path, target: Path) -> BackupManifest:
    """Write the members below the folder and return the manifest; raises `InvalidInput` for what is not whole."""
    if not source.is_file():
        raise InvalidInput(f"There is no file {source}. Check its name.")
    sums: Sums = {}
    text = None
    try:
        with tarfile.open(source, mode="r:") as tar:
            for member in tar:
                if text is not None or member.name in sums or not _is_member(member):
                    raise InvalidInput(f"{source} holds {member.name!r}, which no backup of Rondo does.")
                if member.name == MANIFEST:
                    text = _open(tar, member).read(MANIFEST_BYTES)
                else:
                    sums[member.name] = _take(_open(tar, member), target / member.name)
        if text is None:
            raise ValueError("no manifest")
        listing = json.loads(text)
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        raise InvalidInput(f"{source} holds {error.filename} as a file and as a folder. Choose another.") from error
    except (tarfile.TarError, EOFError, ValueError, RecursionError) as error:
        advice = "It is not one of `rondo db backup`, or was broken off. Choose another."
        raise InvalidInput(f"{source} is no whole backup ({type(error).__name__}: {error}). {advice}") from error
    manifest = _read(source, listing)
    names = manifest.files.keys() | sums.keys()
    if wrong := sorted(name for name in names if manifest.files.get(name) != sums.get(name)):
        raise InvalidInput(f"{source} is damaged: {', '.join(wrong[:3])} differ from its manifest. Choose another.")
    return manifest


def within(name: str) -> Path:
    """Where in the data folder a member belongs."""
    return Path(PurePosixPath(name).relative_to(DATA))


def _member(path: Path) -> str:
    return f"{DATA}/{path.as_posix()}"


def _add(tar: tarfile.TarFile, path: Path, name: str) -> tuple[int, str]:
    """Add a file; raises `Conflict` where it changes or goes meanwhile."""
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = before.st_size, 0o600, int(before.st_mtime)
            reader = _Hashing(file)
            try:
                tar.addfile(member, reader)  # type: ignore[arg-type]
            except OSError:
                if os.fstat(file.fileno()).st_size >= before.st_size:
                    raise
            after = os.fstat(file.fileno())
    except FileNotFoundError as error:
        raise Conflict(f"{path} was deleted while it was to be copied. Try again.") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Conflict(f"{path} was changed while it was copied. Try again.")
    return before.st_size, reader.digest.hexdigest()


def _copy_whole(path: Path, between: Path) -> bool:
    """Copy a file that may be written just now; whether it held still for once."""
    for _ in range(TRIES):
        with path.open("rb") as file, between.open("wb") as out:
            before = os.fstat(file.fileno())
            shutil.copyfileobj(file, out, CHUNK)
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            return True
    return False


class _Hashing:
    """A file that is summed up while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _is_member(member: tarfile.TarInfo) -> bool:
    """Whether a backup may hold such a member: a file that lies where Rondo would have put it."""
    if not member.isreg() or "\0" in member.name:
        return False
    if member.name in (MANIFEST, databases.SQLITE, databases.POSTGRES):
        return True
    path = PurePosixPath(member.name)
    is_plain = path.as_posix() == member.name and path.parts[:1] == (DATA,)
    return is_plain and contents.may_hold(PurePosixPath(*path.parts[1:]))


def _open(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(member)
    assert file is not None
    return file


def _take(file: IO[bytes], path: Path) -> tuple[int, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as out:
        while piece := file.read(CHUNK):
            digest.update(piece)
            size += out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return size, digest.hexdigest()


def _read(source: Path, told: Any) -> BackupManifest:
    """The manifest, where it has the shape that it is written in."""
    problem = f"{source} has a manifest that Rondo does not write"
    if not isinstance(told, dict):
        raise InvalidInput(f"{problem}: it is no object. Choose another.")
    if told.get("format") != FORMAT:
        raise InvalidInput(f"{source} has format {told.get('format')!r}; this Rondo reads {FORMAT}. Update Rondo.")
    database, files, left_out = told.get("database"), told.get("files"), told.get("left_out")
    if database not in (databases.SQLITE, databases.POSTGRES):
        raise InvalidInput(f"{problem}: its database is {database!r}. Choose another.")
    if not isinstance(files, dict) or database not in files:
        raise InvalidInput(f"{problem}: it does not list {database}. Choose another.")
    if not isinstance(left_out, list) or not all(isinstance(member, str) for member in left_out):
        raise InvalidInput(f"{problem}: left_out is no list of names. Choose another.")
    sums: Sums = {}
    for name, entry in files.items():
        size, digest = (entry.get("bytes"), entry.get("sha256")) if isinstance(entry, dict) else (None, None)
        if type(size) is not int or not isinstance(digest, str):
            raise InvalidInput(f"{problem}: {name} has no size and SHA-256. Choose another.")
        if name != database and not name.startswith(f"{DATA}/"):
            raise InvalidInput(f"{problem}: {name} belongs nowhere. Choose another.")
        sums[name] = size, digest
    return BackupManifest(database, sums, left_out)
