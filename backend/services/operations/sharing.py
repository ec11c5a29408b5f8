"""The shared files as an owner sees them: what is shared, and putting there what only this machine has."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from backend import shared_files
from backend.config import settings
from backend.db import reading, tables
from backend.engines import _weights
from backend.errors import InvalidInput, MissingPrerequisite, RondoError
from backend.services import archived, installation
from backend.services.access import Actor, require_owner
from backend.services.operations import contents
from backend.services.round_archive import files as archive_files
from backend.shared_files import FileStore

log = logging.getLogger("rondo.services")


@dataclass(frozen=True)
class Sent:
    """What lies in this data folder, by its path there, and whether it is what is shared under its name now."""

    name: str
    is_shared: bool


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


def share_all(actor: Actor, *, anew: bool = False, replace: Collection[str] = ()) -> Iterator[Sent]:
    """Share the checkpoints and archives that rows name and that lie in this data folder; yields each.

    Where something else is shared under a name, that stays, unless the name is among those to `replace`; of a round's
    archives the one counts that the round says. anew: send what is shared already, too. Raises as `list_all`,
    `Conflict` where the files at the address, or in the data folder, are another database's, and `InvalidInput` for a
    name to replace that is none here.
    """
    with reading() as db:
        require_owner(db, actor)
    _store()
    installation.require_own_folder()
    installation.tie_files()
    manifests = {archived.place(round_id): sha256 for round_id, sha256 in _archives().items()}
    here = {str(place.relative_to(settings().folder)): place for place in named() if place.exists()}
    if unknown := sorted({*replace} - {*here}):
        raise InvalidInput(f"{unknown[0]} is no checkpoint or archive in this data folder. Give a name as listed.")
    for name, place in here.items():
        if place in manifests:
            is_ours = manifests[place] is not None and archive_files.hash_of(place) == manifests[place]
        else:
            is_ours = name in replace or not shared_files.differs(place)
        if is_ours:
            shared_files.share(place, anew=anew)
        yield Sent(name, is_ours)


def missing(actor: Actor) -> list[str]:
    """What rows name below the data folder that is neither here nor shared."""
    with reading() as db:
        require_owner(db, actor)
    known = {*_store().names()}
    names = (shared_files.name_of(place) for place in named() if not place.exists())
    return [name for name in names if name is not None and name not in known]


def bring_archives() -> None:
    """Have the archives of rounds on this machine: a backup takes them."""
    for round_id, sha256 in _archives().items():
        archive_files.bring(archived.place(round_id), sha256)


def at_address(locations: list[str]) -> list[str]:
    """Those of some locations of checkpoints that are shared; none where that cannot be asked now."""
    files = shared_files.store()
    if files is None:
        return []
    names = {location: shared_files.name_of(settings().folder / location) for location in locations}
    try:
        return [location for location, name in names.items() if name is not None and files.find(name) is not None]
    except RondoError as error:
        log.warning("What of it is shared could not be asked: %s", error.message)
        return []


def named() -> list[Path]:
    """The folders below the data folder that checkpoints and archived rounds name, whether they are there or not."""
    wanted = contents.locations(contents.named_by_rows())
    paths = [location for location in wanted if "://" not in location and _weights.may_be_folder(location)]
    places = [settings().folder / location for location in paths]
    places += [archived.place(round_id) for round_id in _archives()]
    return sorted({place for place in places if shared_files.name_of(place) is not None})


def _archives() -> dict[int, str | None]:
    """The rounds whose rows lie in an archive, and the hash of its manifest, once it is written."""
    round_ = tables.Round
    with reading() as db:
        query = select(round_.id, round_.archive).where(round_.archived_at.is_not(None)).order_by(round_.id)
        return {round_id: (archive or {}).get("sha256") for round_id, archive in db.execute(query)}


def _store() -> FileStore:
    files = shared_files.store()
    if files is None:
        raise MissingPrerequisite(
            "No files are shared. Set RONDO_FILES_URL to a folder or an address that all machines reach."
        )
    return files
