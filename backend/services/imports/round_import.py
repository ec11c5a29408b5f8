"""Staged samples on their way into the database: in one transaction, or on SQLite in many short ones."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from backend.db import session, tables
from backend.db.arriving import Arrival
from backend.db.numbered import NumberedRows
from backend.garbage import collected_seldom
from backend.helper_process import HelperProcess
from backend.services import archived, events, unfinished
from backend.services.access import Actor, require
from backend.services.imports import prepared, scales, updating
from backend.services.imports.deciders import ImportProvenance, most_deciders, named, people_of
from backend.services.imports.new_rounds import free_name, new_round, new_set, recipe_of
from backend.services.imports.request import ImportedRound, ImportRequest
from backend.services.imports.row_values import COLUMNS, REFERS, SEARCHED
from backend.services.imports.staging import StagedSamples
from backend.services.imports.writing import SampleWriter
from backend.services.review_settings import ReviewSettings
from backend.values import Role, SetUse

End = Callable[[Session], ImportedRound]
"""What is left to do in the transaction that ends an import; the caller's."""


def write(
    actor: Actor,
    project_id: int,
    staged: StagedSamples,
    asked: ImportRequest,
    helper: HelperProcess,
    job_id: int | None = None,
) -> End:
    """Write what is new of a staged file as a round, as far as that may be before it ends; nothing is new, no round.

    The caller holds `unfinished.alone`. helper: makes rows of many samples while others are inserted.
    """
    way = RoundImport(actor, project_id, staged, asked, job_id)
    if not is_in_parts(staged, asked):
        return way.at_once
    with collected_seldom():
        way.in_parts(helper)
    return way.end


def is_in_parts(staged: StagedSamples, asked: ImportRequest) -> bool:
    """Whether the file is written in several transactions. An update changes samples that people see, so it is not."""
    return unfinished.in_parts() and not asked.update and staged.num_chunks > 1


