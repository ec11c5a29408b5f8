"""What to look at next: samples nobody decided yet, in an order that says why each one is here."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backend.db import reading, tables
from backend.db.filters import Cursor, Filters, Sort, SortKey
from backend.db.listing import scope
from backend.db.listing_search import find
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.labels import LABELLING
from backend.services.reviews import JudgeView, judge_views
from backend.services.rounds import get_row
from backend.values import DecisionKind, LabelSource, Messages, Role, RoundStatus

MAX_ITEMS = 100
MAX_HELD = 1_000
MAX_CHARACTERS = 4_000_000
"""One answer holds no more text than this, but at least one sample."""
TRIES = 40
DRAWN = 250
SMALLEST_SPREAD = 0.05
"""A judge that repeats itself exactly is still taken to be wrong near its cut."""


class Order(StrEnum):
    sequential = "sequential"
    random = "random"
    disagreement = "disagreement"
    worth = "worth"


@dataclass(frozen=True)
class Item:
    """One sample to decide. `judge` and `reason` stay None while the judge's view is hidden."""

    sample_id: int
    group_id: int
    messages: Messages
    text: str
    finish_reason: str
    num_tokens: int
    score_like: bool
    judge: JudgeView | None
    reason: str | None


def queue(
    actor: Actor,
    round_id: int,
    *,
    order: Order = Order.sequential,
    limit: int = 20,
    after: int = 0,
    held: Sequence[int] = (),
    include: Sequence[int] = (),
) -> list[Item]:
    """The next samples to decide, without those the actor skipped or holds in the page.

    `after`: in sequential order, the number of the last sample there. `include`: samples the actor decided and
    wants to see again, returned first.
    """
    if not 1 <= limit <= MAX_ITEMS or len(held) > MAX_HELD or len(include) > MAX_HELD:
        raise InvalidInput(f"A queue gives 1 to {MAX_ITEMS} samples at a time. Ask for fewer.")
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.reviewer)
        again = in_round(db, round_id, include)
        ids = list(again)
        if round_.status is RoundStatus.review:
            ids += next_ids(db, actor, round_, order, limit, after, {*held, *again})
        return items(db, actor, round_, ids)


def in_round(db: Session, round_id: int, ids: Sequence[int]) -> list[int]:
    """Those that are samples of this round, in their order."""
    query = select(tables.Label.sample_id).where(tables.Label.sample_id.in_(ids), tables.Label.round_id == round_id)
    known = set(db.scalars(query)) if ids else set()
    return [n for n in dict.fromkeys(ids) if n in known]


def next_ids(
    db: Session, actor: Actor, round_: tables.Round, order: Order, limit: int, after: int, held: set[int]
) -> list[int]:
    """Undecided samples in this order."""
    wanted = limit + len(held)
    if order is Order.random:
        return at_random(db, actor, round_.id, limit, held)
    if order is Order.sequential:
        found: list[int] = []
        while len(found) < limit:
            ids = undecided(db, round_.id, Sort(), limit=wanted, after=after)
            found += free(db, actor, ids, held)
            if len(ids) < wanted:
                break
            after = ids[-1]
        return found[:limit]
    cut = float(round_.recipe.get("judge", {}).get("accept_at", 0.5))
    ids = undecided(db, round_.id, Sort(SortKey.spread, descending=True), limit=3 * wanted)
    if order is Order.disagreement:
        spread = spreads(db, ids)
        return free(db, actor, [n for n in ids if spread[n][1]], held)[:limit]
    ids += undecided(db, round_.id, Sort(), limit=wanted, filters=Filters(source=("none",), is_unparsed=True))
    ids += undecided(db, round_.id, Sort(SortKey.score), limit=3 * wanted, filters=Filters(min_score=cut))
    ids += undecided(
        db, round_.id, Sort(SortKey.score, descending=True), limit=3 * wanted, filters=Filters(max_score=cut)
    )
    known = spreads(db, ids)
    ranked = sorted(known, key=lambda n: (-worth(*known[n], cut=cut), n))
    return free(db, actor, ranked, held)[:limit]


def worth(score: float | None, spread: float | None, *, cut: float) -> float:
    """How likely a look changes the label, 0 to 1: near the cut for how much the judge wavers; 1 without a verdict."""
    if score is None:
        return 1.0
    wavering = max(spread or 0.0, SMALLEST_SPREAD)
    return wavering / (wavering + abs(score - cut))


def undecided(
    db: Session, round_id: int, sort: Sort, *, limit: int, after: int = 0, filters: Filters | None = None
) -> list[int]:
    """Samples without a person's label, straight from the lists' index ranges."""
    asked = filters or Filters(source=("none", "judge"))
    if not asked.source:
        asked = Filters(**asked.changed() | {"source": ("none", "judge")})
    place = Cursor(after, after, sort) if after else None
    return list(find(scope(db, round_id, asked), asked, sort, place, limit).ids)


