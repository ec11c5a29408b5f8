"""Prompts on their way from a file into the sets of an import: in one transaction, or on SQLite in many short ones."""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
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
from backend.services.prompts import near_duplicates, staging
from backend.services.prompts.files import PromptFile
from backend.services.prompts.import_report import (
    ImportReport,
    SetCount,
    first_bad,
    keep_report,
    notes_of,
    report_of,
)
from backend.services.prompts.known_ids import KnownIds
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.row_problems import Problems
from backend.services.prompts.staging import StagedRow, Stager
from backend.services.prompts.writer import Writer, opposite
from backend.services.unfinished.import_lock import ImportUnderWay
from backend.values import JSON, Role, Split

HELD_OUT = " held out"
"""What the name of the set ends with that holds the held-out share."""


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
        with unfinished.alone(self._mine(), most_seconds=self._most_seconds()):
            return self._in_parts(chain(first, chunks))

    def _read(self) -> Iterator[list[StagedRow]]:
        """The checked rows; where a bad one refuses the file, and on PostgreSQL, the whole file is checked first."""
        if unfinished.in_parts() and not self.is_strict:
            return self.stager.chunks(self.source.rows())
        self._stage()
        return staging.staged(self.folder / "rows")

    def _most_seconds(self) -> float:
        """How long it waits for other imports: a shell until they end."""
        return math.inf if self.actor.via == "cli" else unfinished.WAIT_SECONDS

    def _mine(self) -> ImportUnderWay:
        return ImportUnderWay(self.project_id, self.source.path.name, self.actor.name)

    def _stage(self) -> None:
        """Read and check the file before there is a transaction: a bad file costs no lock."""
        with (self.folder / "rows").open("wb") as out:
            self.stager.stage(self.source.rows(), out)
        self._refuse_bad()

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
            compared = near_duplicates.note(db, self.project_id, self.writer)
            # From here on no other import into the project ends: what came beside while this one wrote is there.
            self.writer.hold_project(db)
            self._refuse_came(sets_beside(db, self.project_id, self.names, self.stager.mapping))
            return self._end(db, compared)

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
                first_bad(self.source, self.problems) + " Nothing was imported. Mend them, or keep the good rows."
            )

    def _hold(self, db: Session) -> None:
        require(db, self.actor, self.project_id, Role.curator)
        mapping = self.stager.mapping
        came = [*sets_there(db, self.project_id, self.names, mapping).values()]
        self._refuse_came([*came, *sets_beside(db, self.project_id, self.names, mapping)])

    def _refuse_came(self, came: Sequence[tables.PromptSet]) -> None:
        for prompt_set in came:
            raise Conflict(
                f"A prompt set {prompt_set.name!r} came into this project meanwhile, so nothing was imported. Import "
                "the file again."
            )

    def _begin(self, db: Session, into_id: int) -> None:
        self._hold(db)
        self._make_sets(db, into_id, {})

    def _make_sets(self, db: Session, into_id: int, there: dict[Split, tables.PromptSet]) -> None:
        """Make the sets that are not there, empty, and what writes into all of them."""
        sets = {
            split: there.get(split)
            or tables.PromptSet(
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
                f"{self.source.path.name} has no row that can be imported. " + first_bad(self.source, self.problems)
            )

    def _end(
        self, db: Session, compared: str, known: KnownIds | None = None, before: dict[int, int] | None = None
    ) -> ImportReport:
        """Drop a set that has nothing, keep the report, and note who imported what.

        known: what the sets had that were there; before: how many prompts each of these had, by id.
        """
        self.writer.refuse_meanwhile(db)  # before there are files
        sets = self.writer.sets
        sets_made = [row for row in sets.values() if row.num_prompts]
        for row in sets.values():
            if not row.num_prompts:
                db.delete(row)
        self.problems.out.flush()
        notes = notes_of(self.source, self.stager, sets, self.share, compared, known)
        counted = tuple(SetCount(s.id, s.name, s.split, s.num_prompts - (before or {}).get(s.id, 0)) for s in sets_made)
        report = report_of(counted, self.stager, self.writer, known, self.problems, notes)
        for row in sets_made:
            what: JSON = {"prompt_set_id": row.id, "num_prompts": row.num_prompts, "file": self.source.path.name}
            events.note(db, self.actor, "import prompts", row.name, project_id=self.project_id, **what)
        for row in sets_made:
            keep_report(report, row.id, self.folder)
        return report


def sets_there(
    db: Session, project_id: int, names: dict[Split, str], mapping: Mapping, *, is_held: bool = False
) -> dict[Split, tables.PromptSet]:
    """The sets of these names, into which prompts come again by their external ids. is_held: until the end.

    Raises `Conflict` where the mapping names no ids, or a set has none or is for something else.
    """
    row, prompt, there = tables.PromptSet, tables.Prompt, dict[Split, tables.PromptSet]()
    query = select(row).where(row.project_id == project_id, row.name.in_(names.values())).order_by(row.id)
    for prompt_set in db.scalars(query.with_for_update() if is_held else query):
        taken = f"There is already a prompt set {prompt_set.name!r} in this project"
        if mapping.external_id is None:
            raise Conflict(f"{taken}. Choose another name, or put that set in the trash.")
        has_ids = select(prompt.id).where(prompt.prompt_set_id == prompt_set.id, prompt.external_id.is_not(None))
        if names.get(prompt_set.split) != prompt_set.name:
            raise Conflict(f"{taken}, whose use is {prompt_set.split.value}. Choose that use, or another name.")
        if db.scalar(has_ids.limit(1)) is None:
            raise Conflict(
                f"{taken}, whose prompts have no external ids. Choose another name, or put that set in the trash."
            )
        there[prompt_set.split] = prompt_set
    return there


def sets_beside(
    db: Session, project_id: int, names: dict[Split, str], mapping: Mapping, *, is_held: bool = False
) -> list[tables.PromptSet]:
    """The set with the other share of what these names hold, where the import does not name it: prompts of the file may
    be there, known by their ids. is_held: until the end."""
    if mapping.external_id is None or len(names) > 1:
        return []
    ((split, name),) = names.items()
    if split is Split.held_out and not name.endswith(HELD_OUT):
        return []
    other = name.removesuffix(HELD_OUT) if split is Split.held_out else f"{name}{HELD_OUT}"
    row = tables.PromptSet
    query = select(row).where(row.project_id == project_id, row.name == other, row.split == opposite(split))
    return [*db.scalars(query.with_for_update() if is_held else query)]
