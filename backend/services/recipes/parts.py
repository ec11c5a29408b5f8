"""What can be put into a recipe: the registered parts with their knobs, read off the pydantic fields."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pydantic import BaseModel, ValidationError

from backend import registry
from backend.engines import Engine
from backend.environments import Environment
from backend.errors import InvalidInput, UnknownPart
from backend.exporters import Exporter
from backend.generators import Generator
from backend.judges import Judge
from backend.metrics import Metric
from backend.mixers import Mixer
from backend.prompt_sources import PromptSource
from backend.recipes import SLOTS, Common, Recipe, get, kind_word, names
from backend.registry import Part, import_all
from backend.schedules import Schedule
from backend.selectors import Selector
from backend.services import refusals
from backend.services.recipes.knob_labels import label_of
from backend.services.recipes.knobs import Knob, first_line, knobs_of
from backend.services.review_settings import ReviewSettings
from backend.trainers import Trainer
from backend.translations import gettext
from backend.values import JSON

KINDS: dict[str, type[Part]] = {
    "engine": Engine,
    "prompt_source": PromptSource,
    "generator": Generator,
    "judge": Judge,
    "selector": Selector,
    "mixer": Mixer,
    "trainer": Trainer,
    "schedule": Schedule,
    "metric": Metric,
    "environment": Environment,
    "exporter": Exporter,
}
SLOT_KINDS = {slot: "metric" if slot == "metrics" else slot for slot in SLOTS}


@dataclass(frozen=True)
class Spot:
    """Where a recipe's JSON holds a part, or several (`is_many`), and what to call it; `line` where it is a step."""

    path: tuple[str | int, ...]
    kind: str
    line: str = ""
    is_many: bool = False


def load() -> None:
    """Import all parts and recipes, before anybody asks for one; a package that cannot be loaded is in the log."""
    import_all()


def left_out() -> tuple[str, ...]:
    """What to say of each package whose parts could not be loaded."""
    import_all()
    return registry.left_out()


@lru_cache(maxsize=1)
def describe() -> dict[str, dict[str, list[Knob]]]:
    """Return the knobs of every registered part: kind -> part name -> knobs in order."""
    import_all()
    return {
        kind: {name: knobs_of(part, called=name) for name, part in sorted(base.registry.items())}
        for kind, base in KINDS.items()
    }


@lru_cache(maxsize=1)
def about() -> dict[str, dict[str, str]]:
    """Return the first sentence of every part's docstring: kind -> part name -> text."""
    import_all()
    return {
        kind: {name: first_line(part.__doc__) for name, part in base.registry.items()} for kind, base in KINDS.items()
    }


def recipes() -> list[JSON]:
    """Return every registered recipe as JSON, by name."""
    return [get(name).model_dump(mode="json") for name in names()]


def recipe(name: str) -> JSON | None:
    """Return the registered recipe of that name as JSON, None where there is none."""
    return get(name).model_dump(mode="json") if name in names() else None


def recipe_titles() -> list[tuple[str, str]]:
    """Return (title, name) of every registered recipe."""
    return [(get(name).title, name) for name in names()]


def label(kind: str, part: str, name: str) -> str:
    """Return what pages call a knob of a part, or of the step that holds it where the part has none of that name."""
    knobs = describe().get(kind, {}).get(part, [])
    return next((knob.label for knob in knobs if knob.name == name), label_of(name, "step"))


def spots(recipe: JSON) -> list[Spot]:
    """Return where a recipe's JSON holds its parts, in order: its slots, or its steps and what every recipe has."""
    if "steps" not in recipe and "phases" not in recipe:
        return [Spot((slot,), kind, is_many=slot == "metrics") for slot, kind in SLOT_KINDS.items()]
    spots_ = []
    for number, phase in enumerate(recipe.get("phases", [recipe])):
        above: tuple[str | int, ...] = ("phases", number) if "phases" in recipe else ()
        words = gettext("Phase {number}, step {line}") if above else "{line}"
        for index, (step, line) in enumerate(zip(phase["steps"], _lines(recipe, number), strict=True)):
            words_here = words.format(number=number + 1, line=line)
            spots_.append(Spot((*above, "steps", index, "part"), step["kind"], words_here))
    return [*spots_, Spot(("schedule",), "schedule"), Spot(("metrics",), "metric", is_many=True)]


def _lines(recipe: JSON, phase: int) -> list[str]:
    """What each step of a phase is and works on; only what it is, where the recipe does not work yet."""
    try:
        return Recipe.model_validate(recipe).lines(phase)
    except (ValidationError, UnknownPart):
        steps = recipe.get("phases", [recipe])[phase]["steps"]
        return [f"{n}. {kind_word(step['kind'])}: {step['part']['name']}" for n, step in enumerate(steps, 1)]


def recipe_knobs() -> list[Knob]:
    """Describe what a recipe sets beside its slots (share of seed rows, earlier rounds, ...)."""
    return [knob for knob in knobs_of(Common) if knob.name not in ("name", "title", "paper")]


def review_knobs() -> list[Knob]:
    """Describe how a round may be reviewed."""
    return knobs_of(ReviewSettings)


def review_defaults() -> JSON:
    """Return the JSON of a review as it is without being asked for anything else."""
    return ReviewSettings().model_dump(mode="json")  # type: ignore[call-arg]  # every field has a default


def defaults(kind: str, name: str) -> JSON:
    """Return the JSON of a part with every knob at its default; a required knob is None."""
    knobs = describe()[kind].get(name, [])
    # The knobs are described once; two parts that shared a default would share what is set in it.
    return {"name": name, **{knob.name: copy.deepcopy(knob.default) for knob in knobs}}


def replace(kind: str, current: JSON, name: str) -> JSON:
    """Return the JSON of another part of that kind, keeping the knobs of `current` that fit it by name and type."""
    before = {knob.name: knob for knob in describe()[kind].get(str(current.get("name")), [])}
    after = defaults(kind, name)
    for knob in describe()[kind].get(name, []):
        same = before.get(knob.name)
        if same is not None and same.type is knob.type and same.choices == knob.choices and knob.name in current:
            after[knob.name] = current[knob.name]
    return after


def switch_recipe(current: JSON, name: str) -> JSON:
    """Return another recipe; slots that hold the same part keep what was set in `current`."""
    new: JSON = get(name).model_dump(mode="json")
    for slot in SLOTS:
        old = current.get(slot)
        if isinstance(old, dict) and isinstance(new.get(slot), dict) and old.get("name") == new[slot]["name"]:
            new[slot] = old
    return new


def validate(recipe: JSON) -> JSON:
    """Check a recipe's JSON and return it whole; raises `InvalidInput` naming the field, `judge.votes: ...`."""
    try:
        return Recipe.model_validate(recipe).model_dump(mode="json")
    except ValidationError as error:
        raise InvalidInput(refusals.explain(error)) from error


def parts_in(value: object) -> Iterator[Part]:
    """All parts of a recipe, or of another model, and those within parts."""
    if isinstance(value, Part):
        yield value
    if isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from parts_in(getattr(value, field))
    elif isinstance(value, tuple):
        for item in value:
            yield from parts_in(item)
