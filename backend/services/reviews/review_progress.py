"""How far a review is, who did how much, who is here, when it will end, and what closing it would go on with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import now, reading, tables
from backend.db.aliases import alias
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import decision_columns, presence, tallies
from backend.services.decisions.decision_columns import ADJUDICATION, BATCH, LATE, microseconds, moment
from backend.services.decisions.item_counts import Counts, count_now_and_then
from backend.services.decisions.tallies import Tally
from backend.services.people.names import names_of
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import get_row, review_scope
from backend.values import RoundStatus

RATE_MINUTES = 15
"""The estimated end goes by what was decided in so many minutes, or since the first decision in them. What was decided
before a review was opened again is not counted."""


@dataclass(frozen=True)
class ReviewerProgress:
    """What one person did in a round. `per_hour`: of the time they spent on items, where the desk measured it."""

    user_id: int
    name: str
    decided: int
    per_hour: float | None
    is_here: bool


@dataclass(frozen=True)
class ReviewProgress:
    """Where a review is, in items: samples, or groups where these are decided. `people`: most decided first.

    `decided`: a person's label stands. `remaining`: not yet decided by all reviewers they need. `has_begun`: the review
    has come, and may be over. `quota`: at most so many items are asked of the person who looks.
    """

    samples: int
    decided: int
    mine: Tally
    people: tuple[ReviewerProgress, ...]
    is_open: bool
    remaining: int = 0
    ends_at: datetime | None = None
    has_begun: bool = True
    quota: int | None = None

    @property
    def complete(self) -> int:
        """Items that want no more reviewers."""
        return self.samples - self.remaining

    @property
    def share(self) -> float:
        """How much of the review is done; nothing of one that has not begun."""
        return self.complete / self.samples if self.has_begun and self.samples else 0.0


def progress(actor: Actor, round_id: int) -> ReviewProgress:
    """How far the review of a round is."""
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        settings = review_settings.read(round_.review)
        counts = count_now_and_then(db, round_id, settings)
        remaining = counts.items - counts.complete
        is_open = round_.status is RoundStatus.review
        people, recent, since = count_people(db, round_, settings)
        mine, ends_at = tallies.of_one(db, actor.user_id, round_id, settings), None
        has_begun = not review_scope.is_before_people(round_)
        mine_only = tables.RoundReviewer.round_id == round_id, tables.RoundReviewer.user_id == actor.user_id
        quota = db.scalar(select(tables.RoundReviewer.quota).where(*mine_only))
        if is_open and remaining and since is not None:
            # What was decided in the first seconds says little: a minute is the least that a pace goes by.
            took = max(now() - since, timedelta(minutes=1))
            ends_at = now() + wanted(db, round_id, settings, counts) * took / recent
    return ReviewProgress(counts.items, counts.decided, mine, people, is_open, remaining, ends_at, has_begun, quota)


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
    db: Session, round_: tables.Round, settings: ReviewSettings
) -> tuple[tuple[ReviewerProgress, ...], int, datetime | None]:
    """Each person's items and pace, how many decisions all made of late, and when the first of these was."""
    decisions = decision_columns.read(db, round_)
    is_own = decisions.stands & decisions.is_kind(settings.deciding) & ~decisions.has(LATE | ADJUDICATION | BATCH)
    own = decisions.where(is_own)
    users, places = np.unique(own.user, return_inverse=True)
    timed = np.bincount(places, weights=~np.isnan(own.seconds), minlength=len(users)).tolist()
    seconds = np.bincount(places, weights=np.nan_to_num(own.seconds), minlength=len(users)).tolist()
    names, here = names_of(db, users.tolist()), presence.here(db, round_.id)
    number = tallies.of_all(db, round_.id, settings)
    people = [
        ReviewerProgress(
            user_id,
            names.get(user_id, ""),
            number[user_id].decided if user_id in number else 0,
            3600 * of_theirs / spent if spent else None,
            user_id in here,
        )
        for user_id, of_theirs, spent in zip(users.tolist(), timed, seconds, strict=True)
    ]
    known = {person.user_id for person in people}
    people += [
        ReviewerProgress(user_id, name, 0, None, is_here=True) for user_id, name in here.items() if user_id not in known
    ]
    since_then = now() - timedelta(minutes=RATE_MINUTES)
    if round_.reopened:
        # Nobody could decide while it was closed: what was decided before says nothing of the pace.
        since_then = max(since_then, datetime.fromisoformat(round_.reopened["at"]))
    recent = own.at[own.at > microseconds(since_then)]
    since = moment(recent.min()) if len(recent) else None
    return tuple(sorted(people, key=lambda person: (-person.decided, person.name))), len(recent), since
