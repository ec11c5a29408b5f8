"""The recipe's part of a new round: its slots are drawn again whenever another part is chosen, and wired to Launch."""

from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.context import get_blocks_context
from gradio.events import Dependency

from app import forms
from app.pages.new_round import as_yaml, steps
from app.pages.new_round import saved as own_recipes
from app.pages.new_round.as_yaml import Yaml
from app.pages.new_round.drafts import about_of, digest, draft_of, recipe_choices
from app.pages.new_round.steps import Tool
from app.toasts import toasts
from app.widgets import judge_template
from app.widgets.context import Context, context
from app.widgets.formats import duration
from app.widgets.round_form import RoundFields, plan_of
from backend.errors import InvalidInput, RondoError
from backend.services import rounds
from backend.services.recipes import parts, steps_edit
from backend.services.rounds import Plan

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
SLOT_TITLES = {
    "prompt_source": "Prompt source",
    "generator": "Generator: how samples are made",
    "judge": "Judge: what samples are worth",
    "selector": "Selector: what is trained on",
    "trainer": "Trainer: how it is trained",
    "schedule": "Schedule: what changes from round to round",
    "metrics": "Metrics: what is measured",
}
OPEN_SLOTS = ("generator", "judge")
WAITS = {"waits": True}
"""What stands for an estimate until the form is drawn."""
OTHER_VALUES = (
    "The estimate beside Launch was of other values than the form holds now. It is made again: look at it, then launch."
)
DRAWN_AGAIN = "The form is being drawn again for what was chosen. Launch when it is there."


@dataclass(frozen=True)
class Frame:
    """What stays on the page when the slots are drawn again. `draft` is what is drawn, `counted` what was estimated."""

    draft: gr.State
    counted: gr.State
    versions: gr.State
    parent: gr.State
    recipe: gr.Dropdown
    about: Component
    estimate: Component
    launch: gr.Button
    fields: RoundFields


@dataclass(frozen=True)
class Drawing:
    """One drawing of the slots, and what its events do. For one that was replaced meanwhile nothing is answered.

    Handlers get `now`, the newest draft, then the values of `everything`.
    """

    at: int
    form: forms.Form
    size: int
    """How many of the values come before those of the form."""
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
        return draft_of(
            recipe, opened=opened, checkpoints=now["checkpoints"], roles=kept | self.bound(values), own=now["own"]
        )

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
        return [guessed(here, plan), digest(plan), gr.Button(interactive=True)]

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
    def switch_recipe(self, request: gr.Request, name: str, now: dict[str, Any], *values: Any) -> list[Any]:
        """Another recipe, with the parts it shares with this one."""
        if name == self.form.start["name"] or not self.is_newest(now):
            return [gr.skip()] * 5
        try:
            new = own_recipes.other_recipe(context(request), self.recipe(values), name)
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


def draw(drawn: dict[str, Any], saved: list[Any], frame: Frame) -> None:
    """Draw the slots of a recipe and wire everything that reads them, the fields outside of the slots included."""
    form, tools = forms.Form(start=drawn["recipe"]), []
    put = None
    with gr.Column(elem_id="recipe-slots"):
        roles = steps.draw_roles(drawn)
        for spot in parts.spots(form.start):
            name = name_of(spot.path)
            opened = name in (*OPEN_SLOTS, drawn["open"])
            with gr.Accordion(spot.line or SLOT_TITLES[name], open=opened, elem_id=f"slot-{name}"):
                draw_slot = forms.draw_parts if spot.is_many else forms.draw_part
                draw_slot(form, spot.path, spot.kind, spot.kind.replace("_", " ").capitalize())
                if name == "judge":
                    put = judge_template.draw(form, saved, frame.versions)
                if spot.line:
                    tools += steps.draw_step(form, spot.path)
        tools += _draw_tools(form.start)
        with gr.Accordion("More", open=False):
            forms.draw_knobs(form, (), parts.recipe_knobs())
        keeping = own_recipes.draw(form.start, drawn["own"])
        written = as_yaml.draw()
    drawing = Drawing(drawn["at"], form, 1 + len(frame.fields.inputs), roles)
    _wire(drawing, frame, put, tools, written, keeping)


def _draw_tools(recipe: dict[str, Any]) -> list[Tool]:
    """What adds a step to each list of steps, or turns slots into one."""
    if "steps" not in recipe and "phases" not in recipe:
        return [steps.draw_beginning()]
    places = steps_edit.lists(recipe)
    return [steps.draw_adding(place, number, len(places)) for number, place in enumerate(places)]


