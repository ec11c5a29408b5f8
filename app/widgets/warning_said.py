"""The lights of a round as texts."""

from collections.abc import Sequence
from typing import Any

from backend.services.warnings import WarningView
from backend.values import WarningLevel

Shown = dict[str, Any]
BADGES = {WarningLevel.red: "bad", WarningLevel.amber: "warn", WarningLevel.green: "ok", WarningLevel.unknown: ""}
WORDS = {WarningLevel.unknown: "not known"}
RAISED = (WarningLevel.red, WarningLevel.amber)
COUNTED = (*RAISED, WarningLevel.green, WarningLevel.unknown)


def light(warning: WarningView, round_id: int) -> Shown:
    """One light: its level in words, what is measured, and the numbers behind it."""
    known = warning.value is not None
    return {
        "name": warning.name,
        "code": warning.code,
        "title": warning.title,
        "level": WORDS.get(warning.level, str(warning.level)),
        "badge": BADGES[warning.level],
        "measures": warning.measures,
        "value": number(warning.value, warning.unit) if warning.value is not None else "not known",
        "interval": _interval(warning) if known else "",
        "limit": _limits(warning),
        "n": f"from {warning.n:,} {warning.counts}",
        "reason": warning.reason,
        "source": warning.source,
        "rows": warning.rows,
        "href": f"warnings?round={round_id}&warning={warning.name}",
    }


def lights(views: Sequence[WarningView], round_id: int) -> Shown:
    """Those that are raised, those that are green, and those that are not known, each in the order of their levels."""
    return {
        "raised": [light(view, round_id) for level in RAISED for view in views if view.level is level],
        "green": [light(view, round_id) for view in views if view.level is WarningLevel.green],
        "unknown": [light(view, round_id) for view in views if view.level is WarningLevel.unknown],
        "counted": counted(views),
    }


def counted(views: Sequence[WarningView]) -> str:
    """`1 red, 2 amber, 5 green, 4 not known`."""
    numbers = ((level, sum(view.level is level for view in views)) for level in COUNTED)
    return ", ".join(f"{n} {WORDS.get(level, str(level))}" for level, n in numbers if n)


def number(value: float, unit: str) -> str:
    """A value in its unit: shares and points in hundredths."""
    if unit == "share":
        return f"{value:.1%}"
    if unit.startswith("points"):
        return f"{value * 100:+.1f} {unit}"
    if unit == "rank correlation":
        return f"{value:.2f}"
    # What is measured names these itself: "exponent of the tail is 1.21".
    return f"{value:.3g}" if unit == "exponent" else f"{value:.3g} {unit}"


def _interval(warning: WarningView) -> str:
    if warning.low is None or warning.high is None:
        return "an exact count"
    return f"95 % interval {number(warning.low, warning.unit)} to {number(warning.high, warning.unit)}"


def _limits(warning: WarningView) -> str:
    how = "below" if warning.is_below else "above"
    amber = "" if warning.amber is None else f", amber {how} {number(warning.amber, warning.unit)}"
    return f"red {how} {number(warning.limit, warning.unit)}{amber}"
