"""Numbers of several values of one note, of which there may be as many as there are prompts."""

from collections.abc import Mapping

MOST_VALUES = 30
"""Values that have a number of their own; the others share one."""


def most_frequent(counts: Mapping[str, int]) -> frozenset[str]:
    """Return the values with a number of their own: those with the most prompts, of equal ones the first by name."""
    return frozenset(sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES])
