"""Numbers as people read them."""

from typing import TYPE_CHECKING

from backend.differences import Difference
from backend.translations import gettext, ngettext

if TYPE_CHECKING:
    from backend.services.results.accuracies import MeasuredNumber

SHARES = (
    *("accuracy", "pass_at", "similarity", "rate", "share", "correction", "precision", "recall", "f1", "distinct"),
    "unparsed",
)
"""What the name of a number between 0 and 1 has in it that is written in per cent."""

UNITS = ("bytes", "kB", "MB", "GB", "TB")


def percent(value: float | None, places: int = 1) -> str:
    """`12.3%` of a share between 0 and 1; with one place, a share that would read as none is said to be small."""
    if value is None:
        return "–"
    return gettext("under 0.1%") if places == 1 and 0 < value < 0.0005 else f"{value:.{places}%}"


def in_percent(number: float) -> str:
    """`25%` of a number that is in per cent already."""
    return f"{number:g}%"


def interval(measured: "MeasuredNumber | None") -> str:
    """`38.0 to 47.0%, n 400`."""
    if measured is None:
        return ""
    if measured.low is None or measured.high is None:
        return f"n {measured.n:,}"
    ends = {"low": f"{measured.low * 100:.1f}", "high": percent(measured.high)}
    return gettext("{low} to {high}, n {number}").format(**ends, number=f"{measured.n:,}")


def points(value: float) -> str:
    """A difference of two shares: `+3.2 points`."""
    return gettext("{number} points").format(number=f"{value * 100:+.1f}")


def gap_interval(gap: Difference) -> str:
    """`-0.4 to +6.8`, in points; of an interval that is unknown, that it is."""
    if gap.low is None or gap.high is None:
        return gettext("interval unknown")
    return gettext("{low} to {high}").format(low=f"{gap.low * 100:+.1f}", high=f"{gap.high * 100:+.1f}")


def in_bytes(number: int) -> str:
    """`1.5 GB`."""
    size, unit = float(number), 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:,.0f} {UNITS[unit]}" if unit == 0 else f"{size:,.1f} {UNITS[unit]}"


def count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def counted(number: int, unit: str) -> str:
    """`1 row`, `1,200 prompts`: a number and what it counts, which stages name in the plural."""
    text = {
        "groups": ngettext("{number} group", "{number} groups", number),
        "prompts": ngettext("{number} prompt", "{number} prompts", number),
        "rows": ngettext("{number} row", "{number} rows", number),
        "samples": ngettext("{number} sample", "{number} samples", number),
        "texts": ngettext("{number} text", "{number} texts", number),
    }.get(unit)
    return f"{number:,} {gettext(unit)}" if text is None else text.format(number=f"{number:,}")


def done_of(done: int, total: int, unit: str) -> str:
    """`120 of 400 prompts`: how far a job is."""
    return gettext("{number} of {whole} {unit}").format(number=f"{done:,}", whole=f"{total:,}", unit=gettext(unit))


def duration(seconds: float | None) -> str:
    """`42 s`, `3 min`, `1 h 20 min`."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def round_time(seconds: float | None, at_most: float | None, *, is_measured: bool) -> str:
    """How long a round takes: `about 45 s, at most 73 s`; `27 s to 82 s; ...` where nothing was measured here.

    The bound is left out where it reads like the time, or is within a fifth of it.
    """
    if seconds is None:
        return gettext("known after the first round")
    likely, most = duration(seconds), duration(at_most)
    is_wide = at_most is not None and at_most > 1.2 * seconds and most != likely
    text = gettext("about {likely}, at most {at_most}") if is_wide else gettext("about {likely}")
    if not is_measured:
        wide = gettext("{likely} to {at_most}; nothing was measured here yet")
        text = wide if is_wide else gettext("about {likely}; nothing was measured here yet")
    return text.format(likely=likely, at_most=most)


def missing(uncounted: int, unpriced: int) -> list[str]:
    """What is not in a cost: `3 replies without a count of tokens`, `1,200 tokens without a price`."""
    replies = ngettext("1 reply without a count of tokens", "{number} replies without a count of tokens", uncounted)
    tokens = ngettext("1 token without a price", "{number} tokens without a price", unpriced)
    counted = ((replies, uncounted), (tokens, unpriced))
    return [text.format(number=f"{number:,}") for text, number in counted if number]
