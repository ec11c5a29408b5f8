"""Measures of agreement as people read them."""

from datetime import datetime

from app.widgets.formats import duration
from backend.db import now
from backend.services.agreement_measures import Figure


def share(figure: Figure) -> str:
    """`82% (74 to 90)`, `0% (12 items, too few to say)`."""
    if figure.value is None:
        return "–"
    return f"{figure.value:.0%}{_interval(figure, 100, '.0f')}"


def kappa(figure: Figure) -> str:
    """`0.64 (0.51 to 0.75)`."""
    if figure.value is None:
        return "–"
    return f"{figure.value:.2f}{_interval(figure, 1, '.2f')}"


def ends(at: datetime | None) -> str:
    """`in 40 min, 14:20 UTC`."""
    if at is None:
        return "–"
    seconds = (at - now()).total_seconds()
    day = "" if at.date() == now().date() else f"{at:%Y-%m-%d} "
    return f"in {duration(seconds)}, {day}{at:%H:%M} UTC"


def ago(at: datetime | None) -> str:
    return "never" if at is None else f"{duration((now() - at).total_seconds())} ago"


def _interval(figure: Figure, times: int, format: str) -> str:
    if figure.low is None or figure.high is None:
        return f" ({figure.n} item{'' if figure.n == 1 else 's'}, too few to say)"
    return f" ({figure.low * times:{format}} to {figure.high * times:{format}})"
