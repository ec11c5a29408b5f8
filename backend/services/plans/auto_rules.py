"""What stops rounds that follow each other by themselves."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.services.plans import scheduled
from backend.services.results.accuracies import MeasuredNumber, is_worse
from backend.services.results.starts import fall
from backend.services.results.summaries import lines_of
from backend.translations import N_, SOURCE, using
from backend.values import WarningLevel

RULES = {
    "accuracy_fell": N_("the held-out accuracy fell below that of a round before, beyond chance"),
    "audit_fell": N_("people's blind verdicts agree with the judge less than in the round before, beyond chance"),
    "nothing_kept": N_("nothing was kept to train on"),
    "warning_red": N_("a warning that the project lets stop rounds is red"),
}
"""Each rule in words. Whatever ends a round in an error ends the line, too."""
AUDIT = "judge_accuracy_people"
MOST_ROUNDS = 100


def check(rules: tuple[str, ...]) -> None:
    """Raise `InvalidInput` for a rule that there is not."""
    if unknown := [rule for rule in rules if rule not in RULES]:
        raise InvalidInput(f"There is no rule {unknown[0]!r} that stops rounds. Choose from: {', '.join(RULES)}.")


def fired(db: Session, row: tables.Round) -> str | None:
    """Why no round follows this one, which has just ended; None where neither a rule nor its schedule says so."""
    if reason := scheduled.stopped(db, row.id, row.recipe):
        return reason
    rules = row.auto.get("rules", [])
    if "nothing_kept" in rules and not row.counts.get("kept"):
        return "Nothing was kept to train on."
    if "warning_red" in rules and (reason := _warned(db, row)):
        return reason
    if "audit_fell" in rules and (reason := _audit_fell(db, row)):
        return reason
    if "accuracy_fell" in rules:
        lines = lines_of(db, row.project_id)
        # The reason is kept with the round, for readers of any language.
        with using(SOURCE):
            start = fall(db, lines, next(line for line in lines if line.round_id == row.id))
        return start.why if start else None
    return None


def _warned(db: Session, row: tables.Round) -> str | None:
    warning = tables.RoundWarning
    query = select(warning).where(warning.round_id == row.id, warning.level == WarningLevel.red, warning.stops)
    raised = db.scalars(query.order_by(warning.id).limit(1)).one_or_none()
    if raised is None:
        return None
    return (
        f"The warning {raised.name} is red in round {row.number}. Its page shows the number and the rows it speaks of."
    )


def _audit_fell(db: Session, row: tables.Round) -> str | None:
    before, after = _audit(db, row.parent_id), _audit(db, row.id)
    if before is None or after is None or not is_worse(after, before):
        return None
    return (
        f"People's blind verdicts agreed with the judge on {before.value:.1%} of the samples in the round before and "
        f"on {after.value:.1%} in this one, more of a fall than chance explains."
    )


def _audit(db: Session, round_id: int | None) -> MeasuredNumber | None:
    metric = tables.Metric
    metric_row = db.scalars(select(metric).where(metric.round_id == round_id, metric.name == AUDIT)).one_or_none()
    return (
        None
        if metric_row is None or metric_row.value is None
        else MeasuredNumber(metric_row.value, metric_row.low, metric_row.high, metric_row.n)
    )
