"""A recipe is one value: which part sits in which slot. Adding one is a file here and its paragraph in README.md."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backend.errors import UnknownPart
from backend.generators import Generator
from backend.judges import Judge
from backend.metrics import Metric
from backend.prompt_sources import PromptSource
from backend.registry import catalogue, import_all, left_out
from backend.schedules import Schedule
from backend.selectors import Selector
from backend.trainers import Trainer

SLOTS = ("prompt_source", "generator", "judge", "selector", "trainer", "schedule", "metrics")


class Recipe(BaseModel):
    """Everything that decides what a round does. Stored whole on the round; names no endpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    paper: str = Field("", description="arXiv number or address of the source")
    prompt_source: PromptSource
    generator: Generator
    judge: Judge
    selector: Selector
    trainer: Trainer
    schedule: Schedule
    metrics: tuple[Metric, ...] = ()
    mix_share: float = Field(0.0, ge=0, lt=1, description="share of seed rows (sets used as mix) in the training data")
    earlier_rounds: bool = Field(False, description="train on what the ancestor rounds kept as well")
    unparsed_limit: float = Field(
        0.5, ge=0, le=1, description="largest share of replies without a verdict before judging fails"
    )
    groups_per_batch: int = Field(64, ge=1, description="prompts per engine call and per transaction")

    @model_validator(mode="after")
    def _selector_feeds_trainer(self) -> "Recipe":
        if self.selector.makes is not self.trainer.trains_on:
            raise ValueError(
                f"The selector {self.selector.name} makes {self.selector.makes} examples, but the trainer "
                f"{self.trainer.name} trains on {self.trainer.trains_on}. Choose a pair that fits."
            )
        return self

    def with_changes(self, changes: dict[str, Any]) -> "Recipe":
        """Return this recipe with `{"slot": {"knob": value}}` applied; a dict with "name" replaces the part."""
        data = self.model_dump(mode="json")
        for slot, value in changes.items():
            if isinstance(value, dict) and isinstance(data.get(slot), dict):
                data[slot] = value if "name" in value and value["name"] != data[slot]["name"] else data[slot] | value
            else:
                data[slot] = value
        return Recipe.model_validate(data)


_recipes: dict[str, Recipe] = catalogue()


def register(recipe: Recipe) -> None:
    """Make a recipe known by its name."""
    _recipes[recipe.name] = recipe


def get(name: str) -> Recipe:
    """Return the recipe of that name; raises `UnknownPart`."""
    import_all()
    if name not in _recipes:
        raise UnknownPart(kind="recipe", name=name, known=sorted(_recipes), left_out=left_out())
    return _recipes[name]


def names() -> list[str]:
    """Names of all registered recipes, sorted."""
    import_all()
    return sorted(_recipes)
