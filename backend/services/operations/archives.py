"""A copy of a whole installation in one file, made while everything runs, and put back whole or not at all.

The file is a tar: first the database, last a manifest with the size and SHA-256 of each member. A file without its
manifest was broken off. Of the data folder it holds what the rows name (checkpoints) and what else cannot be made again
(exports, reports, the key of the sessions); datasets are rows.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sqlalchemy import select

from backend import __version__
from backend.config import settings
from backend.db import dispose, now, reading, tables
from backend.errors import Conflict, InvalidInput
from backend.services import installation
from backend.services.operations import databases

MANIFEST = "manifest.json"
KEPT = ("secret.key", "exports", "reports")
FORMAT = 1
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Archive:
    """What was written or read: where it is, how many files, and which folders it could not have."""

    path: Path
    num_files: int
    num_bytes: int
    left_out: list[str] = field(default_factory=list)
    """Locations of checkpoints that lie outside the data folder, or nowhere."""


def newest() -> Path | None:
    """The newest backup in the data folder's own place for them."""
    found = [path for path in (settings().folder / "backups").glob("rondo-*") if path.suffix != ".part"]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def write(target: Path | None = None) -> Archive:
    """Copy the installation to a file while it runs. Raises `Conflict` where the file exists."""
    folder = installation.check_folder()
    if target is None:
        target = folder / "backups" / f"rondo-{now():%Y%m%d-%H%M%S}.tar"
    if target.exists():
        raise Conflict(f"{target} exists already. Choose another file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as beside:
            # The database first: a checkpoint that its rows name was whole when they were written.
            copy = installation.backup(Path(beside) / databases.name())
            files, left_out = _files(folder)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                members = _pack(out, folder, copy, files, left_out)
                out.flush()
                os.fsync(out.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return Archive(target, len(members), target.stat().st_size, left_out)


def restore(source: Path) -> Archive:
    """Put an installation back from a file, in place of what is here, which is set aside and named.

    Nothing is changed before all of the file was read and found whole. Raises `Conflict` where a worker runs,
    `InvalidInput` for a file that is no backup, is broken or newer than this Rondo.
    """
    folder = installation.check_folder()
    databases.refuse_running(folder)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder) as beside:
        unpacked = Path(beside)
        manifest = _unpack(source, unpacked)
        databases.check(unpacked / manifest["database"])
        dispose()
        databases.refuse_running(folder)
        dispose()
        _put_back(unpacked, manifest, folder)
    dispose()
    installation.prepare()
    return Archive(source, len(manifest["files"]), source.stat().st_size, list(manifest["left_out"]))


def _files(folder: Path) -> tuple[list[Path], list[str]]:
    """What to copy of the data folder; and the places of checkpoints that are not in it."""
    with reading() as db:
        rows = db.execute(select(tables.Checkpoint.location, tables.Checkpoint.engine)).all()
    wanted = {location for location, _ in rows if location}
    for _, engine in rows:
        wanted |= {value for value in (engine.get("model"), engine.get("adapter")) if isinstance(value, str) and value}
    found: set[Path] = set()
    left_out: list[str] = []
    for location in sorted(wanted):
        place = (folder / location).resolve()
        if place.is_dir() and place.is_relative_to(folder):
            found.update(_below(place))
        elif place.is_dir() or Path(location).is_absolute():
            left_out.append(location)
    for name in KEPT:
        found.update(_below(folder / name))
    return sorted(found), left_out


def _below(place: Path) -> Iterator[Path]:
    if place.is_file() and not place.is_symlink():
        yield place
    for path in sorted(place.rglob("*")) if place.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            yield path


def _pack(out: IO[bytes], folder: Path, copy: Path, files: list[Path], left_out: list[str]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, name in [(copy, copy.name), *((one, f"data/{one.relative_to(folder).as_posix()}") for one in files)]:
            members[name] = _add(tar, path, name)
        manifest = {
            "format": FORMAT,
            "rondo": __version__,
            "made_at": now().isoformat(),
            "database": copy.name,
            "left_out": left_out,
            "files": members,
        }
        text = json.dumps(manifest, indent=1).encode()
        told = tarfile.TarInfo(MANIFEST)
        told.size, told.mode = len(text), 0o600
        tar.addfile(told, io.BytesIO(text))
    return members


def _add(tar: tarfile.TarFile, path: Path, name: str) -> dict[str, Any]:
    """Add a file; raises `Conflict` where it changes meanwhile."""
    size = path.stat().st_size
    told = tarfile.TarInfo(name)
    told.size, told.mode, told.mtime = size, 0o600, int(path.stat().st_mtime)
    with path.open("rb") as file:
        reader = _Hashing(file)
        try:
            tar.addfile(told, reader)  # type: ignore[arg-type]
        except OSError as error:
            if path.stat().st_size == size:
                raise
            raise Conflict(f"{path} was changed while it was copied. Try again.") from error
    if path.stat().st_size != size:
        raise Conflict(f"{path} was changed while it was copied. Try again.")
    return {"bytes": size, "sha256": reader.digest.hexdigest()}


class _Hashing:
    """A file that is summed up while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def _unpack(source: Path, target: Path) -> dict[str, Any]:
    """Write the members below the folder and return the manifest; raises `InvalidInput` for what is not whole."""
    if not source.is_file():
        raise InvalidInput(f"There is no file {source}. Check its name.")
    sums: dict[str, tuple[int, str]] = {}
    try:
        with tarfile.open(source, mode="r:") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if not member.isfile() or path.is_absolute() or ".." in path.parts:
                    raise InvalidInput(f"{source} holds {member.name!r}, which no backup of Rondo does.")
                sums[member.name] = _take(tar, member, target / path)
        manifest: dict[str, Any] = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        del sums[MANIFEST]
    except (tarfile.TarError, EOFError, KeyError, FileNotFoundError, ValueError) as error:
        said = "It is not one of `rondo db backup`, or was broken off. Choose another."
        raise InvalidInput(f"{source} is no whole backup ({type(error).__name__}: {error}). {said}") from error
    if manifest.get("format") != FORMAT:
        raise InvalidInput(f"{source} has format {manifest.get('format')}; this Rondo reads {FORMAT}. Update Rondo.")
    wanted = {name: (one["bytes"], one["sha256"]) for name, one in manifest["files"].items()}
    if wrong := sorted(name for name in wanted.keys() | sums.keys() if wanted.get(name) != sums.get(name)):
        raise InvalidInput(f"{source} is damaged: {', '.join(wrong[:3])} differ from its manifest. Choose another.")
    return manifest


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> tuple[int, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = tar.extractfile(member)
    assert file is not None
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as out:
        while piece := file.read(CHUNK):
            digest.update(piece)
            size += out.write(piece)
    return size, digest.hexdigest()


def _put_back(unpacked: Path, manifest: dict[str, Any], folder: Path) -> None:
    """Files first, the database last; what goes wrong before the end is taken back."""
    aside = folder / f"replaced-{now():%Y%m%d-%H%M%S}"
    with ExitStack() as undo:
        for name, told in manifest["files"].items():
            if name != manifest["database"]:
                within = PurePosixPath(name).relative_to("data")
                _place(unpacked / name, folder / within, aside / within, told, undo)
        databases.put_back(unpacked / manifest["database"], aside)
        undo.pop_all()


def _place(path: Path, target: Path, aside: Path, told: dict[str, Any], undo: ExitStack) -> None:
    """Move a file to its place. Another one that is there goes aside; the same one stays."""
    if target.exists():
        with target.open("rb") as file:
            is_same = hashlib.file_digest(file, "sha256").hexdigest() == told["sha256"]
        if is_same:
            return
        aside.parent.mkdir(parents=True, exist_ok=True)
        target.rename(aside)
        undo.callback(aside.rename, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)
    undo.callback(target.rename, path)
