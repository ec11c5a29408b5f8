"""Schedules change knobs from round to round."""

from collections.abc import Sequence
from typing import Any

from backend.registry import Part


class Schedule(Part, kind="schedule"):
    """The only part that sees time."""

    def changes(self, history: Sequence[dict[str, float | None]]) -> dict[str, dict[str, Any]]:
        """Return new knob values by slot for the next round, given each past round's metric values by name."""
        raise NotImplementedError
