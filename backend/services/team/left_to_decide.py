"""What is left to decide in a round: assigned items of each person, and how many decisions are still wanted."""

from typing import Any

import numpy as np
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import Filters
from backend.db.listing_scope import scope
from backend.db.standing import TOGETHER
from backend.services import review_settings
from backend.services.decisions import edits, item_counts
from backend.services.decisions.decision_columns import ADJUDICATION, BATCH, LATE, DecisionColumns, last_of_each
from backend.services.queue import assignments
from backend.values import LabelSource


def assigned_by_person(db: Session, round_id: int, settings: review_settings.ReviewSettings) -> dict[int, int]:
    """Assigned items that the person's queue still has for them, of everyone who was assigned any."""
    row = tables.Assignment
    is_complete = assignments.is_complete(row.sample_id, has_overlap=settings.has_overlap)
    left = assignments.is_waiting(row, settings.deciding) & ~is_complete
    query = select(row.user_id, func.count().filter(left)).where(row.round_id == round_id).group_by(row.user_id)
    return {user_id: number for user_id, number in db.execute(query)}


def open_slots(db: Session, round_id: int, settings: review_settings.ReviewSettings, decisions: DecisionColumns) -> int:
    """How many decisions of reviewers are still wanted, about: reviewers are counted by the share of overlap.

    `decisions`: the round's.
    """
    items = item_counts.count_now_and_then(db, round_id, settings).items
    per_item = 1 + (settings.num_reviewers_per_item - 1) * settings.overlap_share
    shaping = decisions.where(decisions.stands & decisions.is_kind(settings.deciding) & ~decisions.has(LATE))
    own = shaping.where(~shaping.has(ADJUDICATION | BATCH))
    decided = own.group if settings.by_group else own.sample
    # No reviewer is wanted where a curator settled a group, or a bulk action labelled what nobody had decided.
    if settings.by_group:
        settled = np.array(list(db.scalars(item_counts.settled_groups(round_id))), dtype=np.int64)
    elif decisions.is_kind(TOGETHER).any():
        settled = np.array(list(db.scalars(_labelled(db, round_id))), dtype=np.int64)
    else:
        settled = np.setdiff1d(shaping.sample, edits.in_round(db, round_id))
    num_settled = len(np.setdiff1d(settled, decided))
    return max(0, round((items - num_settled) * per_item) - len(last_of_each(decided, own.user)))


def _labelled(db: Session, round_id: int) -> Select[Any]:
    """The samples with a person's label, where groups were decided as a whole: these label all of their samples."""
    label, of_people = tables.Label, scope(db, round_id, Filters(source=(LabelSource.person,))).facets
    return select(label.sample_id).where(
        label.round_id == round_id, label.facet.in_(of_people), label.kind.in_(tables.JUDGED)
    )
