"""Deleting for good what lies in the trash: row by row in small transactions, so that no other writer waits long.

What is deleted was in the trash before, so nobody sees it by halves. Its files go first, while its rows are there: the
database may give a deleted row's number to a new one, and then nobody could tell whose a file of that number is. A
process that dies meanwhile leaves the project in the trash with a note that it is no longer whole, and deleting it
again ends it. What stays: the audit trail, in which acts on a deleted project name it, and the durable workflows of its
jobs, which hold numbers only.
"""

import fcntl
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from backend import shared_files
from backend.config import settings
from backend.db import reading, session, tables
from backend.db.deleting import ROWS, batches, groups, rows
from backend.db.session import read_engine
from backend.errors import Conflict
from backend.services import events, installation, unfinished
from backend.services.access import Actor, require_owner
from backend.services.projects import own_files, trash
from backend.services.projects.own_files import Holdings
from backend.services.rounds import moving

log = logging.getLogger("rondo.services")

LOCK = "deletion.lock"
DATABASE_LOCK = 7_260_417_033
"""The same on PostgreSQL: any number that nothing else locks."""


def contents(actor: Actor, entry_id: int) -> Holdings:
    """What would go with a project in the trash."""
    with reading() as db:
        trash.find(db, actor, entry_id)
        return own_files.of_projects(db, _all(db, entry_id))


def delete_for_good(actor: Actor, entry_id: int, since: datetime) -> Holdings:
    """Delete a project that lies in the trash, its files too, and return what it held; for owners of the installation.

    since: when it went there, as the caller was shown it. Raises `Conflict` where another one lies there by now, while
    anything is being deleted already, or imported into it, where the data folder is another database's, and where a
    file cannot be deleted or a row is needed. May be repeated after it was broken off.
    """
    with alone():
        with reading() as db:
            require_owner(db, actor)
        installation.require_own_folder()
        unfinished.clear_left()
        with reading() as db:
            trash.find(db, actor, entry_id)
            ids = _all(db, entry_id)
            held = own_files.of_projects(db, ids)
        with session() as db:
            row = db.get(tables.Project, entry_id, with_for_update=True)
            entry = trash.find(db, actor, entry_id)
            assert row is not None
            if entry.trashed_at != since:
                raise Conflict(
                    f"{entry.name} was put in the trash after you looked, so it stays. Look at the trash again."
                )
            unfinished.refuse(db, entry_id)
            row.is_deleting = True
            # Datasets of the project hold on to samples of rounds in its trash. What was hidden is no project any more.
            gone = moving.take_all_back(db, entry_id)
            ids = [number for number in ids if number not in gone]
            counts: dict[str, Any] = {"samples": held.samples, "decisions": held.decisions, "bytes": held.num_bytes}
            events.note(db, actor, "delete project", entry.name, rounds=held.rounds, **counts)
        delete_files(entry.name, ids)
        try:
            for number in ids:
                for _ in steps(number):
                    pass
                end_project(number)
        except IntegrityError as error:
            log.warning("The project %s could not be deleted whole.", number, exc_info=True)
            raise Conflict(
                f"{entry.name} is deleted in part: something of another project refers to the rest. The log says what. "
                "Delete that, then delete it again."
            ) from error
    return held


@contextmanager
def alone() -> Iterator[None]:
    """Hold the lock on deletions, archives and backups of the data folder, and on PostgreSQL of all machines; a death
    lets it go.

    Raises `Conflict` where somebody else does.
    """
    place = settings().folder / LOCK
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy() from None
        except OSError as error:  # two deletions at once could take what got a deleted row's number
            raise Conflict(
                f"{place} cannot be locked: {error.strerror}. Do this where the data folder's file system has locks."
            ) from error
        with _alone_in_database():
            yield


@contextmanager
def _alone_in_database() -> Iterator[None]:
    """Other machines may have data folders of their own. A connection that breaks lets the lock go."""
    engine = read_engine()
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(select(func.pg_try_advisory_lock(DATABASE_LOCK))):
            raise _busy()
        try:
            yield
        finally:
            with suppress(DBAPIError):
                connection.scalar(select(func.pg_advisory_unlock(DATABASE_LOCK)))


def _busy() -> Conflict:
    return Conflict(
        "Something is being deleted or archived just now, or a backup is written. Wait for its end, then retry."
    )


