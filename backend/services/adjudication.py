"""Adjudication: items on which reviewers disagree go to a queue of their own; all originals stay."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.services import decisions, labels, review_items, review_settings
from backend.services.access import Actor
from backend.services.acts import Act, Written
from backend.services.group_decisions import TOGETHER
from backend.services.labels import ANY_LABELLING
from backend.services.review_items import Item
from backend.services.reviews import Decided, answers
from backend.services.rounds import get_row
from backend.values import DecisionKind, Role, Verdict

MAX_ITEMS = 100


@dataclass(frozen=True)
class Vote:
    """One reviewer's last standing word on an item."""

    user_id: int
    who: str
    kind: DecisionKind
    verdict: Verdict | None
    score: float | None
    value: dict[str, Any]
    note: str
    at: datetime


@dataclass(frozen=True)
class Disputed:
    """An item with everything that was said of it."""

    item: Item
    votes: tuple[Vote, ...]


def count(actor: Actor, round_id: int) -> int:
    """How many items wait for an adjudication."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        return db.scalar(select(func.count()).select_from(disputed(round_).subquery())) or 0


def queue(actor: Actor, round_id: int, *, limit: int = 20, held: Sequence[int] = ()) -> list[Disputed]:
    """Items on which last standing votes differ and that nobody has adjudicated, with names and all votes."""
    if not 1 <= limit <= MAX_ITEMS:
        raise InvalidInput(f"A queue gives 1 to {MAX_ITEMS} items at a time. Ask for fewer.")
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        ids = [n for n in db.scalars(disputed(round_).limit(limit + len(held))) if n not in set(held)][:limit]
        return shown(db, actor, round_, ids)


def decide(
    actor: Actor,
    round_id: int,
    client_id: str,
    sample_id: int,
    kind: DecisionKind,
    *,
    score: float | None = None,
    value: dict[str, Any] | None = None,
    note: str = "",
    seconds: float | None = None,
) -> Decided:
    """Settle an item: this word stands above all votes until it is taken back. It needs no slot and takes none."""
    act = Act(client_id, kind, sample_id, score=score, value=value or {}, note=note, seconds=seconds, is_blind=False)
    if kind not in ANY_LABELLING:
        raise InvalidInput(f"An adjudication is one of {', '.join(ANY_LABELLING)}, not {kind}.")
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        round_ = decisions.lock_round(db, round_id)
        done: Written = decisions.write_alone(db, actor, round_, act, is_adjudication=True)
        return answers(db, actor, round_, [done])[0]


def disputed(round_: tables.Round) -> Any:
    """The items, in order of their number: two verdicts, scores on both sides of the cut, or two ways to order."""
    decision, taken_back, later = tables.Decision, aliased(tables.Decision), aliased(tables.Decision)
    undone, settled, unsettled = aliased(tables.Decision), aliased(tables.Decision), aliased(tables.Decision)
    votes = (*ANY_LABELLING,)
    is_later = (
        select(later.id)
        .outerjoin(undone, undone.retracts_id == later.id)
        .where(later.sample_id == decision.sample_id, later.user_id == decision.user_id, later.id > decision.id)
        .where(later.kind.in_(votes), undone.id.is_(None), later.is_late.is_(False), later.batch_id.is_(None))
    )
    is_settled = (
        select(settled.id)
        .outerjoin(unsettled, unsettled.retracts_id == settled.id)
        .where(settled.sample_id == decision.sample_id, settled.kind.in_(votes), unsettled.id.is_(None))
        .where(settled.is_adjudication | and_(settled.batch_id.is_not(None), settled.id > decision.id))
    )
    cut = labels.cut_of(round_.recipe.get("judge", {}))
    accepts = or_(
        decision.kind == DecisionKind.accept, and_(decision.kind == DecisionKind.score, decision.score >= cut)
    )
    word = case((decision.kind.in_(TOGETHER), said(decision)), (accepts, "accept"), else_="reject")
    return (
        select(decision.sample_id)
        .outerjoin(taken_back, taken_back.retracts_id == decision.id)
        .where(decision.round_id == round_.id, decision.kind.in_(votes), taken_back.id.is_(None))
        .where(decision.is_late.is_(False), decision.is_gold.is_(False), decision.batch_id.is_(None))
        .where(decision.is_adjudication.is_(False), ~is_later.exists(), ~is_settled.exists())
        .group_by(decision.sample_id)
        .having(func.count(word.distinct()) > 1)
        .order_by(decision.sample_id)
    )


def said(decision: type[tables.Decision]) -> Any:
    """Which text a group decision puts first; two samples with the same text are no dispute."""
    value, sample = decision.value, tables.Sample
    best = func.coalesce(value["best"].as_integer(), value["order"][0].as_integer())
    text = select(func.trim(sample.text)).where(sample.id == best).scalar_subquery()
    return case(
        (best.is_not(None), literal("best ") + text),
        (value["all_bad"].as_string().is_not(None), "all bad"),
        else_="tie",
    )


def shown(db: Session, actor: Actor, round_: tables.Round, ids: Sequence[int]) -> list[Disputed]:
    settings = review_settings.read(round_.review)
    votes = read_votes(db, round_, ids)
    made = review_items.items(db, actor, round_, settings, ids, {}, is_curating=True)
    return [Disputed(one, tuple(votes[one.sample_id])) for one in made]


def read_votes(db: Session, round_: tables.Round, ids: Sequence[int]) -> dict[int, list[Vote]]:
    """Each reviewer's last standing word on each item."""
    decision, taken_back, user = tables.Decision, aliased(tables.Decision), tables.User
    query = (
        select(decision, user.name)
        .join(user, user.id == decision.user_id)
        .outerjoin(taken_back, taken_back.retracts_id == decision.id)
        .where(decision.sample_id.in_(ids), decision.kind.in_(ANY_LABELLING), taken_back.id.is_(None))
        .where(decision.is_late.is_(False), decision.is_gold.is_(False), decision.batch_id.is_(None))
        .where(decision.is_adjudication.is_(False))
        .order_by(decision.id)
    )
    cut, last = labels.cut_of(round_.recipe.get("judge", {})), dict[tuple[int, int], Vote]()
    for row, who in db.execute(query) if ids else ():
        word = None if row.kind in TOGETHER else labels.verdict_of(labels.Word(row.kind, row.score), cut)
        vote = Vote(row.user_id, who, row.kind, word, row.score, row.value, row.note, row.created_at)
        last[row.sample_id, row.user_id] = vote
    found: dict[int, list[Vote]] = defaultdict(list)
    for (sample_id, _), vote in last.items():
        found[sample_id].append(vote)
    return found
