"""A recipe's JSON that was kept outside of Rondo's database, cut to the knobs that there still are."""

import copy
from collections.abc import Collection, Iterator
from typing import Any

from backend import boundary
from backend.errors import InvalidInput
from backend.services.recipes import parts, steps_edit
from backend.services.recipes.knobs import Knob, KnobType
from backend.values import JSON

Path = tuple[str | int, ...]
NO_RECIPE = "What was kept is no recipe."


def fitted(recipe: JSON) -> tuple[JSON, list[Path]]:
    """Return the recipe without the knobs that are gone, and the paths of these; its values may be wrong.

    Raises `InvalidInput` where it holds a part that there is no more, and where it is no recipe.
    """
    boundary.plain(recipe)
    result, gone = copy.deepcopy(recipe), list[Path]()
    if not all(isinstance(result.get(word), str) for word in ("name", "title")):
        raise InvalidInput(NO_RECIPE)
    lists = {"phases", "steps"} & result.keys()
    kinds = {"schedule": "schedule", "metrics": "metric"} if lists else parts.SLOT_KINDS
    _cut(result, {"name", "title", "paper", *lists, *kinds, *_names(parts.recipe_knobs()), "product"}, (), gone)
    for slot, kind in kinds.items():
        for value, path in _held(result.get(slot), (slot,), is_many=slot == "metrics"):
            _fit(value, kind, path, gone)
    for step, path in _steps(result):
        _cut(step, {"kind", "part", *_names(steps_edit.knobs())}, path, gone)
        name = step.get("kind")
        if step.get("part") is None or not isinstance(name, str) or name not in parts.KINDS:
            raise InvalidInput(NO_RECIPE)
        _fit(step["part"], name, (*path, "part"), gone)
    return result, gone


def _steps(recipe: JSON) -> Iterator[tuple[dict[str, Any], Path]]:
    phases = _objects(recipe["phases"]) if "phases" in recipe else [recipe] if "steps" in recipe else []
    for number, phase in enumerate(phases):
        above: Path = ("phases", number) if "phases" in recipe else ()
        for index, step in enumerate(_objects(phase.get("steps"))):
            yield step, (*above, "steps", index)


def _fit(part: Any, kind: str, path: Path, gone: list[Path]) -> None:
    """Cut a part, and the parts within it."""
    if not isinstance(part, dict):
        raise InvalidInput(NO_RECIPE)
    knobs = parts.describe()[kind].get(str(part.get("name")))
    if knobs is None:
        raise InvalidInput(f"There is no {kind.replace('_', ' ')} {str(part.get('name'))[:80]!r} any more.")
    _cut(part, {"name", *_names(knobs)}, path, gone)
    for knob in knobs:
        if knob.type in (KnobType.part, KnobType.parts):
            is_many = knob.type is KnobType.parts
            for value, below in _held(part.get(knob.name), (*path, knob.name), is_many=is_many):
                _fit(value, knob.kind, below, gone)


def _held(value: Any, path: Path, *, is_many: bool) -> list[tuple[Any, Path]]:
    """The parts that stand at a path, with the path of each."""
    if is_many:
        return [(part, (*path, place)) for place, part in enumerate(_objects(value or []))]
    return [] if value is None else [(value, path)]


def _objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidInput(NO_RECIPE)
    return value


def _cut(holder: dict[str, Any], known: Collection[str], path: Path, gone: list[Path]) -> None:
    for name in [name for name in holder if name not in known]:
        del holder[name]
        gone.append((*path, name))


def _names(knobs: list[Knob]) -> list[str]:
    return [knob.name for knob in knobs]
