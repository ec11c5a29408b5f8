"""How far a review is, who did how much, who is here, when it will end, and what closing it would go on with."""

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from backend.db import now, reading, tables
from backend.db.aliases import alias
from backend.services import presence, review_settings
from backend.services.access import Actor
from backend.services.acts import spent
from backend.services.labels import ANY_LABELLING, deciding
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row
from backend.values import LabelSource, RoundStatus, Split, Verdict

RATE_MINUTES = 15
"""The estimated end goes by what was decided in so many minutes, or since the first decision in them."""
SLOW_SECONDS = 0.1
STANDS = 20.0
"""Counts that took longer than `SLOW_SECONDS` are shown for so many times as long."""
EDIT_FACETS = range(144, 288)


@dataclass(frozen=True)
class Tally:
    """How many items the person has decided in the round, and on how many the judge was overridden."""

    decided: int
    overridden: int


@dataclass(frozen=True)
class Person:
    """What one person did in a round. `per_hour`: of the time they spent on items, where the desk measured it."""

    user_id: int
    name: str
    decided: int
    per_hour: float | None
    is_here: bool


@dataclass(frozen=True)
class Progress:
    """Where a review is, in items: samples, or groups where these are decided. `people`: most decided first.

    `decided`: a person's label stands. `remaining`: not yet decided by all reviewers they need.
    """

    samples: int
    decided: int
    mine: Tally
    people: tuple[Person, ...]
    is_open: bool
    remaining: int = 0
    ends_at: datetime | None = None

    @property
    def share(self) -> float:
        return self.decided / self.samples if self.samples else 1.0


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


@dataclass(frozen=True)
class Counts:
    """Items of a round: all, with a person's label, and complete."""

    items: int
    decided: int
    complete: int


_counted: dict[tuple[str, int, ReviewSettings], tuple[float, Counts]] = {}


def progress(actor: Actor, round_id: int) -> Progress:
    """How far the review of a round is."""
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        settings = review_settings.read(round_.review)
        counts = count_now_and_then(db, round_id, settings)
        remaining = counts.items - counts.complete
        is_open = round_.status is RoundStatus.review
        people, recent, since = count_people(db, round_id, settings)
        mine, ends_at = tally(db, actor, round_id, settings), None
        if is_open and remaining and since is not None:
            # What was decided in the first seconds says little: a minute is the least that a pace goes by.
            took = max(now() - since, timedelta(minutes=1))
            ends_at = now() + wanted(db, round_id, settings, counts) * took / recent
    return Progress(counts.items, counts.decided, mine, people, is_open, remaining, ends_at)


def count_now_and_then(db: Session, round_id: int, settings: ReviewSettings) -> Counts:
    """`count_items`; where that takes long, what it found stands for a while, because every open desk asks for it."""
    key, at = (str(db.get_bind().engine.url), round_id, settings), time.monotonic()
    until, counts = _counted.get(key, (0.0, None))
    if counts is None or at >= until:
        counts = count_items(db, round_id, settings)
        took = time.monotonic() - at
        if took >= SLOW_SECONDS:
            _counted[key] = (at + STANDS * took, counts)
    return counts


def wanted(db: Session, round_id: int, settings: ReviewSettings, counts: Counts) -> float:
    """How many decisions are still wanted: of items that were begun exactly, of the others going by their share."""
    fresh = (counts.items - counts.decided) * (1 + (settings.num_reviewers_per_item - 1) * settings.overlap_share)
    if not settings.has_overlap or counts.decided == counts.complete:
        return fresh
    lease, done = tables.Lease, alias(tables.Lease, "done_lease")
    begun = select(done.slot).where(done.sample_id == lease.sample_id, done.decided_at.is_not(None))
    slots = select(func.count()).where(lease.round_id == round_id, lease.decided_at.is_(None), begun.exists())
    return fresh + (db.scalar(slots) or 0)


def count_people(
    db: Session, round_id: int, settings: ReviewSettings
) -> tuple[tuple[Person, ...], int, datetime | None]:
    """Each person's items and pace, how many decisions all made of late, and when the first of these was."""
    decision, taken_back, user = tables.Decision, alias(tables.Decision, "taken_back"), tables.User
    is_late = decision.created_at > now() - timedelta(minutes=RATE_MINUTES)
    query = (
        select(
            user.id, user.name, func.count(decision.sample_id.distinct()), func.count(decision.seconds),
            func.sum(spent(decision)), func.sum(case((is_late, 1), else_=0)),
            func.min(case((is_late, decision.created_at))),
        )
        .join(user, user.id == decision.user_id)
        .outerjoin(taken_back, taken_back.retracts_id == decision.id)
        .where(decision.round_id == round_id, decision.kind.in_(deciding(settings)), taken_back.id.is_(None))
        .where(decision.batch_id.is_(None))
        .group_by(user.id, user.name)
    )  # fmt: skip
    rows, here = db.execute(query).all(), presence.here(db, round_id)
    people = [
        Person(user_id, name, number, 3600 * timed / seconds if seconds else None, user_id in here)
        for user_id, name, number, timed, seconds, *_ in rows
    ]
    known = {one.user_id for one in people}
    people += [Person(user_id, name, 0, None, is_here=True) for user_id, name in here.items() if user_id not in known]
    since = min((row[6] for row in rows if row[6] is not None), default=None)
    return tuple(sorted(people, key=lambda one: (-one.decided, one.name))), sum(int(row[5] or 0) for row in rows), since


