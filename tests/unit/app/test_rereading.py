"""What the fields of a new round will say of a recipe: the same as its form, once that is drawn, reads."""

import copy

import pytest

from app import forms
from app.pages.new_round.rereading import drawn, reread
from backend.services.recipes import parts, steps_edit
from backend.values import JSON
from tests.drawing import drawing
from tests.event_loops import in_event_loop

RECIPES = {recipe["name"]: recipe for recipe in parts.recipes()}
STEPS = "self_rewarding as steps"
STORED = RECIPES | {STEPS: steps_edit.as_steps(copy.deepcopy(RECIPES["self_rewarding"]))}
STOPS = ["END", ""]
DIGITS = 0.1234567


@in_event_loop
def form_of(recipe: JSON) -> forms.Form:
    form = forms.Form(start=recipe)
    with drawing():
        for spot in parts.spots(recipe):
            (forms.draw_parts if spot.is_many else forms.draw_part)(form, spot.path, spot.kind, spot.kind)
            if spot.line:
                forms.draw_knobs(form, spot.path[:-1], steps_edit.knobs())
        forms.draw_knobs(form, (), parts.recipe_knobs())
    return form


def lossy(value: object) -> object:
    """The recipe with an empty text after each list of texts, and seven digits in each list of fractions."""
    if isinstance(value, dict):
        return {name: STOPS if name == "stop" else lossy(item) for name, item in value.items()}
    if isinstance(value, list):
        is_fractions = bool(value) and all(isinstance(item, float) for item in value)
        return [DIGITS + place for place, _ in enumerate(value)] if is_fractions else list(map(lossy, value))
    return value


@pytest.mark.parametrize("name", ["star", STEPS, "self_rewarding", "rejection_sampling"])
def test_a_recipe_is_read_as_its_form_reads_it(name: str) -> None:
    recipe: JSON = lossy(STORED[name])  # type: ignore[assignment]  # an object stays one
    form = form_of(recipe)
    assert sorted(str(path) for path, _ in drawn(recipe)) == sorted(str(field.path) for field in form.fields)
    assert reread(recipe) == form.read([field.input.value for field in form.fields])
    assert reread(recipe) != recipe


@pytest.mark.parametrize("name", STORED)
def test_the_knobs_of_every_recipe_are_read(name: str) -> None:
    recipe = STORED[name]
    assert parts.validate(reread(recipe)) == parts.validate(recipe)
