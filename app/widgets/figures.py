"""Measures of agreement as people read them."""

from app.widgets.formats import percent
from backend.metrics._agreement import Figure
from backend.translations import gettext, ngettext


def share(figure: Figure) -> str:
    """`82% (74 to 90)`, `0% (12 items, interval unknown)`, which items that are all alike leave without a width."""
    if figure.value is None:
        return "–"
    return percent(figure.value, 0) + _interval(figure, 100, ".0f")


def kappa(figure: Figure) -> str:
    """`0.64 (0.51 to 0.75)`."""
    if figure.value is None:
        return "–"
    return f"{figure.value:.2f}{_interval(figure, 1, '.2f')}"


def _interval(figure: Figure, times: int, format: str) -> str:
    if figure.low is None or figure.high is None:
        text = ngettext("({number} item, interval unknown)", "({number} items, interval unknown)", figure.n)
        return " " + text.format(number=figure.n)
    ends = {"low": f"{figure.low * times:{format}}", "high": f"{figure.high * times:{format}}"}
    return " " + gettext("({low} to {high})").format(**ends)
