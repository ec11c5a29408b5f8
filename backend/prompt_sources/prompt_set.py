"""Take the prompts of a round from its prompt sets."""

import random
from collections.abc import Sequence

from pydantic import Field

from backend.engines import Engine
from backend.prompt_sources import PromptSource
from backend.values import Prompt


class PromptSet(PromptSource):
    """Choose at most `limit` of the given prompts; a smaller limit takes the first of what a larger one takes."""

    shuffle: bool = Field(
        True, description="draw prompts at random (by the round's seed) instead of in their stored order"
    )
    take_own: bool = Field(False, description="draw from the prompts that the rounds above adopted, too")

    @property
    def asks_as_written(self) -> bool:
        return True

    @property
    def reads_own(self) -> bool:
        return self.take_own

    def prompts(self, engine: Engine | None, seeds: Sequence[Prompt], *, limit: int, seed: int) -> list[Prompt]:
        order = list(seeds)
        if self.shuffle:
            random.Random(seed).shuffle(order)
        return order[: max(limit, 0)]
