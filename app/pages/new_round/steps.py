"""What the form of a round offers at a list of steps: add, remove and move one, and say whose checkpoint acts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from app import forms
from app.pages.new_round.folds import ROLES, Folds
from app.widgets import buttons
from backend.errors import InvalidInput
from backend.services.recipes import judged_questions, steps_edit
from backend.services.recipes.steps_edit import Path
from backend.translations import gettext

NOT_BOUND = 0
"""Stands for "no checkpoint" in a dropdown, which cannot hold None."""
Change = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class StepButton:
    """A button, and how it changes the recipe's JSON; `choice` gives the change its last argument."""

    button: gr.Button
    change: Change
    choice: Component | None = None


def draw_step(form: forms.Form, path: Path) -> list[StepButton]:
    """Draw what a step says beside its part, and the buttons that move or remove it. `path` leads to its part."""
    *place, index, _ = path
    assert isinstance(index, int)
    forms.draw_knobs(form, path[:-1], steps_edit.knobs())
    with gr.Row():
        tools = [
            _tool(label, lambda recipe, by=by: steps_edit.moved(recipe, tuple(place), index, by))
            for label, by in ((gettext("Move up"), -1), (gettext("Move down"), 1))
        ]
        tools.append(_tool(gettext("Remove step"), lambda recipe: steps_edit.removed(recipe, tuple(place), index)))
    return tools


def draw_adding(place: Path, number: int, of: int) -> StepButton:
    """Draw the choice of one more step of a list; `number` of `of` lists."""
    label = gettext("Add a step")
    if of > 1:
        label = gettext("Add a step to phase {number}").format(number=number + 1)
    with gr.Row(equal_height=False):
        choice = gr.Dropdown(
            steps_edit.choices(),
            value=None,
            label=label,
            interactive=True,
            elem_id=f"add-step-{number}",
            info=gettext("It becomes the last one; move it up from there."),
        )
        button = buttons.secondary(gettext("Add"), elem_id=f"add-step-button-{number}")
    return StepButton(
        button, lambda recipe, chosen: steps_edit.added(recipe, place, chosen) if chosen else recipe, choice
    )


def draw_beginning() -> StepButton:
    """Draw the button that writes slots as steps."""
    button = buttons.secondary(gettext("Edit as a list of steps"), elem_id="edit-steps")
    return StepButton(button, steps_edit.as_steps)


def draw_questions() -> StepButton:
    """Draw the button that has the judge answer the project's questions."""
    button = buttons.secondary(gettext("Let the judge answer the project's questions"), elem_id="judge-questions")
    return StepButton(button, judged_questions.added)


def draw_roles(drawn: dict[str, Any], folds: Folds) -> list[tuple[str, gr.Dropdown]]:
    """Draw one checkpoint field for each role that the recipe's steps name; return them by role."""
    names = steps_edit.roles(drawn["recipe"])
    if not names:
        return []
    choices = [(gettext("what an earlier round made, if any"), NOT_BOUND), *map(tuple, drawn["checkpoints"])]
    there = {checkpoint_id for _, checkpoint_id in choices}
    with folds.slot(ROLES, gettext("Roles: whose checkpoint acts"), is_open=True, elem_id="roles"), gr.Row():
        return [(name, _role(name, choices, drawn["roles"].get(name), there)) for name in names]


def bound(roles: list[tuple[str, gr.Dropdown]], values: tuple[Any, ...]) -> dict[str, int]:
    """The checkpoints that the fields of the roles say, by role; raises `InvalidInput` for what is none."""
    for name, value in zip(dict(roles), values, strict=True):
        if type(value) is not int:
            raise InvalidInput(f"The role {name}: choose a checkpoint from the list.")
    return {name: value for (name, _), value in zip(roles, values, strict=True) if value != NOT_BOUND}


def still_bound(drawn: dict[str, Any]) -> dict[str, int]:
    """The checkpoints that the fields of the roles will say when they are drawn."""
    there = {checkpoint_id for _, checkpoint_id in drawn["checkpoints"]}
    names = steps_edit.roles(drawn["recipe"])
    return {name: drawn["roles"][name] for name in names if drawn["roles"].get(name) in there}


def _role(name: str, choices: list[Any], bound_to: int | None, there: set[int]) -> gr.Dropdown:
    value = bound_to if bound_to in there else NOT_BOUND
    return gr.Dropdown(choices, value=value, label=name, interactive=True, min_width=240, elem_id=f"role-{name}")


def _tool(label: str, change: Change) -> StepButton:
    return StepButton(buttons.secondary(label), change)
