"""The pairs that a round trained on, for metrics that compare their sides."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import values
from backend.db import tables
from backend.pipeline import groups as group_values
from backend.pipeline.chosen import trained_steps
from backend.values import DatasetType


def of_round(db: Session, round_id: int) -> list[tuple[values.Sample, values.Sample]]:
    """Both sides of each pair that the round selected and trained on, each pair once; those of earlier rounds are none.

    A pair of which a side is no sample, such as a known answer that was no sample, is left out.
    """
    row = tables.Example
    of_datasets = (
        tables.Dataset.round_id == round_id,
        tables.Dataset.type == DatasetType.preference,
        tables.Dataset.step.in_(trained_steps(db, round_id)),
    )
    query = select(row.sample_id, row.rejected_id).join(tables.Dataset)
    query = query.where(
        *of_datasets, row.origin == "selected", row.sample_id.is_not(None), row.rejected_id.is_not(None)
    )
    pairs = [(a, b) for a, b in db.execute(query.order_by(tables.Dataset.step, row.position)) if a and b]
    texts = group_values.texts_of(db, sorted({sample_id for pair in pairs for sample_id in pair}))
    return [(texts[a], texts[b]) for a, b in dict.fromkeys(pairs)]
