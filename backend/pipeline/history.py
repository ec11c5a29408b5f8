"""What rounds measured, as schedules look back on it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables


def history_of(db: Session, round_id: int | None) -> list[dict[str, float | None]]:
    """The metric values by name of a round and the rounds above it, oldest first; none without a round."""
    found: list[dict[str, float | None]] = []
    metric = tables.Metric
    while round_id is not None:
        row = db.get_one(tables.Round, round_id)
        query = select(metric.name, metric.value).where(
            metric.round_id == row.id, metric.checkpoint_id.is_(None) | (metric.checkpoint_id == row.checkpoint_id)
        )
        found.insert(0, {name: value for name, value in db.execute(query)})
        round_id = row.parent_id
    return found
