"""The slots of items: which one a person may take, and how many there are after the settings changed."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.built import built_once, some
from backend.db.many import in_chunks
from backend.services.review_settings import ReviewSettings


def slots(db: Session, sample_ids: Sequence[int]) -> dict[int, list[Any]]:
    """The rows of these items, by item."""
    by_sample: dict[int, list[Any]] = defaultdict(list)
    for ids in in_chunks(sample_ids):
        for row in db.connection().execute(_slots(), {"sample_ids": ids}):
            by_sample[row.sample_id].append(row)
    return by_sample


@built_once
def _slots() -> Any:
    lease = tables.Lease.__table__.c
    query = select(lease.sample_id, lease.slot, lease.user_id, lease.expires_at, lease.decided_at)
    return query.where(lease.sample_id.in_(some("sample_ids"))).order_by(lease.slot)


def free_slot(taken: Sequence[Any], user_id: int, number: int, at: datetime) -> int | None:
    """The slot this person may take: their own, else the first one that is free. None where there is none."""
    for row in taken:
        if row.user_id == user_id:
            return None if row.decided_at is not None else int(row.slot)
    for row in taken:
        if is_free(row, at):
            return int(row.slot)
    return missing(taken, number)[0] if len(taken) < number else None


def missing(taken: Sequence[Any], number: int) -> list[int]:
    """The slots that have no row yet, lowest first."""
    return sorted(set(range(max(number, len(taken) + 1))) - {row.slot for row in taken})


def is_free(row: Any, at: datetime) -> bool:
    return bool(row.decided_at is None and (row.user_id is None or row.expires_at < at))


def refit(db: Session, round_id: int, settings: ReviewSettings) -> None:
    """After the number of reviewers changed: items that were begun get the slots they lack, and lose those too many.

    Also those somebody holds: a decision that comes for one of them is late. The caller holds `one_at_a_time`.
    """
    lease, at = tables.Lease, now()
    begun = [n for (n,) in db.execute(select(lease.sample_id).where(lease.round_id == round_id).distinct())]
    for ids in in_chunks(begun):
        over, under = [], []
        for n, taken in slots(db, ids).items():
            open_, number = [row for row in taken if row.decided_at is None], settings.reviewers_of(n)
            wanted = max(0, number - (len(taken) - len(open_)))
            over += [{"b_id": n, "b_slot": row.slot} for row in open_[wanted:]]
            under += [(n, slot) for slot in missing(taken, number)[: max(0, wanted - len(open_))]]
        if over:
            same_lease = (lease.sample_id == bindparam("b_id"), lease.slot == bindparam("b_slot"))
            db.connection().execute(delete(lease).where(*same_lease), over)
        nobody = {"round_id": round_id, "user_id": None, "expires_at": at, "is_random": False}
        db.add_all(tables.Lease(sample_id=n, slot=slot, **nobody) for n, slot in under)
    db.flush()
