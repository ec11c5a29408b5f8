"""How many items of a round are decided and complete: counted from the rows, and remembered where that takes long."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.aliases import alias
from backend.db.standing import ANY_LABELLING
from backend.services.decisions.label_counts import CountedLabels, count_labels
from backend.services.decisions.slow_counts import SlowCounts
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import review_scope
from backend.values import LabelSource, Split


@dataclass(frozen=True)
class Counts:
    """Items of a round: all, with a person's label, and complete."""

    items: int
    decided: int
    complete: int


_counted = SlowCounts[Counts]()


def count_now_and_then(db: Session, round_id: int, settings: ReviewSettings) -> Counts:
    """`count_items`; where that takes long, what it found stands for a while, because every open desk asks for it."""
    key, began = (round_id, settings), time.monotonic()
    counts = _counted.get(db, key)
    if counts is None:
        counts = count_items(db, round_id, settings)
        _counted.keep(db, key, counts, time.monotonic() - began)
    return counts


def count_items(db: Session, round_id: int, settings: ReviewSettings, labels: CountedLabels | None = None) -> Counts:
    """Items by how far they are. One that lacks reviewers has a slot that is not decided, unless it was settled.

    `labels`: the round's, where they were counted already.
    """
    if settings.by_group:
        return count_groups(db, round_id)
    sums = (labels or count_labels(db, round_id)).sums(edits=False)
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