class RoundImport:
    """One import of a staged file into a project."""

    round: tables.Round
    prompt_set: tables.PromptSet
    writer: SampleWriter

    def __init__(
        self, actor: Actor, project_id: int, staged: StagedSamples, asked: ImportRequest, job_id: int | None
    ) -> None:
        self.actor, self.project_id, self.job_id = actor, project_id, job_id
        self.staged, self.asked = staged, asked

    def at_once(self, db: Session) -> ImportedRound:
        """All of it in the caller's transaction."""
        self._hold(db)
        num_updated = updating.update(db, self.project_id, self.staged) if self.asked.update else 0
        if num_updated:
            what: dict[str, Any] = {"file": self.asked.file, "num_updated": num_updated}
            events.note(
                db, self.actor, "update samples", f"{num_updated:,} samples", project_id=self.project_id, **what
            )
        with collected_seldom(), db.begin_nested() as nothing_new:
            self._begin(db)
            arrival = Arrival(db)
            with arrival.gathering(*SEARCHED):
                for chunk in self.staged.chunks():
                    self.writer.write(arrival, chunk)
            if not self.writer.num_samples:
                nothing_new.rollback()
                return self._nothing_new(num_updated)
        return self._noted(db, num_updated)

    def in_parts(self, helper: HelperProcess) -> None:
        """All but the end, a chunk a transaction, in a hidden project."""
        with session() as db:
            self._hold(db)
            self._begin(db)
            self.hidden_id = unfinished.hide(db, self.project_id)
            self.round.project_id = self.prompt_set.project_id = self.hidden_id
        rows = NumberedRows(COLUMNS, REFERS)
        ended = time.monotonic()
        # Rows are made where nobody waits for it: before, or meanwhile.
        for path in prepared.files(self.writer, helper):
            unfinished.rest(ended)
            with session() as db:
                unfinished.require(db, self.hidden_id)
                arrival = Arrival(db)
                with arrival.gathering(*SEARCHED):
                    rows.insert(arrival, path, self.writer.common, SEARCHED)
            ended = time.monotonic()
            path.unlink()

    def end(self, db: Session) -> ImportedRound:
        """Bring home what was written in parts, in the caller's transaction; raises as beginning did."""
        unfinished.require(db, self.hidden_id)
        self._hold(db)
        self._people(db)
        if not self.writer.num_samples:
            return self._nothing_new(0)
        self.writer.refuse_meanwhile(db)
        self.round = db.get_one(tables.Round, self.round.id)
        self.prompt_set = db.get_one(tables.PromptSet, self.prompt_set.id)
        self.prompt_set.name = free_name(db, self.project_id, self.asked.name)
        unfinished.bring_home(db, self.hidden_id, self.project_id)
        return self._noted(db, 0)

    def _hold(self, db: Session) -> None:
        require(db, self.actor, self.project_id, Role.curator)
        # Another import or launch waits, but nobody who only writes rows of the project: that needs its key alone.
        db.get_one(tables.Project, self.project_id, with_for_update={"key_share": True})
        archived.refuse_external_ids(db, self.project_id)

    def _people(self, db: Session) -> dict[str | None, int]:
        return people_of(db, self.actor, self.project_id, self.staged, self.asked.people)

    def _begin(self, db: Session) -> None:
        """Make the round and its prompt set, both empty."""
        self.people = self._people(db)
        self.settings = ReviewSettings(num_reviewers_per_item=most_deciders(self.staged, self.people))
        cut = scales.CUT if self.asked.accept_at is None else self.asked.accept_at
        recipe = recipe_of(cut, scales.scale_of(self.staged, *self.asked.scale))
        name = free_name(db, self.project_id, self.asked.name)
        self.prompt_set = new_set(db, self.actor, self.project_id, name)
        self.round = new_round(db, self.actor, self.project_id, self.asked, self.settings, recipe)
        db.add(self.round)
        db.flush()
        ids = self.round.id, self.prompt_set.id
        provenance = ImportProvenance(self.actor, self.asked.file, self.job_id)
        self.writer = SampleWriter(db, self.project_id, self.staged, *ids, self.people, cut, self.settings, provenance)

    def _nothing_new(self, num_updated: int) -> ImportedRound:
        writer = self.writer
        return ImportedRound(
            None,
            None,
            self.staged.num_rows,
            0,
            writer.num_present,
            num_repeated=writer.num_repeated,
            num_updated=num_updated,
        )

    def _noted(self, db: Session, num_updated: int) -> ImportedRound:
        """Write down what came, on the round and in the audit trail."""
        writer, round_ = self.writer, self.round
        round_.num_prompts = self.prompt_set.num_prompts = writer.num_prompts
        round_.counts = {
            "prompts": writer.num_prompts,
            "left_out": {},
            "samples": writer.num_samples,
            "tokens": writer.num_tokens,
            "truncated": 0,
            "judgments": writer.num_judgments,
            "unparsed": writer.num_unparsed,
            "judge_tokens": 0,
        }
        db.add(tables.RoundPromptSet(round_id=round_.id, prompt_set_id=self.prompt_set.id, use=SetUse.sample))
        names = named(db, self.people.values())
        what: dict[str, Any] = {
            "num_samples": writer.num_samples,
            "num_decisions": writer.num_decisions,
            "prompt_set_id": self.prompt_set.id,
            "file": self.asked.file,
            "people": {name: names[n] for name, n in self.people.items() if name is not None},
            "decisions": {names[person]: count for person, count in sorted(writer.num_decided.items())},
            "left_out": self.staged.left_out,
        }
        if self.job_id is not None:
            what["job_id"] = self.job_id
        place: dict[str, Any] = {"project_id": self.project_id, "round_id": round_.id}
        events.note(db, self.actor, "import samples", f"round {round_.number}", **place, **what)
        return ImportedRound(
            round_.id,
            round_.number,
            self.staged.num_rows,
            writer.num_samples,
            writer.num_present,
            writer.num_prompts,
            writer.num_judgments,
            writer.num_decisions,
            writer.num_repeated,
            self.settings.num_reviewers_per_item,
            self.staged.left_out,
            num_updated,
        )
