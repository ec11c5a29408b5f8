"""No training: the same weights, used by draft, feedback and revision (Madaan et al. 2023, arXiv 2303.17651)."""

from collections.abc import Sequence
from typing import ClassVar

from backend.engines.self_refine import RefineKnobs
from backend.trainers._engine import EngineTrainer, WrittenWrapper
from backend.values import JSON, DatasetType


class SelfRefine(RefineKnobs, EngineTrainer):
    """Make a checkpoint that refines its answers when it is asked, by the engine self_refine around its start.

    It reads no rows and trains nothing. A start that refines its answers already gets these knobs instead of its own.
    """

    trains_on: ClassVar[DatasetType | None] = None

    def write(self, rows: Sequence[JSON], start: JSON) -> WrittenWrapper:
        return WrittenWrapper("self_refine", self.model_dump(mode="json", include=set(RefineKnobs.model_fields)))
