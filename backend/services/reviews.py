"""Review: deciding on samples of a round that waits for people, and ending the wait."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from backend import jobs
from backend.db import reading, session, tables
from backend.errors import Conflict
from backend.services.access import Actor
from backend.services.decisions import Act, Written, lock_labels, lock_round, write
from backend.services.labels import LABELLING
from backend.services.rounds import get_row
from backend.values import DecisionKind, LabelSource, Role, RoundStatus, Stage, Verdict

__all__ = [
    "Act", "Closing", "Decided", "JudgeView", "Progress", "Tally", "close", "closing", "decide", "decide_many",
    "judge_views", "progress", "undo",
]  # fmt: skip

SHOWN_REPLIES = 8
SHOWN_RATIONALE = 4_000


@dataclass(frozen=True)
class Reply:
    """One reply of the judge, its rationale cut after `SHOWN_RATIONALE` characters."""

    judge: str
    score: float | None
    verdict: Verdict | None
    rationale: str


@dataclass(frozen=True)
class JudgeView:
    """What the judge said of a sample: the label it gave and the replies behind it."""

    score: float | None
    verdict: Verdict | None
    spread: float | None
    replies: tuple[Reply, ...]


@dataclass(frozen=True)
class Tally:
    """How many samples the person has decided in the round, and on how many the judge was overridden."""

    decided: int
    overridden: int


@dataclass(frozen=True)
class Decided:
    """What one act did. `judge` is None where it labelled nothing (skip, flag, a retract)."""

    decision: Written
    judge: JudgeView | None
    tally: Tally


@dataclass(frozen=True)
class Progress:
    """Where a review is. `people`: samples decided by each person, most first."""

    samples: int
    decided: int
    mine: Tally
    people: tuple[tuple[str, int], ...]
    is_open: bool


@dataclass(frozen=True)
class Closing:
    """What closing the review will do, in numbers."""

    samples: int
    accepted_by_people: int
    rejected_by_people: int
    accepted_by_judge: int
    rejected_by_judge: int
    without_verdict: int

    @property
    def decided(self) -> int:
        return self.accepted_by_people + self.rejected_by_people


def decide(
    actor: Actor,
    client_id: str,
    sample_id: int,
    kind: DecisionKind,
    *,
    round_id: int,
    score: float | None = None,
    text: str | None = None,
    note: str = "",
    seconds: float | None = None,
    is_blind: bool = True,
) -> Decided:
    """Decide on one sample; sending the same client_id again changes nothing and returns the same."""
    act = Act(client_id, kind, sample_id, score=score, text=text, note=note, seconds=seconds, is_blind=is_blind)
    return decide_many(actor, round_id, [act])[0]


def decide_many(actor: Actor, round_id: int, acts: Sequence[Act]) -> list[Decided]:
    """Write these acts in order, all or none; each one that was written before stays as it is."""
    with session() as db:
        get_row(db, actor, round_id, Role.reviewer)
        round_ = lock_round(db, round_id)
        lock_labels(db, [act.sample_id for act in acts])
        done = [write(db, actor, round_, act) for act in acts]
        views = judge_views(db, [one.sample_id for one in done if reveals(one.kind)])
        now_at = tally(db, actor, round_id)
    return [Decided(one, views.get(one.sample_id) if reveals(one.kind) else None, now_at) for one in done]


def reveals(kind: DecisionKind) -> bool:
    """Whether the judge's view may be shown after an act of this kind: once the person has committed."""
    return kind in LABELLING


def undo(actor: Actor, round_id: int, client_id: str = "") -> Decided:
    """Take back the actor's last decision in the round; give a client_id to make it safe to send again."""
    return decide_many(actor, round_id, [Act(client_id or uuid.uuid4().hex, DecisionKind.retract)])[0]


def judge_views(db: Session, sample_ids: Sequence[int]) -> dict[int, JudgeView]:
    """What the judge said of these samples."""
    if not sample_ids:
        return {}
    judgment, label = tables.Judgment, tables.Label
    rationale = func.substr(judgment.rationale, 1, SHOWN_RATIONALE)
    query = (
        select(judgment.sample_id, judgment.judge, judgment.score, judgment.verdict, rationale)
        .where(judgment.sample_id.in_(sample_ids), judgment.position < SHOWN_REPLIES)
        .order_by(judgment.sample_id, judgment.judge, judgment.position)
    )
    replies: dict[int, list[Reply]] = defaultdict(list)
    for sample_id, *reply in db.execute(query):
        replies[sample_id].append(Reply(*reply))
    machine = select(label.sample_id, label.machine_score, label.machine_verdict, label.machine_spread)
    return {
        sample_id: JudgeView(score, verdict, spread, tuple(replies[sample_id]))
        for sample_id, score, verdict, spread in db.execute(machine.where(label.sample_id.in_(sample_ids)))
    }


