"""Done rounds and their measured accuracy."""

from typing import Any

from backend.db import session, tables
from backend.values import RoundStatus, Stage
from tests import rows


def measure(
    round_: tables.Round, checkpoint_id: int | None, value: float, *, spread: float = 0.05, n: int = 400, **details: Any
) -> None:
    with session() as db:
        db.add(
            tables.Metric(
                project_id=round_.project_id,
                round_id=round_.id,
                checkpoint_id=checkpoint_id,
                name="held_out_accuracy",
                value=value,
                low=value - spread,
                high=value + spread,
                n=n,
                details=details,
            )
        )


def finish(
    project: tables.Project, policy: tables.Checkpoint, **columns: Any
) -> tuple[tables.Round, tables.Checkpoint]:
    """A done round and the checkpoint it made."""
    checkpoint = rows.make_checkpoint(project, parent=policy)
    done = {"status": RoundStatus.done, "stage": Stage.evaluate, "checkpoint_id": checkpoint.id}
    return rows.make_round(project, policy, **done | columns), checkpoint
