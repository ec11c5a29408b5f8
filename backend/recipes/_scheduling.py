"""What a schedule needs of the recipe whose knobs it sets, and of its metrics."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from backend.errors import InvalidInput
from backend.metrics import Evidence, Metric
from backend.recipes._steps import Step
from backend.schedules import Schedule


def check(
    schedule: Schedule, metrics: Sequence[Metric], steps: Sequence[Step], tried: Callable[[dict[str, Any]], object]
) -> None:
    """Raise `ValueError` where a recipe lacks what its schedule looks at, or stands at none of its settings.

    metrics, steps: of the recipe. tried: what makes the recipe with some changes, and raises where they do not fit.
    """
    parts = [str(metric.name) for metric in metrics]
    if missing := [name for name in schedule.looks_at if name not in parts]:
        raise ValueError(
            f"The schedule {schedule.name} looks at the metric {missing[0]}, which this recipe does not have. Add it "
            "to the metrics, or take the schedule constant."
        )
    if schedule.needs:
        known = {value.name for metric in metrics for value in metric.compute(Evidence())}
        if unknown := [name for name in schedule.needs if name not in known]:
            raise ValueError(
                f"The schedule {schedule.name} looks at {unknown[0]}, which none of this recipe's metrics gives. Add "
                "the metric that does, or take another warning."
            )
    settings = schedule.settings()
    for changes in (*settings[:1], *settings[-1:]):
        try:
            tried(changes)
        except (InvalidInput, ValueError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise ValueError(f"The schedule {schedule.name} cannot set {changes} in this recipe: {reason}") from error
    if settings and not any(_stands_at(steps, changes) for changes in settings):
        raise ValueError(
            f"The schedule {schedule.name} goes from {settings[0]} to {settings[-1]}, but this recipe stands at none "
            "of its settings. Set these knobs to the first of them."
        )


def _stands_at(steps: Sequence[Step], changes: dict[str, dict[str, Any]]) -> bool:
    """Whether the steps that a change names have these values already."""
    for place, knobs in changes.items():
        meant = [s.part for s in steps if s.name == place] or [s.part for s in steps if s.kind == place]
        if any(getattr(part, knob, None) != value for part in meant for knob, value in knobs.items()):
            return False
    return True
