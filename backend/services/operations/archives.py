"""A copy of a whole installation in one file, made while everything runs, and put back whole or not at all.

`members` says how the file is made, `contents` what is in it; datasets are rows.
"""

import errno
import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from backend import in_use
from backend.config import settings
from backend.db import dispose, now
from backend.errors import Conflict, InvalidInput, MissingPrerequisite
from backend.services import installation
from backend.services.operations import contents, databases, members, replacing, sharing
from backend.services.projects import deletion


@dataclass(frozen=True)
class Archive:
    """What was written or read: where it is, how many files, and what it could not have."""

    path: Path
    num_files: int
    num_bytes: int
    left_out: list[str] = field(default_factory=list)
    """Locations of checkpoints that lie outside the data folder, or nowhere."""
    shared: list[str] = field(default_factory=list)
    """Those of them that the shared files have."""


def newest() -> Path | None:
    """The newest backup in the data folder's own place for them."""
    backups = [path for path in (settings().folder / "backups").glob("rondo-*") if path.suffix != ".part"]
    return max(backups, key=lambda path: path.stat().st_mtime, default=None)


def write(target: Path | None = None) -> Archive:
    """Copy the installation to a file while it runs. Raises `Conflict` where the file exists."""
    folder = installation.check_folder()
    in_use.hold(folder)
    if target is None:
        target = folder / "backups" / f"rondo-{now():%Y%m%d-%H%M%S}.tar"
    if target.exists():
        raise Conflict(f"{target} exists already. Choose another file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".part-{target.name}")
    part.unlink(missing_ok=True)
    sharing.bring_archives()
    try:
        # Alone: a round that is archived or restored meanwhile would be in neither the copy's rows nor its files.
        with deletion.alone(), tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as beside:
            # The database first: a checkpoint that its rows name was whole when they were written.
            if databases.name() == databases.SQLITE:
                copy = installation.backup(Path(beside) / databases.SQLITE)
                named = contents.named_by_copy(copy)
            else:  # no reading of a dump: its rows are those before it, and those that came meanwhile
                named = contents.named_by_rows()
                copy = installation.backup(Path(beside) / databases.POSTGRES)
                named += contents.named_by_rows()
            content = contents.find(folder, named)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                num_files = members.pack(out, folder, copy, content)
                out.flush()
                os.fsync(out.fileno())
        part.rename(target)
        in_use.sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)
    shared = sharing.at_address(content.left_out)
    return Archive(target, num_files, target.stat().st_size, content.left_out, shared)


def restore(source: Path) -> Archive:
    """Put an installation back from a file, in place of what is here, which is set aside and named.

    Nothing is changed before all of the file was read and found whole. Raises `Conflict` where Rondo runs or a
    PostgreSQL database is not empty, `InvalidInput` for a file that is no backup, is broken or newer than this Rondo.
    """
    folder = installation.check_folder()
    dispose()
    with in_use.alone(folder), ExitStack() as held:
        databases.refuse_running(folder, held)
        databases.require_room()
        for left in folder.glob(".restore-*"):  # of one that was broken off
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        _require_disk(folder, source)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder) as beside:
            unpacked = Path(beside)
            manifest = members.unpack(source, unpacked)
            databases.check(unpacked / manifest.database)
            _put_back(source, unpacked, manifest, folder)
        dispose()
        installation.untie_folder()
        installation.prepare()
    left_out = list(manifest.left_out)
    return Archive(source, len(manifest.files), source.stat().st_size, left_out, sharing.at_address(left_out))


def _require_disk(folder: Path, source: Path) -> None:
    if not source.is_file():
        raise InvalidInput(f"There is no file {source}. Check its name.")
    free = shutil.disk_usage(folder).free
    if free < source.stat().st_size:
        problem = f"The disk of {folder} has {free // 1024**2} MB free, and the backup takes"
        raise MissingPrerequisite(f"{problem} {source.stat().st_size // 1024**2}. Free space and retry.")


def _put_back(source: Path, unpacked: Path, manifest: members.BackupManifest, folder: Path) -> None:
    """Files first, the database last; what goes wrong before the end, Ctrl-C too, is taken back."""
    aside, acts = folder / replacing.free_name(folder), replacing.UndoLog()
    copy, was_whole = unpacked / manifest.database, in_use.is_whole(folder)
    if was_whole:
        in_use.note_restore(folder, source)
    try:
        for name in contents.BY_NUMBER:
            if (folder / name).exists():
                replacing.set_aside(folder / name, aside / name, acts)
        for member, (_, sha256) in manifest.files.items():
            if member != manifest.database:
                within = members.within(member)
                replacing.put(unpacked / member, folder / within, aside / within, sha256, acts)
        databases.put_back(copy, aside, acts)
    except OSError as error:
        raise _failed(folder, error) from error
    finally:  # Ctrl-C may come after the last step as well
        if databases.was_put_back(copy):
            in_use.note_whole(folder)
        else:
            acts.take_back()
            replacing.forget_empty(aside)
            if was_whole:
                in_use.note_whole(folder)


def _failed(folder: Path, error: OSError) -> MissingPrerequisite:
    reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else str(error)
    return MissingPrerequisite(f"{folder} is as it was: {reason}. Correct that, then restore again.")
