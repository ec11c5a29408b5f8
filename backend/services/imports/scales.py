"""The scale of a file's scores: a cut at 0.5 means nothing for ratings from 1 to 5."""

from backend.errors import InvalidInput
from backend.services.imports.staging import StagedSamples

CUT = 0.5
"""From which score on a sample is good, where scores are from 0 to 1 and nobody said otherwise."""


def check(accept_at: float | None, lowest: float | None, highest: float | None) -> None:
    """Raise `InvalidInput` for a scale with one end, or without a cut on it."""
    if (lowest is None) != (highest is None):
        raise InvalidInput("A scale has two ends. Give lowest and highest, or neither.")
    if lowest is None or highest is None:
        return
    if accept_at is None:
        raise InvalidInput("A scale needs accept_at, the score from which on a sample is good. Give it.")
    if not lowest <= accept_at <= highest or lowest == highest:
        raise InvalidInput(f"accept_at is {accept_at:g}, and the scale {lowest:g} to {highest:g}. Choose one on it.")


def scale_of(
    staged: StagedSamples, accept_at: float | None, lowest: float | None, highest: float | None
) -> tuple[float, float] | None:
    """The scale of the file's scores; None for 0 to 1. Raises `InvalidInput` for a score that is not on it."""
    if staged.lowest is None or staged.highest is None:
        return None if lowest is None or highest is None else (lowest, highest)
    if accept_at is None:
        low, high = 0.0, 1.0
    elif lowest is not None and highest is not None:
        low, high = lowest, highest
    else:
        low, high = min(accept_at, staged.lowest[0]), max(accept_at, staged.highest[0])
    score, row = staged.lowest if staged.lowest[0] < low else staged.highest
    if not low <= score <= high:
        way_out = "Correct it."
        if accept_at is None:
            way_out = "Give accept_at, the score from which on a sample is good; then the scale is that of the file."
        raise InvalidInput(
            f"{staged.unit.capitalize()} {row:,} has the score {score:g}, which is not on the scale {low:g} to "
            f"{high:g}, so nothing was imported. {way_out}"
        )
    if low >= 0 and high <= 1:
        return None
    if low == high:
        raise InvalidInput(
            f"All scores of the file are {low:g}, which does not say on what scale. Give lowest and highest, such as 1 "
            "and 5."
        )
    return low, high
