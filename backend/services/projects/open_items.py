"""How many items wait in the open reviews of many rounds: that nobody has decided, and those assigned to one person."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions.item_counts import settled_groups
from backend.services.decisions.slow_counts import SlowCounts
from backend.services.queue import assignments
from backend.services.rounds import review_scope
from backend.values import DecisionKind, LabelSource, Split

AT_ONCE = 100
_counted = SlowCounts[int]()


def undecided(db: Session, rounds: Sequence[tables.Round]) -> dict[int, int]:
    """How many items nobody has decided, by round: one statement for a hundred rounds."""
    numbers = {round_.id: kept for round_ in rounds if (kept := _counted.get(db, round_.id)) is not None}
    asked = [round_ for round_ in rounds if round_.id not in numbers]
    for start in range(0, len(asked), AT_ONCE):
        began = time.monotonic()
        counts: dict[int, int] = dict(
            db.execute(union_all(*(_count(round_) for round_ in asked[start : start + AT_ONCE]))).tuples().all()
        )
        numbers |= counts
        took = time.monotonic() - began
        for id_, count in counts.items():
            _counted.keep(db, id_, count, took)
    return numbers


def _count(round_: tables.Round) -> Any:
    """The number of the round, and of its items that nobody has decided, as `item_counts.count_items` counts them."""
    if review_settings.read(round_.review).by_group:
        group, lease, sample = tables.Group, tables.Lease, tables.Sample
        done = select(lease.sample_id).join(sample, sample.id == lease.sample_id)
        done = done.where(sample.group_id == group.id, lease.decided_at.is_not(None))
        open_groups = (
            group.round_id == round_.id,
            group.split == Split.train,
            ~done.exists(),
            group.id.not_in(settled_groups(round_.id).where(tables.Decision.group_id.is_not(None))),
        )
        shown = review_scope.of_groups(round_)
        query = select(literal(round_.id), func.count(group.id)).where(*open_groups)
        return query if shown is None else query.where(shown)
    label, texts = tables.Label, review_scope.of_samples(round_)
    open_items = label.round_id == round_.id, label.kind.in_(tables.JUDGED), label.source != LabelSource.person
    query = select(literal(round_.id), func.count(label.sample_id)).where(*open_items)
    return query if texts is None else query.where(label.sample_id.in_(texts))


def assigned(db: Session, actor: Actor, rounds: Iterable[tables.Round]) -> dict[int, int]:
    """How many of the actor's assigned items the desk has for them, by round: one statement for each way to review."""
    alike: dict[tuple[Sequence[DecisionKind], bool], list[int]] = defaultdict(list)
    for round_ in rounds:
        settings = review_settings.read(round_.review)
        alike[tuple(settings.deciding), settings.has_overlap].append(round_.id)
    row, numbers = tables.Assignment, dict[int, int]()
    for (deciding, has_overlap), ids in alike.items():
        query = (
            select(row.round_id, func.count())
            .where(row.user_id == actor.user_id, assignments.is_waiting(row, deciding))
            .where(~assignments.is_complete(row.sample_id, has_overlap=has_overlap), among(row.round_id, ids))
            .group_by(row.round_id)
        )
        numbers |= dict(db.execute(query).tuples().all())
    return numbers
