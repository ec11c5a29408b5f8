"""Change nothing from round to round."""

from backend.schedules import Changes, History, Schedule, TryOut


class Constant(Schedule):
    """Leave every knob as the recipe has it."""

    def changes(self, history: History, try_out: TryOut | None = None) -> Changes:
        return {}
