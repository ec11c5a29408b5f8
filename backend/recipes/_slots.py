"""The shorthand of a recipe: one part of each kind in a slot of its own."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.generators import Generator
from backend.judges import Judge
from backend.metrics import Metric
from backend.prompt_sources import PromptSource
from backend.schedules import Schedule
from backend.selectors import Selector
from backend.trainers import Trainer

STEPS = ("prompt_source", "generator", "judge", "selector", "trainer")
"""The slots that are steps, in the order in which they run."""
SLOTS = (*STEPS, "schedule", "metrics")


class Common(BaseModel):
    """What a recipe says beside its parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    paper: str = Field("", description="arXiv number or address of the source")
    mix_share: float = Field(0.0, ge=0, lt=1, description="share of seed rows (sets used as mix) in the training data")
    earlier_rounds: bool = Field(False, description="train on what the ancestor rounds kept as well")
    earlier_rounds_limit: int = Field(0, ge=0, description="nearest ancestor rounds that count there; 0 means all")
    unparsed_limit: float = Field(
        0.5, ge=0, le=1, description="largest share of replies without a verdict before judging fails"
    )
    groups_per_batch: int = Field(64, ge=1, description="prompts per engine call and per transaction")


class Slots(Common):
    """A recipe as one part in each slot."""

    prompt_source: PromptSource
    generator: Generator
    judge: Judge
    selector: Selector
    trainer: Trainer
    schedule: Schedule
    metrics: tuple[Metric, ...] = ()

    @model_validator(mode="after")
    def _selector_feeds_trainer(self) -> "Slots":
        if self.selector.makes not in self.trainer.takes:
            raise ValueError(
                f"The selector {self.selector.name} makes {self.selector.makes} examples, but the trainer "
                f"{self.trainer.name} trains on {self.trainer.trains_on or 'no rows'}. Choose a selector and a trainer "
                "that fit."
            )
        return self

    def to_steps(self) -> dict[str, Any]:
        """The same recipe as a list of steps: the fields of `Recipe`, with the parts themselves."""
        beside = {name: getattr(self, name) for name in type(self).model_fields if name not in STEPS}
        return beside | {"steps": tuple(getattr(self, slot) for slot in STEPS)}
