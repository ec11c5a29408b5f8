"""What workers are told: to take work, to take none, or to end once what they do is done."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.db import reading
from backend.db.tables import Executor, Helper
from backend.values import WorkerOrder


def order_of(executor_id: str) -> WorkerOrder:
    """What the worker is told now."""
    with reading() as db:
        return db.scalar(select(Executor.told).where(Executor.id == executor_id)) or WorkerOrder.work


def tell(db: Session, executor_ids: Sequence[str], order: WorkerOrder) -> None:
    """Tell workers what to do, in the caller's transaction. They hear of it at their next heartbeat."""
    db.execute(update(Executor).where(Executor.id.in_(executor_ids)).values(told=order))


def rests(db: Session, executor_id: str) -> bool:
    """Whether the worker was told to take no new work."""
    query = select(Executor.id).where(Executor.id == executor_id, Executor.told != WorkerOrder.work)
    return db.scalar(query) is not None


def is_sent_home(helper_id: int) -> bool:
    """Whether a helper's worker was told to take no new work: the helper goes after what it has begun."""
    with reading() as db:
        executor_id = db.scalar(select(Helper.executor_id).where(Helper.id == helper_id))
        return executor_id is not None and rests(db, executor_id)
