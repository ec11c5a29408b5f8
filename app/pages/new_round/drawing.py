"""One drawing of a recipe's slots: what its fields say, and what choosing another part or recipe shows next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import gradio as gr

from app import forms
from app.form_values import all_of
from app.pages.new_round import steps
from app.pages.new_round.drafts import about_of, digest, draft_of, other_recipe, recipe_choices
from app.pages.new_round.estimates import changed, guessed, shortened
from app.pages.new_round.folds import Folds, KeysAt, by_key, kept_keys, same_keys
from app.pages.new_round.steps import StepButton
from app.toasts import toasts
from app.widgets.context import context
from app.widgets.refused_fields import marked
from app.widgets.round_form import plan_of
from backend.errors import InvalidInput, RondoError
from backend.services import previews, rounds
from backend.services.recipes import parts
from backend.services.rounds import Plan
from backend.translations import N_, gettext
from backend.values import JSON

WAITS = {"waits": True}
"""What stands for an estimate until the form is drawn."""
OTHER_VALUES = (
    "The estimate beside Launch was of other values than the form holds now. It is made again: look at it, then go on."
)
REDRAWN = 6
"""Outputs of what has the form drawn again: the draft, the estimate, of which plan that is, Launch, Preview, and what
the recipe is called."""
OTHER = REDRAWN + 1
"""Outputs of what shows another recipe: these, the dropdown of recipes."""
DRAWN_AGAIN = "The form is being drawn again for what was chosen. Go on when it is there."
NOT_TAKEN = "The form was still being drawn when this recipe was chosen: choose it again."
NOT_DRAWN = (
    "This recipe cannot be launched as it is: its steps cannot be shown. Choose another recipe or start from the lists "
    "above, or reload the page."
)
NOT_READ = N_("What this costs could not be found out. Change a field, or press Check again.")


@dataclass(frozen=True)
class Drawing:
    """One drawing of the slots, and what its events do. For one that was replaced meanwhile nothing is answered.

    Handlers get `now`, the newest draft, then the values of `everything`.
    """

    at: int
    form: forms.Form
    folds: Folds
    size: int
    """How many of the values come before those of the form."""
    others: tuple[tuple[str, JSON], ...] = ()
    """What the recipe is compared with: what that is called, and its JSON."""
    began: Plan | None = None
    """The plan that the form began with, with the recipe that was chosen since."""
    roles: list[tuple[str, gr.Dropdown]] = field(default_factory=list)
    """The fields of the roles; their values come after those of the form."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """The ids of all fields by what a refusal calls each."""

    def is_newest(self, now: dict[str, Any]) -> bool:
        return bool(now.get("at") == self.at)

    def plan(self, values: tuple[Any, ...]) -> Plan:
        """The plan that the fields say; raises `InvalidInput` with the labels of those that are refused."""
        recipe, plan, roles = all_of(
            lambda: self.validated(values),
            lambda: plan_of({}, values[0], list(values[1 : self.size])),
            lambda: self.bound(values),
        )
        return replace(plan, recipe=recipe, roles=roles)

    def validated(self, values: tuple[Any, ...]) -> JSON:
        try:
            return parts.validate(self.recipe(values))
        except InvalidInput as error:
            raise InvalidInput(self.form.labelled(error.message)) from error

    def recipe(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """The recipe that the fields say, which need not work; raises `InvalidInput` with the field's name."""
        return self.form.read(self.of_form(values))

    def of_form(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return values[self.size : self.size + len(self.form.inputs)]

    def bound(self, values: tuple[Any, ...]) -> dict[str, int]:
        return steps.bound(self.roles, values[self.size + len(self.form.inputs) :])

    def draft(self, recipe: JSON, now: dict[str, Any], values: tuple[Any, ...], keys: KeysAt | None) -> Any:
        """What is drawn next, with what the fields of the roles hold. `keys`: None where it is another recipe."""
        kept = {name: bound_to for name, bound_to in now["roles"].items() if name not in dict(self.roles)}
        known = {name: now[name] for name in ("checkpoints", "own", "saved", "parent")}
        was_open = self.folds.before | self.folds.drawn if keys else {}
        began = self.began if keys or self.began is None else replace(self.began, recipe=recipe)
        return draft_of(recipe, began=began, roles=kept | self.bound(values), keys=keys, is_open=was_open, **known)

    def chosen(self) -> list[Any]:
        """What the recipe's dropdown and those of the slots held when this was drawn."""
        return [self.form.start["name"], *map(self.form.drawn, self.form.switches)]

    @toasts
    def read(self, request: gr.Request, now: dict[str, Any], *values: Any) -> list[Any]:
        """The estimate of what the fields say, and which plan it is of."""
        if not self.is_newest(now):
            return [gr.skip()] * 4
        here = context(request)
        try:
            plan = self.plan(values)
        except RondoError as error:
            problem = marked(error, self.fields, shortened(error.message))
            return [problem | {"warnings": []}, "", *can_start(False)]
        told = guessed(here, plan, self.fields)
        # What is refused cannot be launched; why stands beside the buttons. Any change reads the form anew.
        return [told | changed(here, plan, self.others, self.began), digest(plan), *can_start("problem" not in told)]

    def set_back(self, chosen: Sequence[Any], now: dict[str, Any]) -> list[Any]:
        """What each of the first dropdowns of `chosen` is set to: what was drawn, where it holds another choice."""
        drawn = self.chosen()[: len(chosen)]
        if not self.is_newest(now) or list(chosen) == drawn:
            return nothing(len(chosen))
        return [gr.skip() if held == was else was for held, was in zip(chosen, drawn, strict=True)]

    def not_read(self, now: dict[str, Any]) -> list[Any]:
        """What the page shows when this drawing could not be read: Launch says again what is wrong."""
        return [{"problem": gettext(NOT_READ)}, "", *can_start(True)] if self.is_newest(now) else nothing(4)

    def not_drawn(self, now: dict[str, Any]) -> list[Any]:
        """What the page shows where the slots could not be drawn: Launch stays locked, and this says how to go on."""
        return [{"problem": NOT_DRAWN}, ""] if self.is_newest(now) else nothing(2)

    def counted_plan(self, counted: str, given: tuple[Any, ...]) -> Plan:
        """The plan that the fields say; raises `InvalidInput` where the page shows another form or another estimate."""
        drawn = self.chosen()
        now, *values = given[len(drawn) :]
        if not self.is_newest(now) or list(given[: len(drawn)]) != drawn:
            raise InvalidInput(DRAWN_AGAIN)
        plan = self.plan(tuple(values))
        if digest(plan) != counted:
            raise InvalidInput(OTHER_VALUES)
        return plan

    @toasts
    def start(self, request: gr.Request, counted: str, *given: Any) -> list[Any]:
        """Launch what the fields say: once, since another click may come before the page is left."""
        here = context(request)
        rounds.launch(here.actor, here.project_id, self.counted_plan(counted, given))
        return ["", *can_start(False)]

    @toasts
    def preview(self, request: gr.Request, counted: str, *given: Any) -> list[Any]:
        """Run a few prompts through what the fields say, once; the page goes on to what comes of it."""
        here = context(request)
        preview_id = previews.start(here.actor, here.project_id, self.counted_plan(counted, given))
        return ["", *can_start(False), {"id": preview_id}]

    @toasts
    def switch_recipe(self, request: gr.Request, name: str, now: dict[str, Any], *values: Any) -> list[Any]:
        """Another recipe, with the parts it shares with this one."""
        if name == self.form.start["name"] or not self.is_newest(now):
            return nothing(OTHER)
        try:
            new = other_recipe(context(request), self.recipe(values), name)
        except InvalidInput as error:
            return [*refused(error, REDRAWN, self.fields), self.form.start["name"]]
        # Written, though the list shows it: a choice of what was written last is none to static/locks.js.
        return [*self.redrawn(new, now, values, None), name]

    def other(self, new: JSON, now: dict[str, Any], values: tuple[Any, ...], *, is_same: bool = False) -> list[Any]:
        """What shows another recipe, or this one as it was saved: the outputs that `OTHER` counts."""
        keys = partial(same_keys, new, keys=now["keys"]) if is_same else None
        choice = gr.Dropdown(choices=recipe_choices(new, now["own"]), value=new["name"])
        return [*self.redrawn(new, now, values, keys), choice]

    def redrawn(self, new: JSON, now: dict[str, Any], values: tuple[Any, ...], keys: KeysAt | None) -> list[Any]:
        """What has the form drawn again: the outputs that `REDRAWN` counts."""
        return [self.draft(new, now, values, keys), WAITS, "", *can_start(False), about_of(new)]

    def use(self, tool: StepButton, chosen: Any, now: dict[str, Any], values: tuple[Any, ...]) -> list[Any]:
        """Change the list of steps. Where a field cannot be read, everything stays as it is drawn."""
        if not self.is_newest(now):
            return nothing(REDRAWN)
        try:
            recipe = self.recipe(values)
            before = by_key(recipe, now["keys"])
            new = tool.change(recipe, *([chosen] if tool.choice is not None else []))
        except InvalidInput as error:
            return refused(error, REDRAWN, self.fields)
        return self.redrawn(new, now, values, partial(kept_keys, new, keys=now["keys"], before=before))

    def switch(self, switch: forms.Switch, chosen: Any, now: dict[str, Any], values: tuple[Any, ...]) -> list[Any]:
        """Another part in a slot. Where a field cannot be read, the dropdown goes back to what is drawn."""
        if chosen == self.form.drawn(switch) or not self.is_newest(now):
            return nothing(REDRAWN + 1)
        try:
            new = self.form.switched(switch, self.of_form(values), chosen)
        except InvalidInput as error:
            return [*refused(error, REDRAWN, self.fields), gr.Dropdown(value=self.form.drawn(switch))]
        return [*self.redrawn(new, now, values, partial(same_keys, new, keys=now["keys"])), gr.skip()]


def can_start(is_drawn: bool) -> list[gr.Button]:
    """Launch and Preview: both wait until the form is drawn and counted, and says something that can be launched."""
    return [gr.Button(interactive=is_drawn), gr.Button(interactive=is_drawn)]


def nothing(outputs: int) -> list[Any]:
    """What leaves everything as it is."""
    return [gr.skip()] * outputs


def refused(error: RondoError, outputs: int, fields: Mapping[str, str]) -> list[Any]:
    """What leaves everything as it is, and says why where the estimate stands, which then is of no plan."""
    return [gr.skip(), marked(error, fields), "", *nothing(outputs - 3)]
