"""How difficult prompts are, by a number that their file says of them, and what is measured at each difficulty."""

import math

from backend.values import Prompt


def difficulty_of(prompt: Prompt, key: str) -> float | None:
    """Return the number that a column of the prompt's metadata holds, as a number or as its text; None for none."""
    value = prompt.metadata.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def accuracy_at(level: float) -> str:
    """Return the name of the accuracy on held-out prompts of one difficulty."""
    return f"accuracy_at_{level:.12g}"
