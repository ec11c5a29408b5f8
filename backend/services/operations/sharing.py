"""The shared files as an owner sees them: what is shared, and putting there what only this machine has."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from backend import shared_files
from backend.config import settings
from backend.db import reading, tables
from backend.errors import MissingPrerequisite
from backend.services import archived, installation
from backend.services.access import Actor, require_owner
from backend.services.operations import contents
from backend.shared_files import FileStore


@dataclass(frozen=True)
class SharedFile:
    """A file or folder at the address of the shared files, by its path below the data folder."""

    name: str
    num_files: int
    num_bytes: int
    written_at: datetime


def address() -> str:
    """The address, as it may be shown; empty where none is set."""
    files = shared_files.store()
    return files.url if files is not None else ""


def list_all(actor: Actor) -> list[SharedFile]:
    """All that is shared, for owners. Raises `MissingPrerequisite` where no address is set or it is not reached."""
    with reading() as db:
        require_owner(db, actor)
    return [SharedFile(entry.name, len(entry.files), entry.num_bytes, entry.written_at) for entry in _store().lists()]


def share_all(actor: Actor, *, anew: bool = False) -> Iterator[str]:
    """Share the checkpoints and archives that rows name and that lie in this data folder; yields each path.

    anew: send what is shared already, too. Raises as `list_all`, and `Conflict` where the files at the address,
    or in the data folder, are another database's.
    """
    with reading() as db:
        require_owner(db, actor)
    _store()
    installation.require_own_folder()
    installation.tie_files()
    for place in named():
        if place.exists():
            shared_files.share(place, anew=anew)
            yield str(place.relative_to(settings().folder))


def missing(actor: Actor) -> list[str]:
    """What rows name below the data folder that is neither here nor shared."""
    with reading() as db:
        require_owner(db, actor)
    known = {*_store().names()}
    names = (shared_files.name_of(place) for place in named() if not place.exists())
    return [name for name in names if name is not None and name not in known]


def bring_archives() -> None:
    """Have the archives of rounds on this machine: a backup takes them."""
    with reading() as db:
        round_ids = db.scalars(select(tables.Round.id).where(tables.Round.archived_at.is_not(None))).all()
    for round_id in round_ids:
        shared_files.bring(archived.place(round_id))


def at_address(locations: list[str]) -> list[str]:
    """Those of some locations of checkpoints that are shared."""
    files = shared_files.store()
    if files is None:
        return []
    names = {location: shared_files.name_of(settings().folder / location) for location in locations}
    return [location for location, name in names.items() if name is not None and files.find(name) is not None]


def named() -> list[Path]:
    """The folders below the data folder that checkpoints and archived rounds name, whether they are there or not."""
    wanted = contents.locations(contents.named_by_rows())
    with reading() as db:
        round_ids = db.scalars(select(tables.Round.id).where(tables.Round.archived_at.is_not(None))).all()
    places = [settings().folder / location for location in wanted if contents.is_path(location)]
    places += [archived.place(round_id) for round_id in round_ids]
    return sorted({place for place in places if shared_files.name_of(place) is not None})


def _store() -> FileStore:
    files = shared_files.store()
    if files is None:
        raise MissingPrerequisite(
            "No files are shared. Set RONDO_FILES_URL to a folder or an address that all machines reach."
        )
    return files
