"""Which items a person gets next: what was assigned to them, what others began, then the order.

What a person holds already comes again where the order has it: a reload goes on with the same items. A share of items
drawn at random is mixed in, at places that depend on person, round and place alone.

A gold item is in every walk, as any item is. What brings it forward is the draw at random and nothing else
(review_draw.py): an item that comes out of its turn is marked as drawn, whether it is gold or not. In the order random
every item is drawn so, but for those that were assigned or begun.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, case, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.aliases import alias
from backend.db.built import built_once, is_any, run
from backend.db.filters import Sort
from backend.db.many import in_chunks
from backend.services.access import Actor
from backend.services.decisions import group_decisions, slots
from backend.services.queue import assignments, item_views
from backend.services.queue.draw import at_random, chance, secret_of
from backend.services.queue.orders import PAGE, Order, Pages, along, walk
from backend.services.review_settings import ReviewSettings, deciding_kinds
from backend.services.rounds import review_scope
from backend.values import DecisionKind, LabelSource

MIXED = (Order.informativeness, Order.disagreement)
"""Orders that look where the judge is likely to be wrong, and would judge it by that."""
LOOKED_AT = 40
"""So many items of a page are looked at first, or more where more are wanted or kept to spare."""


@dataclass
class Picked:
    """What was found: ids in order, those drawn at random, and reasons to show."""

    ids: list[int] = field(default_factory=list)
    drawn: set[int] = field(default_factory=set)
    why: dict[int, str] = field(default_factory=dict)

    def add(self, ids: Iterable[int], why: str = "") -> None:
        new = [sample_id for sample_id in ids if sample_id not in self.ids]
        self.ids += new
        if why:
            self.why |= dict.fromkeys(new, why)


@dataclass(frozen=True)
class ItemRequest:
    """One request for items."""

    db: Session
    actor: Actor
    round: tables.Round
    settings: ReviewSettings
    order: Order
    limit: int
    after: int
    held: frozenset[int]
    spare: int = 0
    """How many items more are wanted, in case that others take some of the first. No page is read for them."""
    at: datetime = field(default_factory=now)

    def may_have(self, ids: Sequence[int], seen: Iterable[int] = ()) -> list[int]:
        """Those items that have a place for this person, in order: one statement for a whole page."""
        wanted = self.as_items(ids)
        dropped = {*self.held, *seen}
        shown = review_scope.only_shown(self.db, self.round, wanted)
        wanted = [sample_id for sample_id in wanted if sample_id not in dropped and sample_id in shown]
        if not wanted:
            return []
        asked = {"round_id": self.round.id, "project_id": self.round.project_id, "user_id": self.actor.user_id}
        taken: dict[int, list[Any]] = defaultdict(list)
        for part in in_chunks(wanted):
            query = _candidates(self.settings.by_group)
            for row in run(self.db, query, asked | {"item_ids": part}):
                taken[row.id].append(row)
        return [sample_id for sample_id in wanted if self.has_place(sample_id, taken[sample_id])]

    def has_place(self, item_id: int, rows: Sequence[Any]) -> bool:
        """Whether the person neither skipped the item, nor it waits for somebody else, nor all its slots are taken."""
        if not rows or rows[0].is_passed_on or (rows[0].is_elsewhere and not rows[0].is_mine):
            return False
        taken = [row for row in rows if row.slot is not None]
        number = self.settings.reviewers_of(item_id)
        return slots.free_slot(taken, self.actor.user_id, number, self.at) is not None

    def as_items(self, ids: Sequence[int]) -> list[int]:
        """Samples, or the groups they are of."""
        if not self.settings.by_group:
            return list(dict.fromkeys(ids))
        heads = group_decisions.first_of(self.db, ids)
        return list(dict.fromkeys(heads[sample_id] for sample_id in ids if sample_id in heads))


@built_once
def _candidates(by_group: bool) -> Any:
    """A row for each slot of some items that has one, in order, with what else keeps the person from an item.

    An assignment to others is waited for, unless they may no longer decide.
    """
    sample, lease, decision = tables.Sample, tables.Lease, alias(tables.Decision, "passed")
    other, own = alias(tables.Assignment, "others_assignment"), alias(tables.Assignment, "own_assignment")
    me: Any = bindparam("user_id")
    deciding = deciding_kinds(by_group)
    passed = standing.everything(decision.id, kinds=(DecisionKind.skip,), of=decision)
    passed = passed.where(decision.sample_id == sample.id, decision.user_id == me)
    elsewhere = (
        select(other.sample_id)
        .where(other.sample_id == sample.id, other.user_id != me, assignments.is_waiting(other, deciding))
        .where(assignments.is_able(other, bindparam("project_id"), bindparam("round_id")))
    )
    mine = select(own.sample_id).where(own.sample_id == sample.id, own.user_id == me)
    return (
        select(sample.id, lease.slot, lease.user_id, lease.expires_at, lease.decided_at)
        .add_columns(passed.exists().label("is_passed_on"))
        .add_columns(elsewhere.exists().label("is_elsewhere"), mine.exists().label("is_mine"))
        .outerjoin(lease, lease.sample_id == sample.id)
        .where(is_any(sample.id, "item_ids"))
        .order_by(lease.slot)
    )


def pick(asked: ItemRequest) -> Picked:
    """The next items, in order."""
    picked, first, missing = Picked(), Picked(), asked.limit
    kinds = places(asked, missing)
    first.add(assigned(asked, missing), item_views.ASSIGNED)
    if len(first.ids) < missing and asked.settings.has_overlap:
        first.add(begun(asked, missing - len(first.ids), first.ids), item_views.BEGUN)
    number, me = max(0, missing - len(first.ids)), asked.actor.user_id
    lots = at_random(asked.db, asked.round.id, asked.settings, me)
    is_random = asked.order is Order.random
    lucky = number if is_random else min(number, kinds.count("random"))
    drawn = draw(asked, lots, lucky, first.ids, spare=asked.spare if is_random else 0)
    order = walk(asked.db, asked.round, asked.settings, asked.order, asked.after, me)
    wanted = number - len(drawn) if is_random else number
    ordered = draw(asked, order, wanted, [*first.ids, *drawn], spare=asked.spare)
    picked.drawn = set(drawn)
    picked.why = first.why | dict.fromkeys(picked.drawn, item_views.RANDOM)
    picked.ids = [*first.ids, *drawn, *ordered] if is_random else mixed(kinds, drawn, [*first.ids, *ordered])
    # In place of a drawn one that somebody else took comes the next of the order.
    picked.ids += [n for n in (*first.ids, *ordered) if n not in picked.ids]
    picked.ids = picked.ids[: missing + asked.spare]
    return picked


def mixed(kinds: Sequence[str], drawn: list[int], ordered: list[int]) -> list[int]:
    """Put each at its place; where a kind has run out, the order goes on, and the other way round."""
    by_kind = {"random": drawn[::-1], "order": ordered[::-1]}
    mixed_ = []
    for kind in kinds:
        for source in (by_kind[kind], by_kind["order"], by_kind["random"]):
            if source:
                mixed_.append(source.pop())
                break
    return mixed_


def places(asked: ItemRequest, number: int) -> list[str]:
    """What belongs at each of the person's next places: a sample drawn at random, or the order.

    A skip takes a place as a decision does, so that what comes next does not move.
    """
    of = {"round_id": asked.round.id, "user_id": asked.actor.user_id, "held": sorted(asked.held)}
    done = run(asked.db, _done(), of).scalar_one()
    share = asked.settings.random_share if asked.order in MIXED else 0.0
    secret = secret_of(asked.round.id, asked.actor.user_id, "places")
    return ["random" if chance(secret, place) < share else "order" for place in range(done, done + number)]


@built_once
def _done() -> Any:
    """How many items the person decided, holds in the page, or skipped."""
    lease, decision = tables.Lease, tables.Decision
    me: Any = bindparam("user_id")
    mine = select(func.count()).where(lease.round_id == bindparam("round_id"), lease.user_id == me)
    mine = mine.where(or_(lease.decided_at.is_not(None), is_any(lease.sample_id, "held")))
    skips = standing.everything(func.count(decision.sample_id.distinct()), kinds=(DecisionKind.skip,))
    skips = skips.where(decision.round_id == bindparam("round_id"), decision.user_id == me)
    return select(mine.scalar_subquery() + skips.scalar_subquery())


def draw(asked: ItemRequest, pages: Pages, number: int, seen: Sequence[int], *, spare: int = 0) -> list[int]:
    """The first so many of a walk that the person may have, and up to `spare` more of those looked at with them."""
    ids: list[int] = []
    if number > 0:
        for page in pages:
            begin, size = 0, max(LOOKED_AT, 4 * number, number + spare)
            while begin < len(page) and len(ids) < number:
                # Mostly the first ones are free: what stands behind them is not looked at in vain.
                ids += asked.may_have(page[begin : begin + size], [*seen, *ids])
                begin, size = begin + size, 4 * size
            if len(ids) >= number:
                break
    return ids[: number + spare]


def assigned(asked: ItemRequest, number: int) -> list[int]:
    """What a curator gave to this person and they have not decided yet."""
    query, of = _assigned(asked.settings.by_group, asked.settings.has_overlap), _of(asked)
    return asked.may_have(list(run(asked.db, query, of).scalars()))[:number]


def _of(asked: ItemRequest) -> dict[str, Any]:
    return {"round_id": asked.round.id, "user_id": asked.actor.user_id}


@built_once
def _assigned(by_group: bool, has_overlap: bool) -> Any:
    row = tables.Assignment
    return (
        select(row.sample_id)
        .where(row.round_id == bindparam("round_id"), row.user_id == bindparam("user_id"))
        .where(assignments.is_waiting(row, deciding_kinds(by_group)))
        .where(~assignments.is_complete(row.sample_id, has_overlap=has_overlap))
        .order_by(row.sample_id)
        .limit(4 * PAGE)
    )


def begun(asked: ItemRequest, number: int, seen: Sequence[int]) -> list[int]:
    """Items that others have decided and that lack more reviewers: looked for at both ends, and at last everywhere."""
    rows = run(asked.db, _begun(), _of(asked) | {"at": asked.at}).all()
    by_end = {end: sorted((row.expires_at, row.sample_id) for row in rows if row.end == end) for end in ENDS}
    pages = [sorted(row.sample_id for row in rows if row.end == OWN)]
    pages += [n for _, n in by_end[LONGEST]], [n for _, n in reversed(by_end[SHORTEST])]
    drawn_ids = draw(asked, iter(pages), number, seen, spare=asked.spare)
    looked_at = next(row.sample_id for row in rows if row.end == NUMBER)
    if drawn_ids or looked_at < 2 * PAGE or not is_worn_out(asked):
        return drawn_ids
    lease, other = tables.Lease, alias(tables.Lease, "other_lease")
    is_open = (lease.round_id == asked.round.id, lease.decided_at.is_(None), lease.expires_at < asked.at)
    mine = select(other.sample_id).where(other.user_id == asked.actor.user_id, other.sample_id == lease.sample_id)
    rest = select(lease.sample_id).where(*is_open, ~mine.exists()).order_by(lease.sample_id)
    return draw(asked, in_pages(asked.db, rest, lease.sample_id), number, seen, spare=asked.spare)


OWN, LONGEST, SHORTEST, NUMBER = range(4)
ENDS = (LONGEST, SHORTEST)


@built_once
def _begun() -> Any:
    """What the person holds of items that have a label of people, and open slots of items that others decided.

    And how many slots were looked at from one end, as `NUMBER`.
    """
    lease, label = tables.Lease, tables.Label
    here = lease.round_id == bindparam("round_id"), lease.decided_at.is_(None)
    own = (
        select(literal(OWN).label("end"), lease.sample_id, lease.expires_at)
        .join(label, label.sample_id == lease.sample_id)
        .where(*here, lease.user_id == bindparam("user_id"), label.source == LabelSource.person)
        .order_by(lease.sample_id)
        .limit(PAGE)
    )
    parts = [select(own.subquery("own"))]
    for end, way in (
        (LONGEST, (lease.expires_at, lease.sample_id)),
        (SHORTEST, (lease.expires_at.desc(), lease.sample_id.desc())),
    ):
        # So many rows and no more are looked at: in a round whose items were all begun they are one index range.
        some_open = select(literal(end).label("end"), lease.sample_id, lease.expires_at)
        some_open = some_open.where(*here, lease.expires_at < bindparam("at")).order_by(*way).limit(2 * PAGE)
        opened, done = some_open.subquery(f"open_{end}"), alias(tables.Lease, f"done_{end}")
        # One look at each item's slots. As two conditions PostgreSQL may join all that the person decided to each.
        is_mine = case((done.user_id == bindparam("user_id"), 1), else_=0)
        decided = select(func.max(is_mine)).where(done.sample_id == opened.c.sample_id, done.decided_at.is_not(None))
        part = select(opened).where(decided.scalar_subquery() == 0)
        if end == LONGEST:
            number = select(func.count()).select_from(opened).scalar_subquery()
            parts += [part, select(literal(NUMBER), number, literal(None, lease.__table__.c.expires_at.type))]
        else:
            # Where the first end has all of them, the other one has the same.
            parts.append(part.where(number == 2 * PAGE))
    return union_all(*parts)


def in_pages(db: Session, query: Select[Any], by: Any) -> Pages:
    """What a query in the order of a number finds, page by page."""
    last = 0
    while page := list(db.scalars(query.where(by > last).limit(4 * PAGE))):
        yield page
        last = page[-1]


def is_worn_out(asked: ItemRequest) -> bool:
    """Whether little is left that nobody began: then what others began is looked for everywhere."""
    some = next(along(asked.db, asked.round.id, Sort()))
    return asked.settings.by_group or not asked.may_have(some)
