"""A round's rows in files instead of the database, and back.

Archiving notes at the round what it is at, and each step may be repeated: a process that dies leaves a round that is
archived by archiving it again, or restored. Until its files were written, read back and counted, no row is deleted.
"""

import secrets
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from backend import in_use
from backend.db import now, reading, session, tables
from backend.db.session import flush
from backend.errors import Conflict
from backend.services import archived, events, installation
from backend.services.access import Actor
from backend.services.decisions import tallies
from backend.services.projects import deletion
from backend.services.round_archive import columns, files, leaving, needs, newer, returning
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
    _require_admin(actor, round_id)
    with deletion.alone():
        for _ in archive_steps(actor, round_id):
            pass
    with reading() as db:
        return view(get_row(db, actor, round_id))


def restore(actor: Actor, round_id: int, tell: Callable[[str], None] = lambda _: None) -> RoundView:
    """Put the round's rows back with the numbers they had, and return it.

    tell: called with a sentence about columns that came since the round was archived, which get their defaults.
    Raises `Conflict` where it is not archived or a number is taken, `InvalidInput` where its files are not those that
    were written. The files stay until a clean-up.
    """
    _require_admin(actor, round_id)
    with deletion.alone():
        for _ in restore_steps(actor, round_id, tell):
            pass
    with reading() as db:
        return view(get_row(db, actor, round_id))


def archive_steps(actor: Actor, round_id: int) -> Iterator[None]:
    """What `archive` does; yields wherever a death would leave something behind."""
    in_use.hold(installation.check_folder())
    installation.require_own_folder()
    state, token = _begin(actor, round_id)
    yield
    place = archived.place(round_id)
    if state is State.writing:
        is_whole = False
        try:
            yield from files.write(round_id, max(installation.revisions()))
            _note_whole(round_id, token)
            is_whole = True
        finally:
            if not is_whole:
                _forget(round_id, token)
        yield
    else:
        with reading() as db:
            sha256 = get_row(db, actor, round_id).archive["sha256"]
        files.check(place, round_id, sha256)
        with session() as db:
            # While its rows were put back any of them may have changed.
            row = _held(db, round_id, token)
            row.archive = row.archive | {"state": State.leaving}
    with reading() as db:
        kept = get_row(db, actor, round_id).archive["kept"]
    yield from leaving.remove(place, kept, lambda db: _require_at(db, round_id, token, State.leaving))
    with session() as db:
        get_row(db, actor, round_id, Role.admin)
        row = _held(db, round_id, token)
        row.archive = row.archive | {"state": State.archived}
        spec: dict[str, Any] = {
            "project_id": row.project_id,
            "round_id": row.id,
            "samples": row.archive["rows"]["samples"],
        }
        events.note(db, actor, "archive round", f"round {row.number}", **spec)


def restore_steps(actor: Actor, round_id: int, tell: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """What `restore` does; yields wherever a death would leave something behind."""
    in_use.hold(installation.check_folder())
    installation.require_own_folder()
    token = secrets.token_hex(8)
    with session() as db:
        row = _locked(db, actor, round_id)
        if row.archived_at is None:
            raise Conflict(f"Round {row.number} is not archived: its rows are in the database.")
        if row.archive["state"] == State.writing:
            row.archived_at, row.archive = None, {}
        is_back, sha256 = row.archived_at is None, row.archive.get("sha256", "")
    files.forget_part(round_id)
    if is_back:
        return
    place = archived.place(round_id)
    manifest = files.check(place, round_id, sha256)
    returning.check(place, manifest)
    filled = newer.names(manifest)
    if filled:
        tell(f"The archive is older than {', '.join(filled)}: its rows have the defaults there.")
    with session() as db:
        row = _locked(db, actor, round_id)
        if row.archived_at is None or row.archive.get("sha256") != sha256:
            raise Conflict(f"Round {row.number} was restored or archived meanwhile. Look at it again.")
        row.archive = row.archive | {"state": State.returning, "token": token}
    yield
    yield from returning.put_back(place, lambda db: _require_at(db, round_id, token, State.returning))
    files.touch(place)  # whatever happens from here on, nobody cleans them up before all is on the disk
    with session() as db:
        row = _locked(db, actor, round_id)
        _held(db, round_id, token)
        returning.refuse_fewer(db, round_id, row.archive["rows"])
        told: dict[str, Any] = {
            "project_id": row.project_id,
            "round_id": row.id,
            "samples": row.archive["rows"]["samples"],
        }
        told |= {"filled": filled} if filled else {}
        events.note(db, actor, "restore round", f"round {row.number}", **told)
        row.archived_at, row.archive = None, {}
    flush()
    files.touch(place)


def _require_admin(actor: Actor, round_id: int) -> None:
    with reading() as db:
        get_row(db, actor, round_id, Role.admin)


def _begin(actor: Actor, round_id: int) -> tuple[State, str]:
    """Note that it is archived from now on, and return what is to be done, and the token of this run.

    What refers to its rows is refused now.
    """
    token = secrets.token_hex(8)
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
        row.archive = row.archive | {"token": token}
        return state, token


def _note_whole(round_id: int, token: str) -> None:
    """From here on the rows are deleted. What came to need them is looked for once more, and they are counted.

    Under the locks that all who write to the round or launch in its project wait for.
    """
    written = files.written(round_id)
    with session() as db:
        row = db.get_one(tables.Round, round_id)
        db.get_one(tables.Project, row.project_id, with_for_update=True)
        row = _held(db, round_id, token)
        needs.refuse_uses(db, row)
        leaving.refuse_other(db, round_id, written.rows)
        facts = {
            "kept": leaving.held(db, round_id),
            "checkpoints": sorted(db.scalars(columns.checkpoints(round_id))),
            "prompt_sets": sorted(db.scalars(columns.prompt_sets(round_id))),
            "rounds": sorted(db.scalars(columns.other_rounds(round_id))),
        }
        tallies.forget_all(db, round_id)
        row.archive = row.archive | facts | written.to_json() | {"state": State.leaving}


def _forget(round_id: int, token: str) -> None:
    """Take the note back and delete the files, where this run noted the round: no row was deleted."""
    with session() as db:
        row = db.get(tables.Round, round_id, with_for_update=True)
        at = (State.writing, token)
        is_ours = row is not None and (row.archive.get("state"), row.archive.get("token")) == at
        if row is not None and is_ours:
            row.archived_at, row.archive = None, {}
    if is_ours:  # every row is in the database
        files.forget(round_id)


def _held(db: Session, round_id: int, token: str) -> tables.Round:
    """The round, locked; raises `Conflict` where somebody else archives or restores it meanwhile.

    Whoever holds the project and launches a round that follows this one needs this one's key alone, and gets it.
    """
    row = db.get_one(tables.Round, round_id, with_for_update={"key_share": True}, populate_existing=True)
    if row.archived_at is None or row.archive.get("token") != token:
        raise Conflict(f"Somebody else archives or restores round {row.number} meanwhile. Look at it again.")
    return row


def _require_at(db: Session, round_id: int, token: str, state: State) -> None:
    if _held(db, round_id, token).archive["state"] != state:
        raise Conflict("The round is at another step by now. Look at it again.")


def _locked(db: Session, actor: Actor, round_id: int) -> tables.Round:
    """The round, with nothing launched or enqueued in its project meanwhile."""
    row = get_row(db, actor, round_id, Role.admin)
    db.get_one(tables.Project, row.project_id, with_for_update=True)
    return db.get_one(tables.Round, round_id, with_for_update=True, populate_existing=True)
