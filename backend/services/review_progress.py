"""How far a review is, who did how much, who is here, when it will end, and what closing it would go on with."""

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, func, select, union
from sqlalchemy.orm import Session

from backend.db import now, reading, standing, tables
from backend.db.aliases import alias
from backend.db.filters import decode_facet
from backend.db.standing import ANY_LABELLING
from backend.services import presence, review_scope, review_settings, tallies
from backend.services.access import Actor
from backend.services.acts import spent
from backend.services.labels import deciding
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row
from backend.services.tallies import Tally
from backend.values import LabelSource, RoundStatus, Split, Verdict

RATE_MINUTES = 15
"""The estimated end goes by what was decided in so many minutes, or since the first decision in them."""
SLOW_SECONDS = 0.1
STANDS = 20.0
"""Counts that took longer than `SLOW_SECONDS` are shown for so many times as long."""


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

    `decided`: a person's label stands. `remaining`: not yet decided by all reviewers they need. `has_begun`: the review
    has come, and may be over.
    """

    samples: int
    decided: int
    mine: Tally
    people: tuple[Person, ...]
    is_open: bool
    remaining: int = 0
    ends_at: datetime | None = None
    has_begun: bool = True

    @property
    def complete(self) -> int:
        """Items that want no more reviewers."""
        return self.samples - self.remaining

    @property
    def share(self) -> float:
        """How much of the review is done; nothing of one that has not begun."""
        return self.complete / self.samples if self.has_begun and self.samples else 0.0


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
        mine, ends_at = tallies.of_one(db, actor.user_id, round_id, settings), None
        has_begun = not review_scope.is_before_people(round_)
        if is_open and remaining and since is not None:
            # What was decided in the first seconds says little: a minute is the least that a pace goes by.
            took = max(now() - since, timedelta(minutes=1))
            ends_at = now() + wanted(db, round_id, settings, counts) * took / recent
    return Progress(counts.items, counts.decided, mine, people, is_open, remaining, ends_at, has_begun)


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
    decision, user = tables.Decision, tables.User
    is_recent = decision.created_at > now() - timedelta(minutes=RATE_MINUTES)
    query = (
        standing.own_words(
            user.id, user.name, func.count(decision.seconds), func.sum(spent(decision)),
            func.sum(case((is_recent, 1), else_=0)), func.min(case((is_recent, decision.created_at))),
            kinds=deciding(settings),
        )
        .join(user, user.id == decision.user_id)
        .where(decision.round_id == round_id)
        .group_by(user.id, user.name)
    )  # fmt: skip
    rows, here = db.execute(query).all(), presence.here(db, round_id)
    number = tallies.of_all(db, round_id, settings)
    people = [
        Person(user_id, name, number[user_id].decided, 3600 * timed / seconds if seconds else None, user_id in here)
        for user_id, name, timed, seconds, *_ in rows
    ]
    known = {one.user_id for one in people}
    people += [Person(user_id, name, 0, None, is_here=True) for user_id, name in here.items() if user_id not in known]
    since = min((row[5] for row in rows if row[5] is not None), default=None)
    return tuple(sorted(people, key=lambda one: (-one.decided, one.name))), sum(int(row[4] or 0) for row in rows), since


def count_items(db: Session, round_id: int, settings: ReviewSettings) -> Counts:
    """Items by how far they are. One that lacks reviewers has a slot that is not decided, unless it was settled."""
    if settings.by_group:
        return count_groups(db, round_id)
    sums = count_labels(db, round_id, edits=False)
    items, decided = sum(sums.values()), sum(n for (source, _), n in sums.items() if source is LabelSource.person)
    lacking = incomplete(db, round_id) if settings.has_overlap else 0
    return Counts(items, decided, decided - lacking)


def count_groups(db: Session, round_id: int) -> Counts:
    """Groups by how far they are: with a slot that is decided and, complete, with none that is not; or settled."""
    lease, group, sample = tables.Lease, tables.Group, tables.Sample
    every = select(func.count()).where(group.round_id == round_id, group.split == Split.train)
    shown = review_scope.of_groups(db.get_one(tables.Round, round_id))
    every = every if shown is None else every.where(shown)
    slots = select(sample.group_id).join(lease, lease.sample_id == sample.id).where(lease.round_id == round_id)
    done, open_ = slots.where(lease.decided_at.is_not(None)), slots.where(lease.decided_at.is_(None))
    settled = settled_groups(round_id)
    decided = db.scalar(select(func.count()).select_from(union(done, settled).subquery())) or 0
    half = done.where(sample.group_id.in_(open_), sample.group_id.not_in(settled)).distinct()
    lacking = db.scalar(select(func.count()).select_from(half.subquery())) or 0
    return Counts(db.scalar(every) or 0, decided, decided - lacking)


def settled_groups(round_id: int) -> Select[Any]:
    """The groups that want no reviewer, because a curator settled them or bulk actions left no sample as it was.

    A bulk action on some samples of a group settles nothing: nobody has compared them.
    """
    decision, label, sample = tables.Decision, tables.Label, alias(tables.Sample, "left_sample")
    left = (
        select(label.sample_id)
        .join(sample, sample.id == label.sample_id)
        .where(sample.group_id == decision.group_id, label.round_id == round_id)
        .where(label.kind.in_(tables.JUDGED), label.source != LabelSource.person)
    )
    return (
        standing.label_words(decision.group_id, kinds=ANY_LABELLING)
        .where(decision.round_id == round_id)
        .where(decision.is_adjudication | (decision.batch_id.is_not(None) & ~left.exists()))
    )


def incomplete(db: Session, round_id: int) -> int:
    """Items with a person's label and a slot nobody has decided; what a curator settled needs no more."""
    lease, label, decision = tables.Lease, tables.Label, tables.Decision
    settled = (
        standing.label_words(decision.id, kinds=ANY_LABELLING)
        .where(decision.sample_id == lease.sample_id)
        .where(decision.is_adjudication | decision.batch_id.is_not(None))
    )
    query = (
        select(func.count(lease.sample_id.distinct()))
        .join(label, label.sample_id == lease.sample_id)
        .where(lease.round_id == round_id, lease.decided_at.is_(None), label.source == LabelSource.person)
        .where(~settled.exists())
    )
    return db.scalar(query) or 0


def count_labels(db: Session, round_id: int, *, edits: bool = True) -> dict[tuple[LabelSource, Verdict | None], int]:
    """Labels by source and verdict, from the index alone."""
    label = tables.Label
    query = select(label.facet, func.count()).where(label.round_id == round_id).group_by(label.facet)
    shown = review_scope.of_samples(db.get_one(tables.Round, round_id))
    query = query if shown is None else query.where(label.sample_id.in_(shown))
    sums: dict[tuple[LabelSource, Verdict | None], int] = defaultdict(int)
    sources, verdicts = (
        (LabelSource.none, LabelSource.judge, LabelSource.person),
        (None, Verdict.accept, Verdict.reject),
    )
    for facet, number in db.execute(query):
        if edits or decode_facet(facet)["kind"] != "edit":
            sums[sources[facet // 3 % 3], verdicts[facet % 3]] += number
    return sums
