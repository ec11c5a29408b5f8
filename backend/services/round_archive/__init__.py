"""A round's rows in files instead of the database, and back.

Archiving notes at the round what it is at, and each step may be repeated: a process that dies leaves a round that is
archived by archiving it again, or restored. Until its files were written, read back and counted, no row is deleted.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from backend import in_use
from backend.db import now, reading, session, tables
from backend.errors import Conflict
from backend.services import archived, events, installation
from backend.services.access import Actor
from backend.services.projects import deletion
from backend.services.round_archive import columns, files, leaving, needs, returning
from backend.services.rounds import RoundView, get_row, view
from backend.values import Role


class State(StrEnum):
    """What an archived round is at."""

    writing = "writing"
    """Its files are written; all rows are in the database."""
    leaving = "leaving"
    """Its files are whole, and its rows are deleted."""
    archived = "archived"
    returning = "returning"
    """Its rows are put back."""


def archive(actor: Actor, round_id: int) -> RoundView:
    """Write the round's rows to files, delete them, and return the round; what it measured stays readable.

    Minutes where it has millions of samples. Raises `Conflict` where something needs its rows, where it is archived,
    or while anything is deleted or archived already.
    """
    with deletion.alone():
        for _ in archive_steps(actor, round_id):
            pass
    with reading() as db:
        return view(get_row(db, actor, round_id))


def restore(actor: Actor, round_id: int) -> RoundView:
    """Put the round's rows back with the numbers they had, and return it.

    Raises `Conflict` where it is not archived or a number is taken, `InvalidInput` where its files are not those that
    were written. The files stay until a clean-up.
    """
    with deletion.alone():
        for _ in restore_steps(actor, round_id):
            pass
    with reading() as db:
        return view(get_row(db, actor, round_id))


def archive_steps(actor: Actor, round_id: int) -> Iterator[None]:
    """What `archive` does; yields wherever a death would leave something behind."""
    in_use.hold(installation.check_folder())
    installation.require_own_folder()
    state = _begin(actor, round_id)
    yield
    if state is State.writing:
        is_whole = False
        try:
            yield from files.write(round_id, max(installation.revisions()))
            _note_whole(round_id)
            is_whole = True
        finally:
            if not is_whole:
                _forget(round_id)
        yield
    else:
        with reading() as db:
            row = get_row(db, actor, round_id)
            files.check(archived.place(round_id), round_id, row.archive["sha256"])
        _set(round_id, State.leaving)
    with reading() as db:
        kept = get_row(db, actor, round_id).archive["kept"]
    yield from leaving.remove(round_id, kept)
    with session() as db:
        row = get_row(db, actor, round_id, Role.admin)
        row.archive = row.archive | {"state": State.archived}
        told: dict[str, Any] = {
            "project_id": row.project_id,
            "round_id": row.id,
            "samples": row.archive["rows"]["samples"],
        }
        events.note(db, actor, "archive round", f"round {row.number}", **told)


def restore_steps(actor: Actor, round_id: int) -> Iterator[None]:
    """What `restore` does; yields wherever a death would leave something behind."""
    in_use.hold(installation.check_folder())
    installation.require_own_folder()
    with session() as db:
        row = _locked(db, actor, round_id)
        if row.archived_at is None:
            raise Conflict(f"Round {row.number} is not archived: its rows are in the database.")
        if row.archive["state"] == State.writing:
            row.archived_at, row.archive = None, {}
    files.forget_part(round_id)
    with reading() as db:
        row = get_row(db, actor, round_id)
        if row.archived_at is None:
            return
    place = archived.place(round_id)
    returning.check(place, files.check(place, round_id, row.archive["sha256"]))
    _set(round_id, State.returning)
    yield
    yield from returning.put_back(place)
    with session() as db:
        row = _locked(db, actor, round_id)
        events.note(
            db,
            actor,
            "restore round",
            f"round {row.number}",
            project_id=row.project_id,
            round_id=row.id,
            samples=row.archive["rows"]["samples"],
        )
        row.archived_at, row.archive = None, {}


def _begin(actor: Actor, round_id: int) -> State:
    """Note that it is archived from now on, and return what is to be done; what refers to its rows is refused now."""
    with reading() as db:
        # Nobody who writes has to wait for this. Nothing new refers to a round that is noted as archived.
        needs.refuse_uses(db, get_row(db, actor, round_id, Role.admin))
    with session() as db:
        row = _locked(db, actor, round_id)
        state = State(row.archive["state"]) if row.archived_at is not None else State.writing
        if state is State.archived:
            raise Conflict(f"Round {row.number} is archived already.")
        needs.refuse_at_work(db, row)
        if state is State.writing:
            row.archived_at, row.archive = now(), {"state": State.writing, "by": actor.name}
        return state


def _note_whole(round_id: int) -> None:
    """From here on the rows are deleted. What came to need them meanwhile is looked for once more."""
    written = files.written(round_id)
    with reading() as db:
        needs.refuse_uses(db, db.get_one(tables.Round, round_id))
        acting = db.scalars(columns.checkpoints(round_id)).all()
        told = {"kept": leaving.held(db, round_id), "checkpoints": sorted(acting), **written.to_json()}
    with session() as db:
        row = db.get_one(tables.Round, round_id, with_for_update=True)
        row.archive = row.archive | told | {"state": State.leaving}


def _forget(round_id: int) -> None:
    """Nothing happened."""
    files.forget_part(round_id)
    with session() as db:
        row = db.get(tables.Round, round_id, with_for_update=True)
        if row is not None and row.archive.get("state") == State.writing:
            row.archived_at, row.archive = None, {}


def _set(round_id: int, state: State) -> None:
    with session() as db:
        row = db.get_one(tables.Round, round_id, with_for_update=True)
        row.archive = row.archive | {"state": state}


def _locked(db: Session, actor: Actor, round_id: int) -> tables.Round:
    """The round, with nothing launched or enqueued in its project meanwhile."""
    row = get_row(db, actor, round_id, Role.admin)
    db.get_one(tables.Project, row.project_id, with_for_update=True)
    return db.get_one(tables.Round, round_id, with_for_update=True, populate_existing=True)