def delete_files(name: str, ids: Sequence[int]) -> None:
    """Delete the files of these projects' own; raises `Conflict` where one cannot be deleted."""
    with reading() as db:
        places, kept = own_files.places(db, ids), own_files.named(db, but_of=ids)
        patterns = own_files.patterns(db, ids)
    if stuck := own_files.remove(places, kept):
        way_out = "Give Rondo the right to, then delete it again."
        raise Conflict(f"{name} is deleted in part: {stuck[0]} could not be deleted. {way_out}")
    shared_files.forget_like(patterns, but=lambda place: own_files.is_named(place, kept))


def _all(db: Session, entry_id: int) -> list[int]:
    """The hidden projects of its previews and of its rounds in the trash, then itself: those refer to its rows."""
    project, preview = tables.Project, tables.Preview
    of_previews = select(preview.id).where(preview.project_id == entry_id)
    hidden = or_(project.preview_id.in_(of_previews), project.trash_of_id == entry_id)
    return [*db.scalars(select(project.id).where(hidden).order_by(project.id)), entry_id]


def steps(project_id: int, name: str = "") -> Iterator[None]:
    """Delete what a project holds, from what nothing refers to down; yields after each transaction.

    name: what is said to be deleted where a file of it cannot be; by default the project.
    """
    with reading() as db:
        rounds = _ids(db, tables.Round, project_id)
        datasets, benches = _ids(db, tables.Dataset, project_id), _ids(db, tables.JudgeBench, project_id)
        sets, jobs = _ids(db, tables.PromptSet, project_id), _ids(db, tables.Job, project_id)
    for table in (tables.Notice, tables.Delivery, tables.Comment):
        yield from rows(table, table.project_id == project_id)
    for dataset_id in datasets:
        of_dataset = select(tables.Scan.id).where(tables.Scan.dataset_id == dataset_id)
        yield from rows(tables.ScanFinding, tables.ScanFinding.scan_id.in_(of_dataset))
        yield from rows(tables.Example, tables.Example.dataset_id == dataset_id)
    for bench_id in benches:
        judges = select(tables.BenchJudge.id).where(tables.BenchJudge.bench_id == bench_id)
        yield from rows(tables.BenchJudgment, tables.BenchJudgment.bench_judge_id.in_(judges))
    yield from _heavy(tables.JudgeBench, project_id)
    yield from _heavy(tables.Arena, project_id)
    yield from rows(tables.Dataset, tables.Dataset.project_id == project_id)
    for round_id in rounds:
        yield from groups(round_id)
    for set_id in sets:
        yield from rows(tables.Prompt, tables.Prompt.prompt_set_id == set_id)
    used = tables.RoundPromptSet
    with session() as db:
        db.execute(delete(used).where(used.round_id.in_(rounds) | used.prompt_set_id.in_(sets)))
        db.execute(delete(tables.PromptSet).where(tables.PromptSet.project_id == project_id))
    yield
    # A process that was only just cancelled may have written since, and the rows still say whose files these are.
    delete_files(name or f"The project {project_id}", [project_id])
    for job_id in jobs:
        with session() as db:
            db.execute(delete(tables.JobPoint).where(tables.JobPoint.job_id == job_id))
            db.execute(delete(tables.Job).where(tables.Job.id == job_id))
        yield
    # A branch refers to the round that it began with, which is older.
    yield from _heavy(tables.Round, project_id)
    yield from _heavy(tables.Checkpoint, project_id)


def _heavy(table: Any, project_id: int) -> Iterator[None]:
    """Delete a project's rows of a table one by one, the newest first: each takes others with it."""
    of_project = select(table.id).where(table.project_id == project_id)
    yield from batches(table, of_project.order_by(table.id.desc()).limit(1))


def _ids(db: Session, table: Any, project_id: int) -> Sequence[int]:
    return db.scalars(select(table.id).where(table.project_id == project_id).order_by(table.id)).all()


def end_project(project_id: int) -> None:
    """Delete the project itself. What was noted of it stays, and says of which project it is."""
    event = tables.Event
    while True:
        with session() as db:
            name = db.scalar(select(tables.Project.name).where(tables.Project.id == project_id))
            query = select(event.id, event.details).where(event.project_id == project_id).limit(ROWS)
            of_it = [
                {"id": id_, "project_id": None, "details": {**details, "project": name}}
                for id_, details in db.execute(query)
            ]
            if not of_it:
                db.execute(delete(tables.Project).where(tables.Project.id == project_id))
                return
            db.execute(update(event), of_it)
