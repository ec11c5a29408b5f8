"""Mix known answers into the rows, until they have their share."""

import heapq
import random
from collections.abc import Iterable, Sequence
from typing import ClassVar

from pydantic import Field

from backend.mixers import Mixer
from backend.values import DatasetType, Group, Mixture, Past, TrainingRow


class SeedShare(Mixer):
    """Add known answers of the prompt sets used as mix, drawn at random, until they are `share` of all rows.

    Rows of people beside the model's own keep the training from collapsing onto itself. Where there are too few of them
    all are added.
    """

    mixes: ClassVar[tuple[DatasetType, ...]] = (DatasetType.prompt_completion, DatasetType.language_modeling)

    share: float = Field(0.2, gt=0, lt=1, description="share of the known answers among all rows")

    @property
    def reads_seeds(self) -> bool:
        return True

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        wanted = round(self.share / (1 - self.share) * len(rows))
        chance = random.Random(seed)
        # Drawn while they are read: only the wanted ones are kept in memory.
        drawn = heapq.nsmallest(wanted, ((chance.random(), number, row) for number, row in enumerate(past.seeds)))
        return Mixture([*rows, *(row for _, _, row in drawn)])
