"""Gold items: samples whose right label is known, met in the queue by reviewers who are not told.

To a reviewer a gold item is like any other item: it has as many slots as others, is assigned, reserved, counted and
shown as they are, and its label moves with what is said of it. What sets it apart comes after the review: what people
said of it measures them, and selection gives it the label that was known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, standing, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.recipes import cut_of, judge_of
from backend.services import events, review_settings
from backend.services.access import Actor
from backend.services.decisions.locks import lock_until_reviewed
from backend.services.rounds import get_row
from backend.values import DecisionKind, Role, Verdict

MAX_MARKED = 1_000


@dataclass(frozen=True)
class Gold:
    """A gold item, for curators."""

    sample_id: int
    text: str
    verdict: Verdict
    reason: str
    machine_verdict: Verdict | None
    who: str | None
    at: datetime
    met: int
    """How many people decided on it."""


@dataclass(frozen=True)
class Accuracy:
    """How one person did on the gold items of a round, by their last decision on each."""

    user_id: int
    who: str
    right: int
    number: int


def mark(actor: Actor, round_id: int, sample_ids: Sequence[int], verdict: Verdict, *, reason: str = "") -> int:
    """Make samples gold items with this label; a marked one gets the new label. Return how many.

    Raises `Conflict` once the review is over, and for ordinary items that reviewers have decided.
    """
    ids = list(dict.fromkeys(sample_ids))
    if not 1 <= len(ids) <= MAX_MARKED:
        raise InvalidInput(f"Mark 1 to {MAX_MARKED:,} samples at once.", field="samples")
    with session() as db:
        round_ = _open_round(db, actor, round_id)
        if review_settings.read(round_.review).by_group:
            raise InvalidInput(
                f"Round {round_.number} is reviewed by group, and a known label is of one sample. Choose the mode "
                "sample."
            )
        there = completions(db, round_id, ids)
        missing = [sample_id for sample_id in ids if sample_id not in there]
        if missing:
            raise NotFound(f"There is no sample {missing[0]} in round {round_.number}. Reload the page.")
        decided = _decided(db, sorted(set(ids) - among(db, ids)))
        if decided is not None:
            raise Conflict(f"Sample {decided} was decided by reviewers already. Choose one that nobody has decided.")
        db.execute(delete(tables.GoldItem).where(tables.GoldItem.sample_id.in_(ids)))
        columns = {"round_id": round_id, "verdict": verdict, "reason": reason, "created_at": now()}
        db.add_all(tables.GoldItem(sample_id=sample_id, created_by=actor.user_id, **columns) for sample_id in ids)
        what = {"project_id": round_.project_id, "round_id": round_id, "verdict": verdict.value, "sample_ids": ids}
        events.note(db, actor, "mark gold", f"{len(ids):,} samples of round {round_.number}", **what)  # type: ignore[arg-type]
    return len(ids)


def unmark(actor: Actor, round_id: int, sample_ids: Sequence[int]) -> int:
    """Make gold items ordinary ones again. Return how many there were.

    Raises `Conflict` once the review is over, and for items that reviewers have decided: what they said as if of a gold
    item would stay so.
    """
    gold = tables.GoldItem
    with session() as db:
        round_ = _open_round(db, actor, round_id)
        marked = select(gold.sample_id).where(gold.round_id == round_id, gold.sample_id.in_(sample_ids))
        decided = _decided(db, list(db.scalars(marked.order_by(gold.sample_id))))
        if decided is not None:
            raise Conflict(
                f"Sample {decided} was decided by reviewers already, and what they said of it measures them. It stays "
                "a gold item; where its label is wrong, mark it again with the right one."
            )
        gone = delete(gold).where(gold.round_id == round_id, gold.sample_id.in_(sample_ids))
        ids = list(db.scalars(gone.returning(gold.sample_id)))
        place = {"project_id": round_.project_id, "round_id": round_id}
        events.note(db, actor, "unmark gold", f"{len(ids):,} samples of round {round_.number}", **place, sample_ids=ids)
    return len(ids)


def _open_round(db: Session, actor: Actor, round_id: int) -> tables.Round:
    """The round, held so that its review does not end and nobody decides meanwhile; raises `Conflict` after that."""
    get_row(db, actor, round_id, Role.curator)
    return lock_until_reviewed(
        db,
        round_id,
        "training reads the labels that were known when its review ended. Mark samples of a round that is in review or "
        "before it.",
    )


def _decided(db: Session, ids: Sequence[int]) -> int | None:
    """One of the samples that somebody decided, late or not."""
    lease, decision = tables.Lease, tables.Decision
    taken = select(lease.sample_id).where(lease.sample_id.in_(ids), lease.decided_at.is_not(None))
    decided = standing.decisions(
        decision.sample_id, late=True, gold=True, adjudication=False, batch=False, kinds=standing.DECIDING
    ).where(decision.sample_id.in_(ids))
    taken_id = db.scalar(taken.order_by(lease.sample_id).limit(1))
    return taken_id if taken_id is not None else db.scalar(decided.order_by(decision.sample_id).limit(1))


def list_gold(actor: Actor, round_id: int) -> list[Gold]:
    """The gold items of a round. For curators: a reviewer must not know them."""
    gold, sample, label, user, decision = (tables.GoldItem, tables.Sample, tables.Label, tables.User, tables.Decision)
    met = (
        standing.on_gold(func.count(decision.user_id.distinct()))
        .where(decision.sample_id == gold.sample_id)
        .scalar_subquery()
    )
    query = (
        select(
            gold.sample_id,
            sample.text,
            gold.verdict,
            gold.reason,
            label.machine_verdict,
            user.name,
            gold.created_at,
            met,
        )
        .join(sample, sample.id == gold.sample_id)
        .join(label, label.sample_id == gold.sample_id)
        .outerjoin(user, user.id == gold.created_by)
        .where(gold.round_id == round_id)
        .order_by(gold.sample_id)
    )
    with reading() as db:
        get_row(db, actor, round_id, Role.curator)
        return [Gold(*row) for row in db.execute(query)]


def accuracy(actor: Actor, round_id: int) -> list[Accuracy]:
    """Each person's share of right decisions on gold items, best known first."""
    decision, gold, user = tables.Decision, tables.GoldItem, tables.User
    last = (
        standing.on_gold(func.max(decision.id))
        .where(decision.round_id == round_id)
        .group_by(decision.sample_id, decision.user_id)
    )
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        cut = cut_of(judge_of(round_.recipe, round_.phase))
        accepts = case(
            (decision.kind == DecisionKind.score, decision.score >= cut), else_=decision.kind == DecisionKind.accept
        )
        right = func.sum(case((accepts == (gold.verdict == Verdict.accept), 1), else_=0))
        query = (
            select(user.id, user.name, right, func.count())
            .join(decision, decision.user_id == user.id)
            .join(gold, gold.sample_id == decision.sample_id)
            .where(decision.id.in_(last))
            .group_by(user.id, user.name)
            .order_by(func.count().desc(), user.name)
        )
        return [Accuracy(user_id, who, int(n or 0), number) for user_id, who, n, number in db.execute(query)]


def completions(db: Session, round_id: int, ids: Sequence[int]) -> set[int]:
    label = tables.Label
    query = select(label.sample_id).where(label.round_id == round_id, label.sample_id.in_(ids))
    return set(db.scalars(query.where(label.kind.in_(tables.JUDGED))))


def among(db: Session, ids: Sequence[int]) -> set[int]:
    """Those that are gold."""
    return set(db.scalars(select(tables.GoldItem.sample_id).where(tables.GoldItem.sample_id.in_(ids))))
