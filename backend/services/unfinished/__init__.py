"""Imports that are written in several transactions: on SQLite nobody else writes during one, so each has to be short.

What is written stands in a hidden project, as a round in the trash does, which nobody has a role in, until one short
transaction moves all of it home. So it is there whole or not at all. What an import leaves that is killed is deleted
by the next one, or by whoever looks after the installation (`clear_left`). PostgreSQL has many writers: there one
transaction writes everything.
"""

import logging
import math
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import deleting, now, reading, session, tables
from backend.errors import Conflict
from backend.services.unfinished import import_lock
from backend.services.unfinished.import_lock import ImportUnderWay, Tell

log = logging.getLogger("rondo.services")

NAME = "import under way "
"""How the names of such projects begin. Hidden projects are named by Rondo alone."""
REST_SECONDS = 0.11
"""Between two transactions: as long as writers of other processes wait between two looks at SQLite's file."""
BUSY_SECONDS = 0.25
"""Small transactions follow one another so long, then others have their turn."""
WAIT_SECONDS = 10.0
"""So long a request or a page waits for another import."""


def in_parts() -> bool:
    """Whether an import writes in several transactions: on SQLite."""
    return settings().url.startswith("sqlite")


@contextmanager
def alone(
    mine: ImportUnderWay | None = None,
    *,
    is_one_transaction: bool = False,
    most_seconds: float = math.inf,
    tell: Tell | None = None,
) -> Iterator[None]:
    """Wait until no other import writes on SQLite, and delete what is left of those that did not end: of killed ones
    first, of this one afterwards. So no transaction may be under way at the end of the block.

    Raises `Conflict` after `most_seconds` of waiting, and where the data folder's file system has no locks. There only
    an import that is one transaction goes on: no other one can be under way but such. On PostgreSQL there is nothing to
    wait for. mine: what others that wait are told of this import; tell: is told for which one it waits.
    """
    if not in_parts():
        yield
        return
    until = time.monotonic() + most_seconds
    with import_lock.held(most_seconds, is_needed=not is_one_transaction, mine=mine, tell=tell) as is_locked:
        if is_locked and not _clear(until):
            raise Conflict("What another import left is being deleted. Import the file again in a minute.")
        try:
            yield
        finally:
            if is_locked:
                _clear()


def clear_left(most_seconds: float = math.inf) -> bool:
    """Delete what imports left that were killed, unless one is under way, which does that itself.

    Returns whether there is nothing more to do: False where `most_seconds` were over before.
    """
    if not in_parts() or not _hidden():
        return True
    try:
        with import_lock.held(0.0):
            return _clear(time.monotonic() + most_seconds)
    except import_lock.Waiting:
        return True


def hide(db: Session, home_id: int) -> int:
    """Make a hidden project for what is to become part of this one; return its id."""
    # As something whose deletion has begun it cannot be brought back from the trash.
    hidden = tables.Project(
        name=f"{NAME}{secrets.token_hex(8)}", trash_of_id=home_id, trashed_at=now(), is_deleting=True
    )
    db.add(hidden)
    db.flush()
    return hidden.id


def is_no_import() -> ColumnElement[bool]:
    """Whether a row of `tables.Project` is no hidden project of an import, in a query."""
    project = tables.Project
    return project.trash_of_id.is_(None) | project.name.not_like(f"{NAME}%")


def is_unfinished(hidden: tables.Project) -> bool:
    """Whether a hidden project holds what an import has not written to its end."""
    return hidden.trash_of_id is not None and hidden.name.startswith(NAME)


def require(db: Session, hidden_id: int) -> None:
    """Raise `Conflict` where the hidden project is gone: the project that it belongs to was deleted."""
    if db.scalar(select(tables.Project.id).where(tables.Project.id == hidden_id)) is None:
        raise Conflict("The project was deleted meanwhile, so nothing was imported.")


def refuse(db: Session, home_id: int) -> None:
    """Raise `Conflict` while an import writes into the project, or what one left is there: its rows refer to each
    other, as a round's do."""
    if hidden_of(db, home_id):
        raise Conflict(
            "An import into this project is under way, or what a killed one left is not deleted yet. Wait until no "
            "import runs, then retry."
        )


def hidden_of(db: Session, home_id: int) -> Sequence[int]:
    """The ids of the hidden projects of imports into this project that are under way, or were killed."""
    project = tables.Project
    query = select(project.id).where(project.trash_of_id == home_id, project.name.startswith(NAME))
    return db.scalars(query).all()


def bring_home(db: Session, hidden_id: int, home_id: int) -> None:
    """Move what was written to its project, which from then on has it, and forget the hidden one."""
    require(db, hidden_id)
    db.flush()
    for table in (tables.Round, tables.PromptSet):
        db.execute(update(table).where(table.project_id == hidden_id).values(project_id=home_id))
    db.execute(delete(tables.Project).where(tables.Project.id == hidden_id))


def rest(since: float) -> None:
    """Let other processes have their turn: wait until `REST_SECONDS` are over since then (`time.monotonic`)."""
    time.sleep(max(0.0, REST_SECONDS - (time.monotonic() - since)))


def _clear(until: float = math.inf) -> bool:
    """Delete all that unfinished imports wrote, in short transactions; for whoever holds the lock.

    Returns False where it was not over at `until` (`time.monotonic`); the rest is there still.
    """
    rested = time.monotonic()
    for _ in _deletions():
        now_ = time.monotonic()
        if now_ >= until:
            return False
        if now_ - rested >= BUSY_SECONDS:
            time.sleep(REST_SECONDS)
            rested = time.monotonic()
    return True


def _deletions() -> Iterator[None]:
    """Yields after each transaction but the last of each import."""
    for hidden_id in _hidden():
        log.info("What an import wrote that did not end is deleted.")
        round_, prompt_set, prompt = tables.Round, tables.PromptSet, tables.Prompt
        with reading() as db:
            rounds = db.scalars(select(round_.id).where(round_.project_id == hidden_id)).all()
            sets = db.scalars(select(prompt_set.id).where(prompt_set.project_id == hidden_id)).all()
        for round_id in rounds:
            yield from deleting.groups(round_id)
        for set_id in sets:
            yield from deleting.rows(prompt, prompt.prompt_set_id == set_id)
        with session() as db:
            for table in (prompt_set, round_):
                db.execute(delete(table).where(table.project_id == hidden_id))
            db.execute(delete(tables.Project).where(tables.Project.id == hidden_id))


def _hidden() -> list[int]:
    """The ids of the hidden projects of imports that have not ended."""
    project = tables.Project
    query = select(project.id).where(project.trash_of_id.is_not(None), project.name.startswith(NAME))
    with reading() as db:
        return list(db.scalars(query.order_by(project.id)))
