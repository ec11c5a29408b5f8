"""Ask for more with every round."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from backend.schedules import Changes, History, Schedule, TryOut


class RisingThreshold(Schedule):
    """Set a threshold by the number of the recipe's rounds so far; the last value stays.

    ReST raises the reward threshold of its filter with every improve step (Gulcehre et al. 2023, arXiv
    2308.08998, section 3); ScPO raises the share of votes a prompt needs (arXiv 2411.04109).
    """

    counts_own_rounds: ClassVar[bool] = True

    values: tuple[float, ...] = Field(
        (0.5, 0.7), min_length=1, description="threshold of the first round, the second, ..."
    )
    slot: str = Field("selector", description="slot of the part whose knob is set")
    knob: str = Field("threshold", description="the knob that is set")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if any(later <= earlier for earlier, later in zip(self.values, self.values[1:], strict=False)):
            raise ValueError(
                f"The values {self.values} do not rise. Give each round a higher value than the one before."
            )
        return self

    def changes(self, history: History, try_out: TryOut | None = None) -> Changes:
        value = self.values[min(len(history), len(self.values) - 1)]
        return {self.slot: {self.knob: value}}
