"""The score of each judgment of a text, for parts to which the mean of them is too little."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.values import Group


def with_scores(db: Session, groups: Sequence[Group], step: int) -> list[Group]:
    """The groups, their samples with the scores of the last judge before a step that judged them, by position."""
    row, by_sample = tables.Judgment, dict[int, tuple[int, list[float]]]()
    for ids in in_chunks([sample.id for group in groups for sample in group.samples]):
        query = select(row.sample_id, row.step, row.score).where(row.sample_id.in_(ids), row.step < step)
        for sample_id, judged_in, score in db.execute(query.order_by(row.sample_id, row.step, row.position)):
            if by_sample.get(sample_id, (-1, []))[0] != judged_in:
                by_sample[sample_id] = (judged_in, [])
            by_sample[sample_id][1].extend([] if score is None else [score])
    return [
        replace(
            group,
            samples=tuple(
                replace(s, scores=tuple(by_sample[s.id][1])) if s.id in by_sample else s for s in group.samples
            ),
        )
        for group in groups
    ]
