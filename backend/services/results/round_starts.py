"""What a round can start from, without what was measured of it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables


@dataclass(frozen=True)
class RoundStart:
    """What a round can start from: a checkpoint, and the round that made it. `round_id`: None for a base."""

    checkpoint_id: int
    checkpoint: str
    round_id: int | None = None
    number: int | None = None


def starts_of(db: Session, project_id: int) -> tuple[RoundStart, ...]:
    """Return the rounds that have a checkpoint, oldest first, after the bases that they began with."""
    row, checkpoint = tables.Round, tables.Checkpoint
    chosen = select(row.id, row.number, row.checkpoint_id, row.policy_id, row.parent_id)
    rounds_read = db.execute(chosen.where(row.project_id == project_id).order_by(row.number)).all()
    named = select(checkpoint.id, checkpoint.name).where(checkpoint.project_id == project_id)
    names: dict[int, str] = dict(db.execute(named).tuples().all())
    there = {read.id for read in rounds_read}
    bases = dict.fromkeys(read.policy_id for read in rounds_read if (read.parent_id or 0) not in there)
    with_checkpoint = [read for read in rounds_read if read.checkpoint_id is not None]
    return (
        *(RoundStart(base, names.get(base, "")) for base in bases),
        *(
            RoundStart(read.checkpoint_id, names.get(read.checkpoint_id, ""), read.id, read.number)
            for read in with_checkpoint
        ),
    )
