"""What people and judges answered to the project's questions about the texts that a branch copies."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.pipeline.stage import StageContext


def of_samples(
    db: Session, stage: StageContext, sample_ids: Sequence[int], copies: Mapping[int, int]
) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """Yield each table with the rows that a branch has of these samples, as those of their copies.

    Of people the answers that stand, of judges those of the steps before the branch's first one.
    """
    here, first = {"round_id": stage.round.id}, stage.round.branch_step or 0
    answer, judged = tables.Answer, tables.JudgeAnswer
    given = _rows(db, answer, answer.sample_id.in_(sample_ids) & answer.is_standing)
    yield (
        answer,
        [
            row
            | here
            | {
                "sample_id": copies[row["sample_id"]],
                "client_id": f"branch-{stage.round.id}-answer-{row['id']}",
                "batch_id": None,
            }
            for row in given
        ],
    )
    before = _rows(db, judged, judged.sample_id.in_(sample_ids) & (judged.step < first))
    yield judged, [row | here | {"sample_id": copies[row["sample_id"]]} for row in before]


def _rows(db: Session, table: Any, where: Any) -> list[dict[str, Any]]:
    columns = [getattr(table, column.key) for column in table.__table__.columns]
    return [dict(row) for row in db.execute(select(*columns).where(where).order_by(table.id)).mappings()]
