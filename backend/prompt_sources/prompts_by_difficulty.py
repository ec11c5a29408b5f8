"""Take the prompts of a round that are as difficult as is wanted."""

import math
import random
from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from backend.difficulty import difficulty_of
from backend.engines import Engine
from backend.errors import InvalidInput
from backend.prompt_sources import PromptSource
from backend.values import Prompt


class PromptsByDifficulty(PromptSource):
    """Choose at most `limit` of the prompts whose difficulty lies from `lowest` to `highest`.

    The difficulty is a number that the file says of each prompt, such as the digits of a sum; prompts without one are
    never taken. With the schedule `difficulty_ladder` the bounds rise from round to round (Lee et al. 2025, arXiv
    2502.01612). Raises `InvalidInput` where no prompt lies between the bounds.
    """

    key: str = Field("difficulty", min_length=1, description="column of the prompts' metadata that holds the number")
    lowest: float | None = Field(None, allow_inf_nan=False, description="lowest difficulty; unset: no lower bound")
    highest: float = Field(1.0, allow_inf_nan=False, description="highest difficulty")
    shuffle: bool = Field(
        True, description="draw prompts at random (by the round's seed) instead of in their stored order"
    )

    @model_validator(mode="after")
    def _are_bounds(self) -> Self:
        if self.lowest is not None and self.lowest > self.highest:
            raise ValueError(f"lowest {self.lowest:g} is above highest {self.highest:g}: no prompt fits. Swap them.")
        return self

    @property
    def asks_as_written(self) -> bool:
        return True

    def prompts(self, engine: Engine | None, seeds: Sequence[Prompt], *, limit: int, seed: int) -> list[Prompt]:
        known = [(seed, level) for seed in seeds if (level := difficulty_of(seed, self.key)) is not None]
        lowest = -math.inf if self.lowest is None else self.lowest
        order = [prompt for prompt, level in known if lowest <= level <= self.highest]
        if seeds and not order:
            levels = sorted(level for _, level in known)
            there = f"those there are go from {levels[0]:g} to {levels[-1]:g}" if levels else "none has such a number"
            bounds = f"{self.lowest:g} to {self.highest:g}" if self.lowest is not None else f"at most {self.highest:g}"
            raise InvalidInput(
                f"No prompt of this round has the difficulty {bounds} in its column {self.key!r}: {there}. Import "
                "prompts with such a column, name another column, or set other bounds."
            )
        if self.shuffle:
            random.Random(seed).shuffle(order)
        return order[: max(limit, 0)]
