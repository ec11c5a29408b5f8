"""Change nothing from round to round."""

from collections.abc import Sequence
from typing import Any

from backend.schedules import Schedule


class Constant(Schedule):
    """Leave every knob as the recipe has it."""

    def changes(self, history: Sequence[dict[str, float | None]]) -> dict[str, dict[str, Any]]:
        return {}
