"""Measures of agreement as people read them."""

from backend.metrics._agreement import Figure


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


def _interval(figure: Figure, times: int, format: str) -> str:
    if figure.low is None or figure.high is None:
        return f" ({figure.n} item{'' if figure.n == 1 else 's'}, too few to say)"
    return f" ({figure.low * times:{format}} to {figure.high * times:{format}})"
