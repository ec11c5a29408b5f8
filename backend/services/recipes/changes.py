"""What a recipe has otherwise than another one: knob by knob, as a form shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backend.services.recipes import parts, steps_edit
from backend.services.recipes.aligned import aligned
from backend.services.recipes.parts import KnobType, Spot
from backend.services.recipes.steps_edit import Path
from backend.values import JSON


@dataclass(frozen=True)
class Change:
    """A knob of another value, or a place where another part stands.

    `path` leads to it in the recipe's JSON, `place` names the slot or step, `label` the knob. `usual`: what the other
    recipe has there.
    """

    path: Path
    place: str
    label: str
    value: Any
    usual: Any


def changes(recipe: JSON, other: JSON) -> list[Change]:
    """Return what the recipe has otherwise than the other one, in the order of its form."""
    if "steps" in recipe and "steps" not in other and "phases" not in other:
        other = steps_edit.as_steps(other)
    found: list[Change] = []
    theirs = _counterparts(recipe, other)
    for spot in parts.spots(recipe):
        place = _place(spot)
        mine, usual = take(recipe, spot.path), theirs.get(spot.path)
        if spot.is_many:
            found += _of_parts(spot.path, spot.kind, place, mine or [], usual or [])
        else:
            found += _of_part(spot.path, spot.kind, place, mine, usual)
        if spot.line and usual is not None:
            found += _of_step(recipe, other, spot, place)
    for knob in parts.recipe_knobs():
        value, was = recipe.get(knob.name, knob.default), other.get(knob.name, knob.default)
        if value != was:
            found.append(Change((knob.name,), "", knob.label, value, was))
    return found


def take(data: Any, path: Path) -> Any:
    """Return what a path leads to in JSON, None where it leads nowhere."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _counterparts(recipe: JSON, other: JSON) -> dict[Path, Any]:
    """Of each place of the recipe the JSON of the same slot, or of the step that it stands for."""
    mine, theirs = parts.spots(recipe), parts.spots(other)
    found = {spot.path: take(other, spot.path) for spot in mine if not spot.line}
    for phase in dict.fromkeys(spot.path[:-2] for spot in mine if spot.line):
        after, before = ([one for one in some if one.line and one.path[:-2] == phase] for some in (mine, theirs))
        pairs, _, _ = aligned(
            [(one.kind, take(other, one.path)["name"]) for one in before],
            [(one.kind, take(recipe, one.path)["name"]) for one in after],
        )
        found |= {after[n].path: take(other, before[at].path) for n, at in pairs.items()}
    return found


def _place(spot: Spot) -> str:
    if spot.line:
        return spot.line.split(":")[0].rstrip(".")
    return str(spot.path[0]).replace("_", " ").capitalize()


def _of_part(path: Path, kind: str, place: str, mine: Any, theirs: Any) -> Iterator[Change]:
    name, was = (one["name"] if isinstance(one, dict) else None for one in (mine, theirs))
    if name != was:
        yield Change(path, place, kind.replace("_", " "), name, was)
        return
    for knob in parts.describe()[kind].get(str(name), []) if isinstance(mine, dict) else []:
        here = (*path, knob.name)
        value, usual = (one.get(knob.name, knob.default) for one in (mine, theirs))
        if knob.type is KnobType.part:
            yield from _of_part(here, knob.kind, place, value, usual)
        elif knob.type is KnobType.parts:
            yield from _of_parts(here, knob.kind, place, value or [], usual or [])
        elif value != usual:
            yield Change(here, place, knob.label, value, usual)


def _of_parts(path: Path, kind: str, place: str, mine: list[JSON], theirs: list[JSON]) -> Iterator[Change]:
    names, were = ([one["name"] for one in some] for some in (mine, theirs))
    if names != were:
        yield Change(path, place, kind.replace("_", " "), ", ".join(names), ", ".join(were))
        return
    for n, (one, other) in enumerate(zip(mine, theirs, strict=True)):
        yield from _of_part((*path, n), kind, place, one, other)


def _of_step(recipe: JSON, other: JSON, spot: Spot, place: str) -> Iterator[Change]:
    """What a step says beside its part, as far as the same step is at the same place."""
    mine, theirs = take(recipe, spot.path[:-1]), take(other, spot.path[:-1])
    if not isinstance(theirs, dict) or theirs.get("kind") != mine.get("kind"):
        return
    for knob in steps_edit.knobs():
        value, usual = (one.get(knob.name, knob.default) for one in (mine, theirs))
        if value != usual:
            yield Change((*spot.path[:-1], knob.name), place, knob.label, value, usual)