def _wire(
    drawing: Drawing,
    frame: Frame,
    put: Dependency | None,
    tools: list[Tool],
    written: Yaml,
    keeping: own_recipes.Saving,
) -> None:
    form, fields = drawing.form, frame.fields
    bindings = [field for _, field in drawing.roles]
    everything = [frame.draft, frame.parent, *fields.inputs, *form.inputs, *bindings]
    redrawn = [frame.draft, frame.estimate, frame.launch]
    outputs = [*redrawn, frame.recipe, frame.about]
    frame.recipe.input(drawing.switch_recipe, [frame.recipe, *everything], outputs, **QUIET)
    for switch in form.switches:
        switched = [*redrawn, switch.input]
        switch.input.input(_switcher(drawing, switch), [switch.input, *everything], switched, **QUIET)
    for tool in tools:
        chosen = [tool.choice] if tool.choice is not None else []
        tool.button.click(_user(drawing, tool), [*chosen, *everything], redrawn, trigger_mode="once", **QUIET)
    written.write.click(as_yaml.writer(drawing), everything, [written.text, frame.estimate], **QUIET)
    written.use.click(as_yaml.user(drawing), [written.text, *everything], outputs, trigger_mode="once", **QUIET)
    once: dict[str, Any] = QUIET | {"trigger_mode": "once"}
    keeping.save.click(own_recipes.saver(drawing), [keeping.title, *everything], outputs, **once)
    keeping.delete.click(own_recipes.deleter(drawing), everything, outputs, **once)
    estimated = [frame.estimate, frame.counted, frame.launch]
    # On input, not on change: drawing the form again changes fields whose listeners are gone by then.
    touched = [component.input for component in (*fields.inputs, *form.inputs, *bindings)]
    gr.on(touched, drawing.read, everything, estimated, trigger_mode="always_last", **QUIET)
    blocks = get_blocks_context()
    assert blocks is not None
    blocks.root_block.load(drawing.read, everything, estimated, **QUIET)  # runs whenever this is drawn
    if put is not None:
        put.success(drawing.read, everything, estimated, **QUIET)
    choices = [frame.recipe, *(switch.input for switch in form.switches)]
    launched = frame.launch.click(
        drawing.start, [frame.counted, *choices, *everything], None, trigger_mode="once", **PRIVATE
    )
    launched.success(None, js="() => { window.location.assign('./') }", api_visibility="private")
    launched.failure(drawing.read, everything, estimated, **QUIET)


def _switcher(drawing: Drawing, switch: forms.Switch) -> Any:
    @toasts
    def put_part(chosen: Any, now: dict[str, Any], *values: Any) -> list[Any]:
        return drawing.switch(switch, chosen, now, values)

    return put_part


def _user(drawing: Drawing, tool: Tool) -> Any:
    @toasts
    def use(*values: Any) -> list[Any]:
        chosen, (now, *rest) = (values[0], values[1:]) if tool.choice is not None else (None, values)
        return drawing.use(tool, chosen, now, tuple(rest))

    return use


def name_of(path: tuple[str | int, ...]) -> str:
    """What the page calls a place of a recipe: its slot, or the numbers that lead to its step."""
    return "-".join(map(str, path[:-1] if path[-1] == "part" else path))


def guessed(here: Context, plan: Plan) -> dict[str, Any]:
    """What a plan costs, or why it cannot run: said where the figures stand, since one may still type."""
    try:
        found = rounds.estimate(here.actor, here.project_id, plan)
    except RondoError as error:
        return {"problem": error.message, "warnings": []}
    return {
        "samples": samples_of(found),
        "calls": f"{found.judge_calls:,}",
        "tokens": f"{found.tokens:,}",
        "time": _time(found),
        "warnings": list(found.warnings),
    }


def samples_of(found: rounds.Estimate) -> str:
    """How many samples there will be, and how many of them trainings write while they run."""
    if not found.rollouts:
        return f"{found.samples:,}"
    return f"{found.samples:,}, {found.rollouts:,} of them rollouts of online training"


def _time(found: rounds.Estimate) -> str:
    """How long the round takes; with a bound where its texts may be much longer than the last ones."""
    if found.seconds is None or found.seconds_at_most is None:
        return "known after the first round"
    likely, at_most = duration(found.seconds), duration(found.seconds_at_most)
    return f"about {likely}, at most {at_most}" if found.seconds_at_most > 1.2 * found.seconds else f"about {likely}"
