"""A recipe as the fields of a new round will say it, before they are drawn.

A field can hold less than a stored recipe: seven digits of a number in a list, an empty text among texts.
"""

import copy
from collections.abc import Iterator
from typing import Any

from app import forms
from app.form_values import from_input, shown
from backend.services import refusals
from backend.services.recipes import parts, steps_edit
from backend.services.recipes.knobs import Knob, KnobType
from backend.values import JSON

Drawn = Iterator[tuple[forms.Path, Knob]]


def reread(recipe: JSON) -> dict[str, Any]:
    """Return what the fields of a recipe say when nobody touches them; raises `InvalidInput` as `Form.read`."""
    result: dict[str, Any] = copy.deepcopy(recipe)
    for path, knob in drawn(recipe):
        forms.put(result, path, from_input(knob, shown(knob, forms.take(recipe, path)), refusals.place(path)))
    return result


def drawn(recipe: JSON) -> Drawn:
    """The knobs that are drawn as fields, and where the recipe's JSON holds each: those that hold no part."""
    for spot in parts.spots(recipe):
        yield from _of_parts(recipe, spot.path, spot.kind) if spot.is_many else _of_part(recipe, spot.path, spot.kind)
        if spot.line:
            yield from _of_knobs(recipe, spot.path[:-1], steps_edit.knobs())
    yield from _of_knobs(recipe, (), parts.recipe_knobs())


def _of_parts(recipe: JSON, path: forms.Path, kind: str) -> Drawn:
    for place in range(len(forms.take(recipe, path) or [])):
        yield from _of_part(recipe, (*path, place), kind)


def _of_part(recipe: JSON, path: forms.Path, kind: str) -> Drawn:
    name = (forms.take(recipe, path) or {}).get("name")
    yield from _of_knobs(recipe, path, parts.describe()[kind].get(str(name), []))


def _of_knobs(recipe: JSON, path: forms.Path, knobs: list[Knob]) -> Drawn:
    for knob in knobs:
        below = (*path, knob.name)
        if knob.type is KnobType.part:
            yield from _of_part(recipe, below, knob.kind)
        elif knob.type is KnobType.parts:
            yield from _of_parts(recipe, below, knob.kind)
        else:
            yield below, knob
