"""A round in review with several reviewers, for tests of the team's parts."""

import uuid
from typing import Any

from sqlalchemy import func, select, text, update

from backend.db import now, reading, session, tables
from backend.services import queue as review_queue
from backend.services import reviews
from backend.services.access import Actor
from backend.services.reviews import Act, ActResult
from backend.values import DecisionKind, LabelSource, Role, RoundStatus, Stage, Verdict
from tests import rows
from tests.waiting import until

ACCEPT, REJECT, SCORE, SKIP, RETRACT = (
    DecisionKind.accept,
    DecisionKind.reject,
    DecisionKind.score,
    DecisionKind.skip,
    DecisionKind.retract,
)
RECIPE = rows.RECIPE | {"judge": {"name": "additive_rubric", "accept_at": 4.0, "lowest": 0, "highest": 5}}


class Team:
    """`prompts` groups of `n` samples, scored as given, reviewed by these settings; reviewers are made when named."""

    def __init__(
        self,
        *,
        prompts: int = 3,
        n: int = 2,
        scores: tuple[float | None, ...] = (5.0, 2.0),
        is_blind: bool = True,
        **review: Any,
    ) -> None:
        self.project = rows.make_project()
        asked = rows.make_prompt_set(self.project, prompts=prompts)
        self.round = rows.make_round(
            self.project,
            status=RoundStatus.review,
            stage=Stage.review,
            is_reviewed=True,
            is_blind=is_blind,
            recipe=RECIPE,
            review={"random_share": 0.0} | review,
        )
        self.samples = rows.make_samples(self.round, asked, n=n, scores=list(scores), threshold=4.0)
        rows.make_judgments(self.samples)
        self.ids = [sample.id for sample in self.samples]
        self.curator = rows.make_actor(self.project, Role.curator)
        self.people: dict[str, Actor] = {}

    def who(self, name: str) -> Actor:
        if name not in self.people:
            self.people[name] = rows.make_actor(self.project, Role.reviewer)
        return self.people[name]

    def queue(self, name: str, **wishes: Any) -> list[int]:
        return [item.sample_id for item in self.items(name, **wishes)]

    def items(self, name: str, **wishes: Any) -> list[review_queue.Item]:
        return review_queue.queue(self.who(name), self.round.id, **wishes)

    def act(self, name: str, sample_id: int, kind: DecisionKind, **fields: Any) -> ActResult:
        act = Act(uuid.uuid4().hex, kind, sample_id, **fields)
        return reviews.decide_many(self.who(name), self.round.id, [act])[0]

    def take_back(self, name: str, act_result: ActResult) -> ActResult:
        act = Act(uuid.uuid4().hex, RETRACT, retracts=act_result.decision.client_id)
        return reviews.decide_many(self.who(name), self.round.id, [act])[0]

    def label(self, sample_id: int) -> tuple[Verdict | None, float | None, LabelSource]:
        with reading() as db:
            row = db.get_one(tables.Label, sample_id)
            return row.verdict, row.score, row.source

    def slots(self, sample_id: int) -> list[tuple[int, int | None, bool]]:
        """(slot, person, decided) of an item."""
        with reading() as db:
            query = select(tables.Lease).where(tables.Lease.sample_id == sample_id).order_by(tables.Lease.slot)
            return [(row.slot, row.user_id, row.decided_at is not None) for row in db.scalars(query)]

    def decisions(self, **columns: Any) -> list[tables.Decision]:
        with reading() as db:
            return list(db.scalars(select(tables.Decision).filter_by(**columns).order_by(tables.Decision.id)))

    def run_out(self) -> None:
        """Let the time of every lease pass."""
        with session() as db:
            db.execute(update(tables.Lease).values(expires_at=now().replace(year=2020)))


def count(table: type) -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def waits(number: int) -> None:
    """Return once so many sessions of this PostgreSQL database wait for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    def wait() -> bool:
        with reading() as db:
            return bool(db.scalar(waiting) >= number)

    until(wait, f"{number} waiting")
