"""Ask for harder prompts once those of the present difficulty are answered."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from backend.difficulty import accuracy_at
from backend.schedules import Changes, History, Schedule, TryOut


class DifficultyLadder(Schedule):
    """Go one level up when the held-out accuracy at the present level is high enough; else the level stays.

    The first round of the recipe stands at the first level; rounds of other recipes do not count. A round moves the
    level up by one at most, and only where its new checkpoint was measured on held-out prompts of that level, so that a
    training lies between two moves; the last level stays. A level needs a number of its own, which only the 30
    difficulties with the most held-out prompts have. A transformer that is trained on what it labelled itself at one
    length goes on to the next one (Lee et al. 2025, arXiv 2502.01612).
    """

    counts_own_rounds: ClassVar[bool] = True

    levels: tuple[float, ...] = Field((1.0, 2.0, 3.0), min_length=1, description="the difficulties, the lowest first")
    at_least: float = Field(
        0.9, ge=0, le=1, description="held-out accuracy at the present level from which the next one is asked for"
    )
    slot: str = Field("prompt_source", description="slot or step of the prompt source whose bounds are set")
    knobs: tuple[str, ...] = Field(("highest",), min_length=1, description="the knobs that are set to the level")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if any(later <= earlier for earlier, later in zip(self.levels, self.levels[1:], strict=False)):
            raise ValueError(f"The levels {self.levels} do not rise. Give each once, the lowest first.")
        return self

    @property
    def looks_at(self) -> tuple[str, ...]:
        return ("accuracy_by_difficulty",)

    def settings(self) -> list[Changes]:
        return [self._at(place) for place in range(len(self.levels))]

    def changes(self, history: History, try_out: TryOut | None = None) -> Changes:
        place = 0
        for measured in history:
            value = measured.get(accuracy_at(self.levels[place]))
            if value is not None and value >= self.at_least and place + 1 < len(self.levels):
                place += 1
        return self._at(place)

    def _at(self, place: int) -> Changes:
        return {self.slot: dict.fromkeys(self.knobs, self.levels[place])}
