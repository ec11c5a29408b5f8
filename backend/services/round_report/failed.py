"""What was left out of a round while the rest went on, with the reasons."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.round_report.shapes import Arm, Failed, FailedRow
from backend.services.rounds import failures

SHOWN = 10


def failed(db: Session, row: tables.Round) -> Failed:
    """How many by stage and kind, and the first of them."""
    left, href = tables.LeftOut, f"jobs?left_out={row.id}"
    query = select(left.stage, left.kind, func.count()).where(left.round_id == row.id, left.resolved_at.is_(None))
    found = db.execute(query.group_by(left.stage, left.kind).order_by(func.count().desc(), left.stage, left.kind)).all()
    counts = tuple(Arm(f"{stage}: {str(kind).replace('_', ' ')}", number, href) for stage, kind, number in found)
    first = failures.first(db, row, SHOWN) if counts else []
    rows = tuple(
        FailedRow(one.id, one.stage, str(one.kind), one.reason, one.prompt, one.prompt_id, one.sample_id)
        for one in first
    )
    why = next((one.cannot_retry for one in first if one.cannot_retry), "")
    return Failed(sum(one.count for one in counts), counts, rows, why, href)
