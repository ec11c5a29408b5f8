"""What of a round deserves a look, from numbers that the stages wrote. Thresholds are Rondo's own proposals."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.differences import CHANCE
from backend.metrics._intervals import wilson
from backend.services.round_report.shapes import MetricsSection, Warned
from backend.values import RoundStatus, WarningLevel

UNPARSED, TRUNCATED, OVERRIDDEN = 0.05, 0.10, 0.20
"""Shares above which the lower end of the interval warns."""


def warnings(db: Session, row: tables.Round, measured: MetricsSection) -> tuple[Warned, ...]:
    """The warnings, red ones first."""
    raised = [*_stopped(row), *_fell(measured), *_shares(row), *_left_out(db, row)]
    return tuple(sorted(raised, key=lambda warning: warning.level != WarningLevel.red))


def _stopped(row: tables.Round) -> list[Warned]:
    raised = []
    if row.status is RoundStatus.failed:
        reason = (row.error or "").split("\n")[0][:300] or "No reason was written."
        raised.append(_plain("red", f"The round failed in the stage {row.stage}: {reason}", "jobs"))
    if row.status is RoundStatus.held:
        raised.append(_plain("red", f"The round is held before its training. {row.hold.get('said', '')}", ""))
    if row.counts.get("kept") == 0:
        raised.append(_plain("red", "Nothing was kept to train on.", f"samples?round={row.id}&sort=-score"))
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


def _shares(row: tables.Round) -> list[Warned]:
    counts, here = row.counts, f"samples?round={row.id}"
    samples = int(counts.get("samples") or 0)
    asked = [
        (
            counts.get("unparsed"),
            samples,
            UNPARSED,
            "of the texts have no verdict in any reply of the judge",
            f"{here}&only=is_unparsed",
        ),
        (
            counts.get("truncated"),
            samples,
            TRUNCATED,
            "of the texts were cut off at max_tokens",
            f"{here}&only=is_truncated",
        ),
        (
            counts.get("overridden"),
            int(counts.get("decided") or 0),
            OVERRIDDEN,
            "of what people decided overrode the judge",
            f"{here}&only=is_overridden",
        ),
    ]
    raised = []
    for number, of, limit, what, href in asked:
        if not number or not of:
            continue
        share, (low, high) = number / of, wilson(min(number, of), of)
        if low > limit:
            raised.append(Warned("amber", f"{share:.1%} {what}.", share, low, high, limit, of, href))
    return raised


def _left_out(db: Session, row: tables.Round) -> list[Warned]:
    left = tables.LeftOut
    number = db.scalar(select(func.count()).where(left.round_id == row.id, left.resolved_at.is_(None))) or 0
    if not number:
        return []
    return [_plain("amber", f"{number:,} prompts, replies or rows were left out.", f"jobs?left_out={row.id}", number)]


def _plain(level: str, text: str, href: str, n: int = 0) -> Warned:
    return Warned(level, text, None, None, None, None, n, href)
