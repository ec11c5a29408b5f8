"""Which sample a decision on a group puts first."""

from typing import Any


def best_of(value: dict[str, Any]) -> int | str:
    """The sample's number, `tie` or `all bad`."""
    if value.get("all_bad"):
        return "all bad"
    if value.get("tie"):
        return "tie"
    order = value.get("order") or [value.get("best")]
    return int(order[0]) if order[0] is not None else "tie"
