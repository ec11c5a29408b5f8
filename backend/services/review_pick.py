"""Which items a person gets next: what was assigned to them, what others began, then the order.

What a person holds already comes again where the order has it: a reload goes on with the same items. Two shares are
mixed in at places that depend on person, round and place alone: gold items, and items drawn at random.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.aliases import alias
from backend.db.filters import Sort
from backend.services import assignments, gold, group_decisions, leases, review_reasons
from backend.services.access import Actor, may_decide
from backend.services.review_settings import ReviewSettings
from backend.services.review_walks import PAGE, Order, Pages, along, at_random, walk
from backend.values import DecisionKind, LabelSource

MIXED = (Order.worth, Order.disagreement)
"""Orders that look where the judge is likely to be wrong, and would judge it by that."""


@dataclass
class Picked:
    """What was found: ids in order, those drawn at random, those that need no lease, and reasons to show."""

    ids: list[int] = field(default_factory=list)
    drawn: set[int] = field(default_factory=set)
    free: set[int] = field(default_factory=set)
    why: dict[int, str] = field(default_factory=dict)

    def add(self, ids: Iterable[int], why: str = "") -> None:
        new = [n for n in ids if n not in self.ids]
        self.ids += new
        if why:
            self.why |= dict.fromkeys(new, why)


@dataclass(frozen=True)
class Asked:
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
        wanted = [n for n in wanted if n not in dropped]
        if not wanted:
            return []
        out = self.passed_on(wanted) | self.assigned_elsewhere(wanted) | gold.among(self.db, wanted)
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
        decision, taken_back = tables.Decision, alias(tables.Decision, "taken_back")
        query = (
            select(decision.sample_id)
            .outerjoin(taken_back, taken_back.retracts_id == decision.id)
            .where(decision.sample_id.in_(ids), decision.user_id == self.actor.user_id, taken_back.id.is_(None))
            .where(decision.kind == DecisionKind.skip)
        )
        return set(self.db.scalars(query))

    def assigned_elsewhere(self, ids: Sequence[int]) -> set[int]:
        """Those that a curator gave to others; what is given to nobody who may still decide is anybody's."""
        row, others, mine = tables.Assignment, set[int](), set[int]()
        given = select(row.sample_id, row.user_id).where(row.sample_id.in_(ids))
        for n, user_id in self.db.execute(given.where(row.user_id.in_(may_decide(self.round.project_id)))):
            (mine if user_id == self.actor.user_id else others).add(n)
        return others - mine


def pick(asked: Asked) -> Picked:
    """The next items, in order."""
    found, missing = Picked(), asked.limit
    kinds = places(asked, missing)
    first = Picked()
    first.add(assigned(asked, missing), review_reasons.ASSIGNED)
    met = asked.held.union(first.ids)
    gold_ids = gold.unmet(asked.db, asked.actor, asked.round.id, met, kinds.count("gold"))
    if len(first.ids) < missing and asked.settings.has_overlap:
        first.add(begun(asked, missing - len(first.ids), first.ids), review_reasons.BEGUN)
    number = max(0, missing - len(gold_ids) - len(first.ids))
    drawn = draw(asked, at_random(asked.db, asked.round.id), min(number, kinds.count("random")), first.ids)
    order = walk(asked.db, asked.round, asked.settings, asked.order, asked.after, asked.actor.user_id)
    ordered = draw(asked, order, number, [*first.ids, *drawn])
    found.why |= first.why | dict.fromkeys(drawn, review_reasons.RANDOM)
    found.drawn, found.free = set(drawn), {*gold_ids, *gold.among(asked.db, first.ids)}
    found.ids = mixed(kinds, gold_ids, drawn, [*first.ids, *ordered])[:missing]
    return found


def mixed(kinds: Sequence[str], gold_ids: list[int], drawn: list[int], ordered: list[int]) -> list[int]:
    """Put each at its place; where a kind has run out, the order goes on, and the other way round."""
    by_kind = {"gold": gold_ids[::-1], "random": drawn[::-1], "order": ordered[::-1]}
    made = []
    for kind in kinds:
        for source in (by_kind[kind], by_kind["order"], by_kind["random"], by_kind["gold"]):
            if source:
                made.append(source.pop())
                break
    return made


def places(asked: Asked, number: int) -> list[str]:
    """What belongs at each of the person's next places: gold, random, or the order."""
    lease, settings, db = tables.Lease, asked.settings, asked.db
    mine = select(func.count()).where(lease.round_id == asked.round.id, lease.user_id == asked.actor.user_id)
    waiting = mine.where(lease.sample_id.in_(asked.held), lease.decided_at.is_(None))
    done = (db.scalar(mine.where(lease.decided_at.is_not(None))) or 0) + (db.scalar(waiting) or 0)
    done += gold.met(db, asked.actor, asked.round.id) + len(gold.among(db, sorted(asked.held)))
    is_mixed, made = asked.order in MIXED, []
    for place in range(done, done + number):
        digest = hashlib.sha256(f"{asked.actor.user_id}:{asked.round.id}:{place}".encode()).digest()
        chance = int.from_bytes(digest[:6], "big") / 2**48
        if chance < settings.gold_share:
            made.append("gold")
        else:
            is_random = is_mixed and chance < settings.gold_share + settings.random_share
            made.append("random" if is_random else "order")
    return made


def draw(asked: Asked, pages: Pages, number: int, seen: Sequence[int]) -> list[int]:
    """The first so many of a walk that the person may have."""
    found: list[int] = []
    if number > 0:
        for page in pages:
            found += asked.may_have(page, [*seen, *found])
            if len(found) >= number:
                break
    return found[:number]


def assigned(asked: Asked, number: int) -> list[int]:
    """What a curator gave to this person and they have not decided yet; gold items among it like any other."""
    row = tables.Assignment
    query = (
        select(row.sample_id)
        .where(row.round_id == asked.round.id, row.user_id == asked.actor.user_id)
        .where(~assignments.has_decided(row), ~assignments.is_complete(row.sample_id, asked.settings))
        .order_by(row.sample_id)
    )
    ids = list(asked.db.scalars(query.limit(4 * PAGE)))
    known = gold.among(asked.db, ids) - asked.held
    offered = {*asked.may_have(ids), *(known - asked.passed_on(sorted(known)))}
    return [n for n in ids if n in offered][:number]


def begun(asked: Asked, number: int, seen: Sequence[int]) -> list[int]:
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
    found = draw(asked, iter(pages), number, seen)
    if found or len(ends[0]) < 2 * PAGE or not is_worn_out(asked):
        return found
    mine = select(other.sample_id).where(other.user_id == asked.actor.user_id, other.sample_id == lease.sample_id)
    rest = select(lease.sample_id).where(*is_open, ~mine.exists()).order_by(lease.sample_id).limit(4 * PAGE)
    return draw(asked, iter([list(asked.db.scalars(rest))]), number, seen)


def is_worn_out(asked: Asked) -> bool:
    """Whether little is left that nobody began: then what others began is looked for everywhere."""
    some = next(along(asked.db, asked.round.id, Sort()))
    return asked.settings.by_group or not asked.may_have(some)