def free(db: Session, actor: Actor, ids: Iterable[int], held: set[int]) -> list[int]:
    """Those the page does not hold and the actor did not skip."""
    wanted = [n for n in dict.fromkeys(ids) if n not in held]
    decision, taken_back = tables.Decision, aliased(tables.Decision)
    query = (
        select(decision.sample_id)
        .outerjoin(taken_back, taken_back.retracts_id == decision.id)
        .where(decision.sample_id.in_(wanted), decision.user_id == actor.user_id, taken_back.id.is_(None))
        .where(decision.kind.in_((DecisionKind.skip, DecisionKind.edit)))
    )
    seen = set(db.scalars(query)) if wanted else set()
    return [n for n in wanted if n not in seen]


def spreads(db: Session, ids: Sequence[int]) -> dict[int, tuple[float | None, float | None]]:
    """Score and spread of each sample, in the order of the ids."""
    label = tables.Label
    query = select(label.sample_id, label.machine_score, label.machine_spread).where(label.sample_id.in_(ids))
    found = {id_: (score, spread) for id_, score, spread in db.execute(query)} if ids else {}
    return {n: found[n] for n in dict.fromkeys(ids)}


def at_random(db: Session, actor: Actor, round_id: int, limit: int, held: set[int]) -> list[int]:
    """Draw undecided samples: by number while most are undecided, from the list of all when few are left."""
    sample, label = tables.Sample, tables.Label
    low = db.scalar(select(sample.id).where(sample.round_id == round_id).order_by(sample.id).limit(1))
    high = db.scalar(select(sample.id).where(sample.round_id == round_id).order_by(sample.id.desc()).limit(1))
    few = undecided(db, round_id, Sort(), limit=5 * DRAWN)
    if low is None or high is None or len(few) < 5 * DRAWN:
        random.shuffle(few)
        return free(db, actor, few, held)[:limit]
    found: list[int] = []
    for _ in range(TRIES):
        drawn = random.sample(range(low, high + 1), min(DRAWN, high - low + 1))
        query = select(label.sample_id).where(
            label.sample_id.in_(drawn), label.round_id == round_id, label.source != LabelSource.person
        )
        open_ids = set(db.scalars(query))
        found += free(db, actor, [n for n in drawn if n in open_ids], held | set(found))
        if len(found) >= limit:
            break
    return found[:limit]


def items(db: Session, actor: Actor, round_: tables.Round, ids: Sequence[int]) -> list[Item]:
    """The samples in full; the judge's view where it is shown, or where the actor has decided already."""
    sample, prompt = tables.Sample, tables.Prompt
    query = select(sample, prompt.messages).join(prompt, prompt.id == sample.prompt_id).where(sample.id.in_(ids))
    rows = {row.id: (row, messages) for row, messages in db.execute(query)} if ids else {}
    shown = [n for n in ids if not round_.is_blind] or sorted(decided_by(db, actor, ids))
    views = judge_views(db, shown)
    cut = float(round_.recipe.get("judge", {}).get("accept_at", 0.5))
    made = [item(*rows[n], views.get(n), cut) for n in ids if n in rows]
    length = list(accumulate(len(one.text) for one in made))
    return [one for one, so_far in zip(made, length, strict=True) if so_far <= MAX_CHARACTERS or one is made[0]]


def item(row: tables.Sample, messages: Any, view: JudgeView | None, cut: float) -> Item:
    why = reason(view, cut) if view else None
    return Item(row.id, row.group_id, messages, row.text, row.finish_reason, row.num_tokens, row.score_like, view, why)


def decided_by(db: Session, actor: Actor, ids: Sequence[int]) -> set[int]:
    """Those the actor has labelled, even if taken back: the judge's view was shown then."""
    decision = tables.Decision
    query = select(decision.sample_id).where(decision.sample_id.in_(ids), decision.user_id == actor.user_id)
    return set(db.scalars(query.where(decision.kind.in_(LABELLING))))


def reason(view: JudgeView, cut: float) -> str:
    """Why a look is worth it, in words."""
    scores = [f"{reply.score:g}" for reply in view.replies if reply.score is not None]
    if view.score is None:
        return "The judge gave no verdict."
    if view.spread:
        return f"The judge gave {', '.join(scores)}."
    near = abs(view.score - cut) <= 0.1 * max(1.0, abs(cut))
    return f"Scored {view.score:g}, {'close to' if near else 'against'} the cut at {cut:g}."
