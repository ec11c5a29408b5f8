"""What was left out of a round while the rest went on, with the reasons."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services import archived
from backend.services.round_report.shapes import Arm, Failed, FailedRow
from backend.services.rounds import failures
from backend.translations import gettext
from backend.values import FailureKind

SHOWN = 10


def failed(db: Session, row: tables.Round) -> Failed:
    """How many by stage and kind, and the first of them."""
    left, href = tables.LeftOut, f"jobs?left_out={row.id}"
    if row.archived_at is not None:
        return Failed(0, (), (), "", href, gettext(archived.IS_AWAY))
    query = select(left.stage, left.kind, func.count()).where(left.round_id == row.id, left.resolved_at.is_(None))
    counted = db.execute(
        query.group_by(left.stage, left.kind).order_by(func.count().desc(), left.stage, left.kind)
    ).all()
    counts = tuple(
        Arm(f"{gettext(stage)}: {failures.kind_word(FailureKind(kind))}", number, href)
        for stage, kind, number in counted
    )
    first = failures.first(db, row, SHOWN) if counts else []
    rows = tuple(
        FailedRow(
            failed_row.id,
            failed_row.stage,
            failed_row.kind,
            failed_row.reason,
            failed_row.prompt,
            failed_row.prompt_id,
            failed_row.sample_id,
        )
        for failed_row in first
    )
    why = next((failed_row.cannot_retry for failed_row in first if failed_row.cannot_retry), "")
    return Failed(sum(count.count for count in counts), counts, rows, why, href)