def tally(db: Session, actor: Actor, round_id: int) -> Tally:
    """Count the actor's samples by their last standing decision."""
    decision, taken_back = tables.Decision, aliased(tables.Decision)
    last = (
        select(func.max(decision.id))
        .outerjoin(taken_back, taken_back.retracts_id == decision.id)
        .where(decision.round_id == round_id, decision.user_id == actor.user_id, decision.kind.in_(LABELLING))
        .where(taken_back.id.is_(None), decision.batch_id.is_(None))
        .group_by(decision.sample_id)
    )
    overridden = func.sum(case((decision.is_override, 1), else_=0))
    decided, number = db.execute(select(func.count(), overridden).where(decision.id.in_(last))).one()
    return Tally(decided, int(number or 0))


def progress(actor: Actor, round_id: int) -> Progress:
    """How far the review of a round is, and who did how much."""
    decision, taken_back, user = tables.Decision, aliased(tables.Decision), tables.User
    per_person = (
        select(user.name, func.count(decision.sample_id.distinct()).label("n"))
        .join(user, user.id == decision.user_id)
        .outerjoin(taken_back, taken_back.retracts_id == decision.id)
        .where(decision.round_id == round_id, decision.kind.in_(LABELLING), taken_back.id.is_(None))
        .where(decision.batch_id.is_(None))
        .group_by(user.id, user.name)
        .order_by(func.count(decision.sample_id.distinct()).desc(), user.name)
    )
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        sums = count_labels(db, round_id)
        people = tuple((name, number) for name, number in db.execute(per_person))
        mine = tally(db, actor, round_id)
    samples, decided = sum(sums.values()), sum(n for (source, _), n in sums.items() if source is LabelSource.person)
    return Progress(samples, decided, mine, people, is_open=round_.status is RoundStatus.review)


def count_labels(db: Session, round_id: int) -> dict[tuple[LabelSource, Verdict | None], int]:
    """Labels by source and verdict, from the index alone."""
    label = tables.Label
    query = select(label.facet, func.count()).where(label.round_id == round_id).group_by(label.facet)
    sums: dict[tuple[LabelSource, Verdict | None], int] = defaultdict(int)
    sources, verdicts = (
        (LabelSource.none, LabelSource.judge, LabelSource.person),
        (None, Verdict.accept, Verdict.reject),
    )
    for facet, number in db.execute(query):
        sums[sources[facet // 3 % 3], verdicts[facet % 3]] += number
    return sums


def closing(actor: Actor, round_id: int) -> Closing:
    """What closing the review now would go on with."""
    with reading() as db:
        get_row(db, actor, round_id)
        sums = count_labels(db, round_id)
    person, judge = LabelSource.person, LabelSource.judge
    return Closing(
        samples=sum(sums.values()),
        accepted_by_people=sums[person, Verdict.accept],
        rejected_by_people=sums[person, Verdict.reject],
        accepted_by_judge=sums[judge, Verdict.accept],
        rejected_by_judge=sums[judge, Verdict.reject],
        without_verdict=sum(n for (_, verdict), n in sums.items() if verdict is None),
    )


def close(actor: Actor, round_id: int) -> int:
    """End the review and enqueue the selection, in one transaction; return the job's id."""
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        query = select(tables.Round).where(tables.Round.id == round_id).with_for_update()
        round_ = db.scalars(query.execution_options(populate_existing=True)).one()
        if round_.status is not RoundStatus.review:
            raise Conflict(
                f"Round {round_.number} is not in review (it is {round_.status}, stage {round_.stage}): there is "
                "nothing to close. Look at the jobs to see what it does."
            )
        round_.status, round_.stage = RoundStatus.running, Stage.select
        job = jobs.enqueue(
            db, stage=Stage.select, project_id=round_.project_id, round_id=round_id, created_by=actor.user_id
        )
        return job.id
