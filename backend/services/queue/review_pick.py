"""Which items a person gets next: what was assigned to them, what others began, then the order.

What a person holds already comes again where the order has it: a reload goes on with the same items. A share of items
drawn at random is mixed in, at places that depend on person, round and place alone.

A gold item is in every walk, as any item is. What brings it forward is the draw at random and nothing else
(review_draw.py): an item that comes out of its turn is marked as drawn, whether it is gold or not. In the order random
every item is drawn so, but for those that were assigned or begun.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.aliases import alias
from backend.db.filters import Sort
from backend.services.access import Actor
from backend.services.decisions import group_decisions, leases
from backend.services.queue import assignments, reasons
from backend.services.queue.draw import at_random, chance, secret_of
from backend.services.queue.orders import PAGE, Order, Pages, along, walk
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import review_scope
from backend.values import DecisionKind, LabelSource

MIXED = (Order.informativeness, Order.disagreement)
"""Orders that look where the judge is likely to be wrong, and would judge it by that."""


@dataclass
class Picked:
    """What was found: ids in order, those drawn at random, and reasons to show. `is_limited`: there is a quota."""

    ids: list[int] = field(default_factory=list)
    drawn: set[int] = field(default_factory=set)
    why: dict[int, str] = field(default_factory=dict)
    is_limited: bool = False

    def add(self, ids: Iterable[int], why: str = "") -> None:
        new = [n for n in ids if n not in self.ids]
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
    at: datetime = field(default_factory=now)

    def may_have(self, ids: Sequence[int], seen: Iterable[int] = ()) -> list[int]:
        """Those items that have a place for this person, in order: one question a table for a whole page."""
        wanted = self.as_items(ids)
        dropped = {*self.held, *seen}
        shown = review_scope.only_shown(self.db, self.round, wanted)
        wanted = [n for n in wanted if n not in dropped and n in shown]
        if not wanted:
            return []
        out = self.passed_on(wanted) | self.assigned_elsewhere(wanted)
        taken = leases.slots(self.db, [n for n in wanted if n not in out])
        return [n for n in wanted if n not in out and self.has_place(n, taken)]

    def has_place(self, item_id: int, taken: dict[int, list[Any]]) -> bool:
        number = self.settings.reviewers_of(item_id)
        return leases.free_slot(taken.get(item_id, ()), self.actor.user_id, number, self.at) is not None

    def as_items(self, ids: Sequence[int]) -> list[int]:
        """Samples, or the groups they are of."""
        if not self.settings.by_group:
            return list(dict.fromkeys(ids))
        heads = group_decisions.first_of(self.db, ids)
        return list(dict.fromkeys(heads[n] for n in ids if n in heads))

    def passed_on(self, ids: Sequence[int]) -> set[int]:
        """Those the person skipped."""
        decision = tables.Decision
        query = standing.everything(decision.sample_id, kinds=(DecisionKind.skip,))
        return set(self.db.scalars(query.where(decision.sample_id.in_(ids), decision.user_id == self.actor.user_id)))

    def assigned_elsewhere(self, ids: Sequence[int]) -> set[int]:
        """Those that wait for others a curator gave them to; who may no longer decide is not waited for."""
        row = tables.Assignment
        given = select(row.sample_id, row.user_id, assignments.is_waiting(row, self.settings))
        given = given.where(row.sample_id.in_(ids), assignments.is_able(row, self.round))
        rows = self.db.execute(given).all()
        mine = {n for n, user_id, _ in rows if user_id == self.actor.user_id}
        return {n for n, _, is_waiting in rows if is_waiting} - mine


def pick(asked: ItemRequest) -> Picked:
    """The next items, in order."""
    picked, missing = Picked(), asked.limit
    kinds = places(asked, missing)
    first = Picked()
    first.add(assigned(asked, missing), reasons.ASSIGNED)
    if len(first.ids) < missing and asked.settings.has_overlap:
        first.add(begun(asked, missing - len(first.ids), first.ids), reasons.BEGUN)
    number, me = max(0, missing - len(first.ids)), asked.actor.user_id
    lots = at_random(asked.db, asked.round.id, asked.settings, me)
    is_random = asked.order is Order.random
    drawn = draw(asked, lots, number if is_random else min(number, kinds.count("random")), first.ids)
    order = walk(asked.db, asked.round, asked.settings, asked.order, asked.after, me)
    ordered = draw(asked, order, number - len(drawn) if is_random else number, [*first.ids, *drawn])
    picked.drawn = set(drawn)
    picked.why = first.why | dict.fromkeys(picked.drawn, reasons.RANDOM)
    if is_random:
        picked.ids = [*first.ids, *drawn, *ordered][:missing]
    else:
        picked.ids = mixed(kinds, drawn, [*first.ids, *ordered])[:missing]
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
    lease, decision, db = tables.Lease, tables.Decision, asked.db
    mine = select(func.count()).where(lease.round_id == asked.round.id, lease.user_id == asked.actor.user_id)
    done = db.scalar(mine.where(or_(lease.decided_at.is_not(None), lease.sample_id.in_(asked.held)))) or 0
    skips = standing.everything(func.count(decision.sample_id.distinct()), kinds=(DecisionKind.skip,))
    done += db.scalar(skips.where(decision.round_id == asked.round.id, decision.user_id == asked.actor.user_id)) or 0
    share = asked.settings.random_share if asked.order in MIXED else 0.0
    secret = secret_of(asked.round.id, asked.actor.user_id, "places")
    return ["random" if chance(secret, place) < share else "order" for place in range(done, done + number)]


def draw(asked: ItemRequest, pages: Pages, number: int, seen: Sequence[int]) -> list[int]:
    """The first so many of a walk that the person may have."""
    ids: list[int] = []
    if number > 0:
        for page in pages:
            ids += asked.may_have(page, [*seen, *ids])
            if len(ids) >= number:
                break
    return ids[:number]


def assigned(asked: ItemRequest, number: int) -> list[int]:
    """What a curator gave to this person and they have not decided yet."""
    row = tables.Assignment
    query = (
        select(row.sample_id)
        .where(row.round_id == asked.round.id, row.user_id == asked.actor.user_id)
        .where(assignments.is_waiting(row, asked.settings), ~assignments.is_complete(row.sample_id, asked.settings))
        .order_by(row.sample_id)
    )
    return asked.may_have(list(asked.db.scalars(query.limit(4 * PAGE))))[:number]


def begun(asked: ItemRequest, number: int, seen: Sequence[int]) -> list[int]:
    """Items that others have decided and that lack more reviewers: looked for at both ends, and at last everywhere."""
    lease, other = tables.Lease, alias(tables.Lease, "other_lease")
    is_open = (lease.round_id == asked.round.id, lease.decided_at.is_(None), lease.expires_at < asked.at)
    ends = [
        list(asked.db.scalars(select(lease.sample_id).where(*is_open).order_by(*way).limit(2 * PAGE)))
        for way in ((lease.expires_at, lease.sample_id), (lease.expires_at.desc(), lease.sample_id.desc()))
    ]
    done = select(other.sample_id).where(other.sample_id.in_(ends[0] + ends[1]), other.decided_at.is_not(None))
    there = set(asked.db.scalars(done))
    label = tables.Label
    own = (
        select(lease.sample_id)
        .join(label, label.sample_id == lease.sample_id)
        .where(lease.round_id == asked.round.id, lease.user_id == asked.actor.user_id, lease.decided_at.is_(None))
        .where(label.source == LabelSource.person)
        .order_by(lease.sample_id)
        .limit(PAGE)
    )
    pages = [list(asked.db.scalars(own)), *([n for n in end if n in there] for end in ends)]
    drawn_ids = draw(asked, iter(pages), number, seen)
    if drawn_ids or len(ends[0]) < 2 * PAGE or not is_worn_out(asked):
        return drawn_ids
    mine = select(other.sample_id).where(other.user_id == asked.actor.user_id, other.sample_id == lease.sample_id)
    rest = select(lease.sample_id).where(*is_open, ~mine.exists()).order_by(lease.sample_id)
    return draw(asked, in_pages(asked.db, rest, lease.sample_id), number, seen)


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
