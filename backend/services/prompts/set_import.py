"""Prompts on their way from a file into the sets of an import: in one transaction, or on SQLite in many short ones."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.db.arriving import Arrival
from backend.errors import Conflict, InvalidInput
from backend.services import events, unfinished
from backend.services.access import Actor, require
from backend.services.prompts import near_duplicates, reports, staging
from backend.services.prompts.files import PromptFile
from backend.services.prompts.reports import ImportReport
from backend.services.prompts.staging import Problems, StagedRow, Stager
from backend.services.prompts.writer import Writer
from backend.values import JSON, Role, Split


@dataclass
class SetImport:
    """One import of a file into new sets of a project, one for each split of `names`. `folder`: for what is staged.

    share: of the prompts that go to the held-out set. is_strict: a bad row refuses the file.
    """

    actor: Actor
    project_id: int
    names: dict[Split, str]
    share: float
    seed: int
    source: PromptFile
    stager: Stager
    problems: Problems
    folder: Path
    is_strict: bool

    def write(self) -> ImportReport:
        """Read the file and write all of it, or raise and leave nothing; return what it did."""
        chunks = self._read()
        if not unfinished.in_parts():
            return self._at_once(chunks)
        first = list(islice(chunks, 2))
        if len(first) < 2:
            return self._at_once(first)
        with unfinished.alone(most_seconds=math.inf if self.actor.via == "cli" else unfinished.WAIT_SECONDS):
            return self._in_parts(chain(first, chunks))

    def _read(self) -> Iterator[list[StagedRow]]:
        """The checked rows; where a bad one refuses the file, and on PostgreSQL, the whole file is checked first."""
        if unfinished.in_parts() and not self.is_strict:
            return self.stager.chunks(self.source.rows())
        # Read and checked before there is a transaction: a bad file costs no lock.
        with (self.folder / "rows").open("wb") as out:
            self.stager.stage(self.source.rows(), out)
        self._refuse_bad()
        return staging.staged(self.folder / "rows")

    def _at_once(self, chunks: Iterable[list[StagedRow]]) -> ImportReport:
        """One transaction."""
        with session() as db:
            self._begin(db, self.project_id)
            arrival = Arrival(db)
            with arrival.gathering(tables.Prompt):
                for chunk in chunks:
                    self.writer.write(arrival, chunk)
                self.writer.drop(db, self.writer.overlaps(db))
            self._require_some()
            return self._end(db, near_duplicates.note(db, self.project_id, self.writer))

    def _in_parts(self, chunks: Iterable[list[StagedRow]]) -> ImportReport:
        """A chunk a transaction, in a hidden project until all is there. Between two the next chunk is read."""
        with session() as db:
            hidden_id = unfinished.hide(db, self.project_id)
            self._begin(db, hidden_id)
        ended = time.monotonic()
        for chunk in chunks:
            unfinished.rest(ended)
            with session() as db:
                unfinished.require(db, hidden_id)
                arrival = Arrival(db)
                with arrival.gathering(tables.Prompt):
                    self.writer.write(arrival, chunk)
            ended = time.monotonic()
            del chunk  # while the next is read
        with reading() as db:
            pairs = self.writer.overlaps(db)
        with session() as db:
            unfinished.require(db, hidden_id)
            self.writer.drop(db, pairs)
            # Before near-duplicates are looked for, which is among sets that have prompts.
            for written in self.writer.sets.values():
                db.get_one(tables.PromptSet, written.id).num_prompts = written.num_prompts
        self._require_some()
        with reading() as db:
            compared = near_duplicates.note(db, self.project_id, self.writer)
        with session() as db:
            self._hold(db)
            for split, written in self.writer.sets.items():
                self.writer.sets[split] = db.get_one(tables.PromptSet, written.id)
            unfinished.bring_home(db, hidden_id, self.project_id)
            return self._end(db, compared)

    def _refuse_bad(self) -> None:
        if self.is_strict and self.problems.counts["bad row"]:
            raise InvalidInput(
                reports.first_bad(self.source, self.problems)
                + " Nothing was imported. Mend them, or keep the good rows."
            )

    def _hold(self, db: Session) -> None:
        require(db, self.actor, self.project_id, Role.curator)
        refuse_taken(db, self.project_id, self.names)

    def _begin(self, db: Session, into_id: int) -> None:
        """Make the sets, empty."""
        self._hold(db)
        sets = {
            split: tables.PromptSet(
                project_id=into_id,
                name=name,
                split=split,
                origin=self.source.path.name,
                num_prompts=0,
                created_by=self.actor.user_id,
            )
            for split, name in self.names.items()
        }
        db.add_all(sets.values())
        db.flush()
        self.writer = Writer(db, self.project_id, sets, self.share, self.seed, self.problems, self.source.unit)

    def _require_some(self) -> None:
        if not any(row.num_prompts for row in self.writer.sets.values()):
            raise InvalidInput(
                f"{self.source.path.name} has no row that can be imported. "
                + reports.first_bad(self.source, self.problems)
            )

    def _end(self, db: Session, compared: str) -> ImportReport:
        """Drop a set that got nothing, keep the report, and note who imported what."""
        self.writer.refuse_meanwhile(db)  # before there are files
        sets = self.writer.sets
        sets_made = [row for row in sets.values() if row.num_prompts]
        for row in sets.values():
            if not row.num_prompts:
                db.delete(row)
        self.problems.out.flush()
        notes = reports.notes_of(self.source, self.stager, sets, self.share, compared)
        report = reports.keep(sets_made, self.stager, self.writer, self.problems, notes, self.folder)
        for row in sets_made:
            what: JSON = {"prompt_set_id": row.id, "num_prompts": row.num_prompts, "file": self.source.path.name}
            events.note(db, self.actor, "import prompts", row.name, project_id=self.project_id, **what)
        return report


def refuse_taken(db: Session, project_id: int, names: dict[Split, str]) -> None:
    """Raise `Conflict` where the project has a set of one of these names."""
    query = select(tables.PromptSet.name).where(
        tables.PromptSet.project_id == project_id, tables.PromptSet.name.in_(names.values())
    )
    if taken := db.scalar(query):
        raise Conflict(
            f"There is already a prompt set {taken!r} in this project. Choose another name, or delete that set."
        )
