"""What a round made, for comparison with another one: rows without ids and times, and weights."""

from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from backend.config import settings
from backend.db import reading, tables


def rows(round_id: int) -> dict[str, Any]:
    """Everything that the round wrote but ids and times, what its trainings wrote and were given included."""
    from tests.integration.loop import rows_of_round

    sample, group = tables.Sample, tables.Group
    with reading() as db:
        notes = db.execute(
            select(sample.step, group.position, sample.position, sample.kind, sample.text, sample.extra)
            .join(group, group.id == sample.group_id)
            .where(sample.round_id == round_id)
            .order_by(sample.step, group.position, sample.kind, sample.position)
        ).all()
        round_ = db.get_one(tables.Round, round_id)
        names = db.scalars(of_round(round_id).order_by(tables.Checkpoint.id)).all()
    checkpoints = [name.name.replace(f"round-{round_.number}", "round") for name in names]
    return rows_of_round(round_id) | {
        "notes": list(map(tuple, notes)),
        "counts": round_.counts,
        "checkpoints": checkpoints,
    }


def of_round(round_id: int) -> Any:
    """The checkpoints that the round made."""
    return select(tables.Checkpoint).where(tables.Checkpoint.location.contains(f"/round-{round_id}-"))


def weights(round_id: int) -> list[Path]:
    """The folders of the round's checkpoints, in the order in which they were made."""
    with reading() as db:
        ids = db.scalars(of_round(round_id).order_by(tables.Checkpoint.id)).all()
    return [settings().folder / key.location for key in ids]


def kinds(round_id: int) -> dict[int, str]:
    """The stage of each step that had a job."""
    job = tables.Job
    with reading() as db:
        records = db.execute(select(job.step, job.stage).where(job.round_id == round_id)).all()
    return {-1 if step is None else step: stage.value for step, stage in records}


def twice(round_id: int) -> int:
    """How many samples, judgments, rows and checkpoints of the round stand there a second time."""
    sample, judgment, example, dataset = tables.Sample, tables.Judgment, tables.Example, tables.Dataset
    of_judgments = (judgment.sample_id, judgment.step, judgment.judge, judgment.position)
    keys = [
        select(func.count() - 1)
        .where(sample.round_id == round_id)
        .group_by(sample.group_id, sample.step, sample.checkpoint_id, sample.kind, sample.position),
        select(func.count() - 1).where(judgment.round_id == round_id).group_by(*of_judgments),
        select(func.count() - 1)
        .select_from(example)
        .join(dataset)
        .where(dataset.round_id == round_id)
        .group_by(dataset.step, example.position),
        select(func.count() - 1)
        .where(tables.Checkpoint.location.contains(f"/round-{round_id}-"))
        .group_by(tables.Checkpoint.location),
    ]
    with reading() as db:
        return sum(sum(db.scalars(query.having(func.count() > 1)).all()) for query in keys)
