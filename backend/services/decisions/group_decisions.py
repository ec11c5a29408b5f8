"""Groups that are decided as a whole: their items, their samples, and which of them are shown."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.review_settings import Mode


def first_of(db: Session, sample_ids: Sequence[int]) -> dict[int, int]:
    """For each sample the first completion of its group: the group's item."""
    sample, first = tables.Sample, tables.Sample.__table__.alias("first")
    # A held-out group has a first completion of each checkpoint. What was imported has none, and is in no such group.
    have_none = or_(first.c.checkpoint_id.is_(None), sample.checkpoint_id.is_(None))
    is_same = or_(first.c.checkpoint_id == sample.checkpoint_id, have_none)
    query = (
        select(sample.id, first.c.id)
        .join(first, (first.c.group_id == sample.group_id) & is_same)
        .where(sample.id.in_(sample_ids), first.c.kind.in_(tables.JUDGED), first.c.position == 0)
    )
    return {sample_id: item_id for sample_id, item_id in db.execute(query)} if sample_ids else {}


def members(db: Session, group_ids: Sequence[int]) -> dict[int, list[int]]:
    """The completions of each group, by position."""
    sample = tables.Sample
    query = select(sample.group_id, sample.id).where(sample.group_id.in_(group_ids), sample.kind.in_(tables.JUDGED))
    by_group: dict[int, list[int]] = {group_id: [] for group_id in group_ids}
    for group_id, sample_id in db.execute(query.order_by(sample.position, sample.id)) if group_ids else ():
        by_group[group_id].append(sample_id)
    return by_group


def shown(
    mode: Mode, user_id: int, group_id: int, member_ids: Sequence[int], scores: dict[int, float | None]
) -> list[int]:
    """The samples an item shows: all of a group; of a pair the highest and the lowest score, in an order of its own.

    The order depends on person and group, so that no side gives an answer away, and stays when the page is reloaded.
    """
    if mode is not Mode.pair or len(member_ids) < 2:
        return list(member_ids)
    known = [member_id for member_id in member_ids if scores.get(member_id) is not None]
    place = {n: i for i, n in enumerate(member_ids)}
    known.sort(key=lambda n: (scores[n] or 0.0, -place[n]))
    has_two = len(known) > 1 and scores[known[0]] != scores[known[-1]]
    pair = [known[-1], known[0]] if has_two else [member_ids[0], member_ids[-1]]
    is_turned = hashlib.sha256(f"{user_id}:{group_id}".encode()).digest()[0] & 1
    return pair[::-1] if is_turned else pair