def tally(db: Session, actor: Actor, round_id: int, settings: ReviewSettings) -> Tally:
    """Count the actor's items by their last standing decision."""
    decision, taken_back = tables.Decision, alias(tables.Decision, "taken_back")
    last = (
        select(func.max(decision.id))
        .outerjoin(taken_back, taken_back.retracts_id == decision.id)
        .where(decision.round_id == round_id, decision.user_id == actor.user_id, taken_back.id.is_(None))
        .where(decision.kind.in_(deciding(settings)), decision.batch_id.is_(None), decision.is_late.is_(False))
        .group_by(decision.sample_id)
    )
    overridden = func.sum(case((decision.is_override, 1), else_=0))
    decided, number = db.execute(select(func.count(), overridden).where(decision.id.in_(last))).one()
    return Tally(decided, int(number or 0))


def count_items(db: Session, round_id: int, settings: ReviewSettings) -> Counts:
    """Items by how far they are. One that lacks reviewers has a slot that is not decided, unless it was settled."""
    if settings.by_group:
        return count_groups(db, round_id)
    sums = count_labels(db, round_id, edits=False)
    items, decided = sum(sums.values()), sum(n for (source, _), n in sums.items() if source is LabelSource.person)
    lacking = incomplete(db, round_id) if settings.has_overlap else 0
    known = undecided_gold(db, round_id)
    return Counts(items - known, decided, decided - lacking)


def count_groups(db: Session, round_id: int) -> Counts:
    lease, group, open_ = tables.Lease, tables.Group, alias(tables.Lease, "open_lease")
    every = select(func.count()).where(group.round_id == round_id, group.split == Split.train)
    done = select(lease.sample_id).where(lease.round_id == round_id, lease.decided_at.is_not(None)).distinct()
    lacks = select(open_.sample_id).where(open_.sample_id == lease.sample_id, open_.decided_at.is_(None))
    decided = db.scalar(select(func.count()).select_from(done.subquery())) or 0
    lacking = db.scalar(select(func.count()).select_from(done.where(lacks.exists()).subquery())) or 0
    return Counts(db.scalar(every) or 0, decided, decided - lacking)


def incomplete(db: Session, round_id: int) -> int:
    """Items with a person's label and a slot nobody has decided; what a curator settled needs no more."""
    lease, label, decision = tables.Lease, tables.Label, tables.Decision
    undone = alias(tables.Decision, "taken_back")
    settled = (
        select(decision.id)
        .outerjoin(undone, undone.retracts_id == decision.id)
        .where(decision.sample_id == lease.sample_id, decision.kind.in_(ANY_LABELLING), undone.id.is_(None))
        .where(decision.is_adjudication | decision.batch_id.is_not(None))
    )
    query = (
        select(func.count(lease.sample_id.distinct()))
        .join(label, label.sample_id == lease.sample_id)
        .where(lease.round_id == round_id, lease.decided_at.is_(None), label.source == LabelSource.person)
        .where(~settled.exists())
    )
    return db.scalar(query) or 0


def undecided_gold(db: Session, round_id: int) -> int:
    """Gold items whose label nobody sets: they are no part of the work."""
    gold, label = tables.GoldItem, tables.Label
    query = select(func.count()).select_from(gold).join(label, label.sample_id == gold.sample_id)
    return db.scalar(query.where(gold.round_id == round_id, label.source != LabelSource.person)) or 0


def count_labels(db: Session, round_id: int, *, edits: bool = True) -> dict[tuple[LabelSource, Verdict | None], int]:
    """Labels by source and verdict, from the index alone."""
    label = tables.Label
    query = select(label.facet, func.count()).where(label.round_id == round_id).group_by(label.facet)
    sums: dict[tuple[LabelSource, Verdict | None], int] = defaultdict(int)
    sources, verdicts = (
        (LabelSource.none, LabelSource.judge, LabelSource.person),
        (None, Verdict.accept, Verdict.reject),
    )
    for facet, number in db.execute(query):
        if edits or facet not in EDIT_FACETS:
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
