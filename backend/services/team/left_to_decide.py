"""What is left to decide in a round: assigned items of each person, and how many decisions are still wanted."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.filters import Filters
from backend.db.listing_scope import scope
from backend.services import review_settings
from backend.services.decisions import item_counts
from backend.services.queue import assignments
from backend.values import LabelSource


def assigned_by_person(db: Session, round_id: int, settings: review_settings.ReviewSettings) -> dict[int, int]:
    """Assigned items that the person's queue still has for them, of everyone who was assigned any."""
    row = tables.Assignment
    is_complete = assignments.is_complete(row.sample_id, has_overlap=settings.has_overlap)
    left = assignments.is_waiting(row, settings.deciding) & ~is_complete
    query = select(row.user_id, func.count().filter(left)).where(row.round_id == round_id).group_by(row.user_id)
    return {user_id: number for user_id, number in db.execute(query)}


def open_slots(db: Session, round_id: int, settings: review_settings.ReviewSettings) -> int:
    """How many decisions of reviewers are still wanted, about: reviewers are counted by the share of overlap."""
    decision = tables.Decision
    items = item_counts.count_now_and_then(db, round_id, settings).items
    per_item = 1 + (settings.num_reviewers_per_item - 1) * settings.overlap_share
    item = (decision.group_id if settings.by_group else decision.sample_id).label("item")
    words = standing.own_words(item, decision.user_id, kinds=settings.deciding).distinct()
    decided = words.where(decision.round_id == round_id).subquery()
    # No reviewer is wanted where a curator settled a group, or a bulk action labelled what nobody had decided.
    settled = item_counts.settled_groups(round_id) if settings.by_group else _labelled(db, round_id)
    settled_items = settled.distinct().subquery()
    alone = select(func.count()).where(settled_items.c[0].not_in(select(decided.c.item)))
    num_settled = db.scalar(alone) or 0
    num_said = db.scalar(select(func.count()).select_from(decided)) or 0
    return max(0, round((items - num_settled) * per_item) - num_said)


def _labelled(db: Session, round_id: int) -> Select[Any]:
    """The samples with a person's label; found by the index of labels that say so, of few among many."""
    label, of_people = tables.Label, scope(db, round_id, Filters(source=(LabelSource.person,))).facets
    return select(label.sample_id).where(
        label.round_id == round_id, label.facet.in_(of_people), label.kind.in_(tables.JUDGED)
    )
