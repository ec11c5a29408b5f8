"""What a backup holds of the data folder: what the rows name, and what else cannot be made again."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from backend import in_use
from backend.config import settings
from backend.db import reading, tables
from backend.embeddings import vectors
from backend.engines import _weights
from backend.errors import InvalidInput, MissingPrerequisite
from backend.files import database_files
from backend.services import archived, installation
from backend.services.projects import deletion
from backend.services.unfinished import import_lock

KEY = "secret.key"
CHANGING = (archived.FOLDER, "exports", "reports")
"""Folders whose files come and go while Rondo runs. A backup takes those that are there."""
BY_NUMBER = (*CHANGING, "jobs", vectors.FOLDER)
"""Folders whose files are named by numbers that are given again after a restore: none may stay from before."""
NEVER = ("executors", "backups", deletion.LOCK, import_lock.LOCK, in_use.LOCK, in_use.NOTE, installation.OF_DATABASE)
PASSING = (".part-", ".backup-", ".restore-", "replaced-", ".replaced-")
"""How names begin of what is being written, or was set aside."""

Named = list[tuple[str, dict[str, Any]]]
"""Of each checkpoint its location and its engine."""


@dataclass
class Contents:
    """The files to copy, as paths below the data folder."""

    still: list[Path] = field(default_factory=list)
    """Checkpoints and the key. One that changes meanwhile is an error."""
    changing: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """What the rows name and is not in the data folder, or not there at all."""


def may_hold(within: PurePath) -> bool:
    """Whether a backup may hold this path below the data folder: none of the database, the locks or other backups."""
    if not within.parts or within.is_absolute() or ".." in within.parts or within.parts[0] in NEVER:
        return False
    if any(part.startswith(PASSING) for part in within.parts):
        return False
    return settings().folder / within not in {Path(os.path.abspath(path)) for path in database_files()}


def find(folder: Path, named: Sequence[tuple[str, dict[str, Any]]]) -> Contents:
    """What to copy for checkpoints that are so named."""
    contents = Contents()
    still: set[Path] = set()
    for location in locations(named):
        place = Path(os.path.normpath(folder / _path(location)))
        if place.exists() and place.is_relative_to(folder) and place.resolve().is_relative_to(folder):
            still.update(_below(folder, place, contents.left_out))
        elif place.exists() or is_path(location):
            contents.left_out.append(location)
    key = folder / KEY
    contents.still = sorted(still | ({Path(KEY)} if key.is_file() else set()))
    for name in CHANGING:
        contents.changing += sorted(_below(folder, folder / name, contents.left_out))
    return contents


def locations(named: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    """The folders and names of models that checkpoints name, in order."""
    wanted: set[str] = set()
    for location, engine in named:
        if engine.get("base_url"):
            continue  # an endpoint: its model is a name
        wanted |= {location} if location else set()
        wanted |= {value for value in (engine.get("model"), engine.get("adapter")) if isinstance(value, str) and value}
    return sorted(wanted)


def named_by_copy(copy: Path) -> Named:
    """The checkpoints that a copy of a SQLite database names; raises `MissingPrerequisite` where it is not Rondo's."""
    try:
        with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT location, engine FROM checkpoints").fetchall()
    except sqlite3.Error as error:
        raise _no_tables() from error
    return [(location, json.loads(engine or "{}")) for location, engine in rows]


def named_by_rows() -> Named:
    """The same of the database as it is now."""
    try:
        with reading() as db:
            rows = db.execute(select(tables.Checkpoint.location, tables.Checkpoint.engine)).all()
    except SQLAlchemyError as error:
        raise _no_tables() from error
    return [(location, engine or {}) for location, engine in rows]


def _no_tables() -> MissingPrerequisite:
    return MissingPrerequisite("The database has no tables of Rondo's yet. Start Rondo once: `rondo up`.")


def _path(location: str) -> Path:
    try:
        return _weights.expanded(location)
    except InvalidInput:
        return Path(location)


def is_path(location: str) -> bool:
    """Whether a location can only be a folder, there or not: no name of a model hub, no address."""
    if "://" in location:
        return False
    return location.startswith("checkpoints/") or not _weights.HUB_NAME.fullmatch(location)


def _below(folder: Path, place: Path, left_out: list[str]) -> Iterator[Path]:
    """The files of a place, by the names that they have there. Links are followed that end in the data folder."""
    if place.is_file():
        if may_hold(within := place.relative_to(folder)):
            yield within
        return
    homes = folder, place.resolve()  # a folder that was put on another disk, such as exports/, is ours as well

    def is_ours(path: Path) -> bool:
        return any(path.resolve().is_relative_to(home) for home in homes)

    for base, names, files in os.walk(place, followlinks=True):
        for name in list(names):
            path = Path(base, name)
            if path.is_symlink() and not is_ours(path):
                left_out.append(str(path))
                names.remove(name)
            elif not may_hold(path.relative_to(folder)) or (path.is_symlink() and _leads_up(path)):
                names.remove(name)
        for name in files:
            path = Path(base, name)
            if not may_hold(within := path.relative_to(folder)):
                continue
            if path.is_symlink() and not (path.is_file() and is_ours(path)):
                left_out.append(str(path))
            elif path.is_file():
                yield within


def _leads_up(link: Path) -> bool:
    """Whether a link leads to a folder that it lies in, which would have no end."""
    return os.path.realpath(link) in {os.path.realpath(parent) for parent in link.parents}
