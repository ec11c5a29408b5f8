"""What a recipe has otherwise than another one: knob by knob, as a form shows it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from backend.errors import UnknownPart
from backend.recipes import STEPS, Step
from backend.services.recipes import parts, steps_edit
from backend.services.recipes.aligned import aligned
from backend.services.recipes.knobs import KnobType
from backend.services.recipes.parts import Spot
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
    """Return what the recipe has otherwise than the other one, in the order of its form; last the steps it lacks."""
    mine, theirs = _as_written_alike(recipe, other), _as_written_alike(other, recipe)
    differences: list[Change] = []
    counterparts, places, gone = _counterparts(mine, theirs)
    for spot in parts.spots(mine):
        place, at = _place(spot), counterparts.get(spot.path)
        part, usual = take(mine, spot.path), take(theirs, at) if at else None
        if spot.is_many:
            differences += _of_parts(spot.path, spot.kind, place, part or [], usual or [])
        else:
            differences += _of_part(spot.path, spot.kind, place, part, usual)
        if spot.line and at:
            differences += _of_step(spot.path[:-1], place, take(mine, spot.path[:-1]), take(theirs, at[:-1]))
        if at and spot.path in places:
            differences.append(Change((*spot.path[:-1], "place"), place, "place", *places[spot.path]))
    differences += [
        Change(spot.path[:-2], "", spot.kind.replace("_", " "), None, take(theirs, spot.path)["name"]) for spot in gone
    ]
    differences = [replace(change, path=_own(change.path, recipe)) for change in differences]
    for knob in parts.recipe_knobs():
        value, was = recipe.get(knob.name, knob.default), other.get(knob.name, knob.default)
        if value != was:
            differences.append(Change((knob.name,), "", knob.label, value, was))
    return differences


def take(data: Any, path: Path) -> Any:
    """Return what a path leads to in JSON, None where it leads nowhere."""
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _as_written_alike(recipe: JSON, other: JSON) -> JSON:
    """The recipe with its slots as steps, and its steps as a phase, where the other one is written so."""
    if "phases" not in other and "steps" not in other:
        return recipe
    recipe = steps_edit.as_steps(recipe)
    if "phases" not in other or "phases" in recipe:
        return recipe
    beside = {name: value for name, value in recipe.items() if name != "steps"}
    return beside | {"phases": [{"steps": recipe["steps"]}]}


def _own(path: Path, recipe: JSON) -> Path:
    """Where in the recipe as it is written stands what was found in it written otherwise."""
    if path[0] == "phases" and "phases" not in recipe:
        path = path[2:]
    if path[0] == "steps" and len(path) > 1 and "steps" not in recipe:
        path = (STEPS[int(path[1])], *path[3 if path[2] == "part" else 2 :])
    return path


def _counterparts(mine: JSON, theirs: JSON) -> tuple[dict[Path, Path], dict[Path, tuple[int, int]], list[Spot]]:
    """Where the other recipe has what stands at each place of this one: the same slot, or the step that it stands for.

    Of steps that were moved also their number now and before. At last the other recipe's steps that are gone.
    """
    here, there = parts.spots(mine), parts.spots(theirs)
    places_of, places, missing = {spot.path: spot.path for spot in here if not spot.line}, {}, []
    for phase in dict.fromkeys(spot.path[:-2] for spot in (*here, *there) if spot.line):
        after, before = ([spot for spot in some if spot.line and spot.path[:-2] == phase] for some in (here, there))
        keys = [(spot.kind, take(mine, spot.path)["name"]) for spot in after]
        were = [(spot.kind, take(theirs, spot.path)["name"]) for spot in before]
        stayed, replaced, gone = aligned(were, keys)
        pairs = stayed | replaced
        for n in range(len(after)):
            at = next((at for at in gone if n not in pairs and were[at] == keys[n]), None)
            if at is not None:
                gone.remove(at)
                pairs[n], places[after[n].path] = at, (n + 1, at + 1)
        places_of |= {after[n].path: before[at].path for n, at in pairs.items()}
        missing += [before[at] for at in gone]
    return places_of, places, missing


def _place(spot: Spot) -> str:
    if spot.line:
        return spot.line.split(":")[0].rstrip(".")
    return str(spot.path[0]).replace("_", " ").capitalize()


def _of_part(path: Path, kind: str, place: str, mine: Any, theirs: Any) -> Iterator[Change]:
    name, was = (part["name"] if isinstance(part, dict) else None for part in (mine, theirs))
    if name != was:
        yield Change(path, place, kind.replace("_", " "), name, was)
        return
    for knob in parts.describe()[kind].get(str(name), []) if isinstance(mine, dict) else []:
        here = (*path, knob.name)
        value, usual = (part.get(knob.name, knob.default) for part in (mine, theirs))
        if knob.type is KnobType.part:
            yield from _of_part(here, knob.kind, place, value, usual)
        elif knob.type is KnobType.parts:
            yield from _of_parts(here, knob.kind, place, value or [], usual or [])
        elif value != usual:
            yield Change(here, place, knob.label, value, usual)


def _of_parts(path: Path, kind: str, place: str, mine: list[JSON], theirs: list[JSON]) -> Iterator[Change]:
    names, were = ([part["name"] for part in some] for some in (mine, theirs))
    if names != were:
        yield Change(path, place, kind.replace("_", " "), ", ".join(names), ", ".join(were))
        return
    for n, (own, other) in enumerate(zip(mine, theirs, strict=True)):
        yield from _of_part((*path, n), kind, place, own, other)


def _of_step(path: Path, place: str, mine: JSON, theirs: JSON) -> Iterator[Change]:
    """What a step says beside its part."""
    for knob in steps_edit.knobs():
        value, usual = (part.get(knob.name, knob.default) for part in (mine, theirs))
        # A step that names no role is done by its part's own.
        is_same = value == usual or (knob.name == "by" and _acting(mine) == _acting(theirs))
        if not is_same:
            yield Change((*path, knob.name), place, knob.label, value, usual)


def _acting(step: JSON) -> str:
    """The role that a step is done by; what it says itself where its part is not complete yet."""
    try:
        return Step.model_validate({name: step[name] for name in ("part", "kind", "by") if name in step}).by
    except (ValidationError, UnknownPart):
        return str(step.get("by") or "")
