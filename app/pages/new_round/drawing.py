"""One drawing of a recipe's slots: what its fields say, and what choosing another part or recipe shows next."""

from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from app import forms
from app.pages.new_round import steps
from app.pages.new_round.drafts import about_of, digest, draft_of, other_recipe, recipe_choices
from app.pages.new_round.estimates import changed, guessed
from app.pages.new_round.steps import Tool
from app.toasts import toasts
from app.widgets.context import context
from app.widgets.round_form import plan_of
from backend.errors import InvalidInput, RondoError
from backend.services import previews, rounds
from backend.services.recipes import parts
from backend.services.rounds import Plan
from backend.values import JSON

WAITS = {"waits": True}
"""What stands for an estimate until the form is drawn."""
OTHER_VALUES = (
    "The estimate beside Launch was of other values than the form holds now. It is made again: look at it, then launch."
)
DRAWN_AGAIN = "The form is being drawn again for what was chosen. Launch when it is there."


@dataclass(frozen=True)
class Drawing:
    """One drawing of the slots, and what its events do. For one that was replaced meanwhile nothing is answered.

    Handlers get `now`, the newest draft, then the values of `everything`.
    """

    at: int
    form: forms.Form
    size: int
    """How many of the values come before those of the form."""
    others: tuple[tuple[str, JSON], ...] = ()
    """What the recipe is compared with: what that is called, and its JSON."""
    roles: list[tuple[str, gr.Dropdown]] = field(default_factory=list)
    """The fields of the roles; their values come after those of the form."""

    def is_newest(self, now: dict[str, Any]) -> bool:
        return bool(now.get("at") == self.at)

    def plan(self, values: tuple[Any, ...]) -> Plan:
        """The plan that the fields say; raises `InvalidInput` with the field's name."""
        recipe = parts.validate(self.recipe(values))
        return replace(plan_of(recipe, values[0], list(values[1 : self.size])), roles=self.bound(values))

    def recipe(self, values: tuple[Any, ...]) -> dict[str, Any]:
        """The recipe that the fields say, which need not work; raises `InvalidInput` with the field's name."""
        return self.form.read(self.of_form(values))

    def of_form(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return values[self.size : self.size + len(self.form.inputs)]

    def bound(self, values: tuple[Any, ...]) -> dict[str, int]:
        return steps.bound(self.roles, values[self.size + len(self.form.inputs) :])

    def draft(self, recipe: dict[str, Any], now: dict[str, Any], values: tuple[Any, ...], *, opened: str = "") -> Any:
        """What is drawn next, with what the fields of the roles hold."""
        kept = {name: bound_to for name, bound_to in now["roles"].items() if name not in dict(self.roles)}
        known = {name: now[name] for name in ("checkpoints", "own", "saved", "parent")}
        return draft_of(recipe, opened=opened, roles=kept | self.bound(values), **known)

    def chosen(self) -> list[Any]:
        """What the recipe's dropdown and those of the slots held when this was drawn."""
        return [self.form.start["name"], *map(self.form.drawn, self.form.switches)]

    @toasts
    def read(self, request: gr.Request, now: dict[str, Any], *values: Any) -> list[Any]:
        """The estimate of what the fields say, and which plan it is of."""
        if not self.is_newest(now):
            return [gr.skip()] * 3
        here = context(request)
        try:
            plan = self.plan(values)
        except RondoError as error:
            return [{"problem": error.message, "warnings": []}, "", gr.Button(interactive=True)]
        return [guessed(here, plan) | changed(plan.recipe, self.others), digest(plan), gr.Button(interactive=True)]

    @toasts
    def start(self, request: gr.Request, counted: str, *given: Any) -> None:
        """Launch what the fields say, where the estimate beside the button is of just that."""
        here, drawn = context(request), self.chosen()
        now, *values = given[len(drawn) :]
        if not self.is_newest(now) or list(given[: len(drawn)]) != drawn:
            raise InvalidInput(DRAWN_AGAIN)
        plan = self.plan(tuple(values))
        if digest(plan) != counted:
            raise InvalidInput(OTHER_VALUES)
        rounds.launch(here.actor, here.project_id, plan)

    @toasts
    def preview(self, request: gr.Request, *given: Any) -> dict[str, Any]:
        """Run a few prompts through what the fields say; the page goes on to what comes of it."""
        here, drawn = context(request), self.chosen()
        now, *values = given[len(drawn) :]
        if not self.is_newest(now) or list(given[: len(drawn)]) != drawn:
            raise InvalidInput(DRAWN_AGAIN)
        return {"id": previews.start(here.actor, here.project_id, self.plan(tuple(values)))}

    @toasts
    def switch_recipe(self, request: gr.Request, name: str, now: dict[str, Any], *values: Any) -> list[Any]:
        """Another recipe, with the parts it shares with this one."""
        if name == self.form.start["name"] or not self.is_newest(now):
            return [gr.skip()] * 5
        try:
            new = other_recipe(context(request), self.recipe(values), name)
        except InvalidInput as error:
            return [gr.skip(), {"problem": error.message}, gr.skip(), self.form.start["name"], gr.skip()]
        return [*self.other(new, now, values)[:3], gr.skip(), about_of(new)]

    def other(self, new: dict[str, Any], now: dict[str, Any], values: tuple[Any, ...]) -> list[Any]:
        """What shows another recipe: its draft, the estimate, Launch, the dropdown of recipes, its paper."""
        choice = gr.Dropdown(choices=recipe_choices(new, now["own"]), value=new["name"])
        return [self.draft(new, now, values), WAITS, gr.Button(interactive=False), choice, about_of(new)]

    def use(self, tool: Tool, chosen: Any, now: dict[str, Any], values: tuple[Any, ...]) -> list[Any]:
        """Change the list of steps. Where a field cannot be read, everything stays as it is drawn."""
        if not self.is_newest(now):
            return [gr.skip()] * 3
        try:
            new = tool.change(self.recipe(values), *([chosen] if tool.choice is not None else []))
        except InvalidInput as error:
            return [gr.skip(), {"problem": error.message}, gr.skip()]
        return [self.draft(new, now, values), WAITS, gr.Button(interactive=False)]

    def name_of(self, switch: forms.Switch) -> str:
        """The accordion in which a part is chosen."""
        paths = [spot.path for spot in parts.spots(self.form.start)]
        return next((name_of(path) for path in paths if path == switch.path[: len(path)]), "")

    def switch(self, switch: forms.Switch, chosen: Any, now: dict[str, Any], values: tuple[Any, ...]) -> list[Any]:
        """Another part in a slot. Where a field cannot be read, the dropdown goes back to what is drawn."""
        if chosen == self.form.drawn(switch) or not self.is_newest(now):
            return [gr.skip()] * 4
        try:
            new = self.form.switched(switch, self.of_form(values), chosen)
        except InvalidInput as error:
            return [gr.skip(), {"problem": error.message}, gr.skip(), gr.Dropdown(value=self.form.drawn(switch))]
        new_draft = self.draft(new, now, values, opened=self.name_of(switch))
        return [new_draft, WAITS, gr.Button(interactive=False), gr.skip()]


def name_of(path: tuple[str | int, ...]) -> str:
    """What the page calls a place of a recipe: its slot, or the numbers that lead to its step."""
    return "-".join(map(str, path[:-1] if path[-1] == "part" else path))
