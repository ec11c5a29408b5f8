"""What of a round deserves a look, from numbers that the stages wrote."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.differences import CHANCE
from backend.services.results.noticed import Warned, of_counts, plain
from backend.services.round_report.shapes import MetricsSection
from backend.values import RoundStatus, WarningLevel


def warnings(db: Session, row: tables.Round, measured: MetricsSection) -> tuple[Warned, ...]:
    """The warnings, red ones first."""
    raised = [*_stopped(row), *_fell(measured), *of_counts(row), *_left_out(db, row)]
    return tuple(sorted(raised, key=lambda warning: warning.level != WarningLevel.red))


def _stopped(row: tables.Round) -> list[Warned]:
    raised = []
    if row.status is RoundStatus.failed:
        reason = (row.error or "").split("\n")[0][:300] or "No reason was written."
        raised.append(plain("red", f"The round failed in the stage {row.stage}: {reason}", "jobs"))
    if row.status is RoundStatus.held:
        raised.append(plain("red", f"The round is held before its training. {row.hold.get('said', '')}", ""))
    return raised


def _fell(measured: MetricsSection) -> list[Warned]:
    """Held-out numbers that fell by more than chance explains."""
    raised = []
    for metric in measured.metrics:
        if metric.p is None or metric.before is None or metric.value is None:
            continue
        if metric.p < CHANCE and (metric.newly_wrong or 0) > (metric.newly_right or 0):
            text = (
                f"{metric.name} fell from {metric.before:.1%} ({metric.compared_with}) to {metric.value:.1%} "
                f"({metric.checkpoint}), "
                "more than chance explains."
            )
            raised.append(Warned("red", text, metric.change, metric.change_low, metric.change_high, 0.0, metric.n, ""))
    return raised


def _left_out(db: Session, row: tables.Round) -> list[Warned]:
    left = tables.LeftOut
    number = db.scalar(select(func.count()).where(left.round_id == row.id, left.resolved_at.is_(None))) or 0
    if not number:
        return []
    return [plain("amber", f"{number:,} prompts, replies or rows were left out.", f"jobs?left_out={row.id}", number)]
