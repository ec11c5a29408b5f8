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


def light(one: WarningView, round_id: int) -> Shown:
    """One light: its level in words, what is measured, and the numbers behind it."""
    known = one.value is not None
    return {
        "name": one.name,
        "code": one.code,
        "title": one.title,
        "level": WORDS.get(one.level, str(one.level)),
        "badge": BADGES[one.level],
        "measures": one.measures,
        "value": number(one.value, one.unit) if one.value is not None else "not known",
        "interval": _interval(one) if known else "",
        "limit": _limits(one),
        "n": f"from {one.n:,} {one.counts}",
        "reason": one.reason,
        "source": one.source,
        "rows": one.rows,
        "href": f"warnings?round={round_id}&warning={one.name}",
    }


def lights(found: Sequence[WarningView], round_id: int) -> Shown:
    """Those that are raised, those that are green, and those that are not known, each in the order of their levels."""
    return {
        "raised": [light(one, round_id) for level in RAISED for one in found if one.level is level],
        "green": [light(one, round_id) for one in found if one.level is WarningLevel.green],
        "unknown": [light(one, round_id) for one in found if one.level is WarningLevel.unknown],
        "counted": counted(found),
    }


def counted(found: Sequence[WarningView]) -> str:
    """`1 red, 2 amber, 5 green, 4 not known`."""
    numbers = ((level, sum(one.level is level for one in found)) for level in COUNTED)
    return ", ".join(f"{n} {WORDS.get(level, str(level))}" for level, n in numbers if n)


def number(value: float, unit: str) -> str:
    """A value in its unit: shares and points in hundredths."""
    if unit == "share":
        return f"{value:.1%}"
    if unit.startswith("points"):
        return f"{value * 100:+.1f} {unit}"
    return f"{value:.3g} {unit}" if unit != "rank correlation" else f"{value:.2f}"


def _interval(one: WarningView) -> str:
    if one.low is None or one.high is None:
        return "an exact count"
    return f"95 % interval {number(one.low, one.unit)} to {number(one.high, one.unit)}"


def _limits(one: WarningView) -> str:
    how = "below" if one.is_below else "above"
    amber = "" if one.amber is None else f", amber {how} {number(one.amber, one.unit)}"
    return f"red {how} {number(one.limit, one.unit)}{amber}"
