"""The recipe's part of a new round: its slots are drawn again whenever another part is chosen, and wired to Launch."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.context import get_blocks_context
from gradio.events import Dependency

from app import forms
from app.pages.new_round import as_yaml, keeping, steps
from app.pages.new_round import saved as own_recipes
from app.pages.new_round.as_yaml import Yaml
from app.pages.new_round.drafts import began_of, others_of
from app.pages.new_round.drawing import NOT_TAKEN, Drawing, nothing
from app.pages.new_round.folds import MORE, Folds, slot_of
from app.pages.new_round.steps import StepButton
from app.toasts import notice, toasts
from app.widgets import judge_template, round_form
from app.widgets.chosen import CurrentChoice
from app.widgets.form_fields import touched
from app.widgets.markup import markup
from app.widgets.round_form import RoundFields
from backend.errors import RondoError
from backend.services.recipes import judged_questions, parts, steps_edit
from backend.services.recipes.changes import changes
from backend.services.recipes.parts import Spot
from backend.translations import N_, gettext
from backend.values import JSON

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden", "show_progress_on": []}
"""No progress is shown, and on nothing: else the browser notes it in every output, and copies all that these hold."""
SLOT_TITLES = {
    "prompt_source": N_("Prompt source"),
    "generator": N_("Generator, how samples are made"),
    "judge": N_("Judge, what samples are worth"),
    "selector": N_("Selector, what is trained on"),
    "trainer": N_("Trainer, how it is trained"),
    "schedule": N_("Schedule, what changes from round to round"),
    "metrics": N_("Metrics, what is measured"),
}
KINDS = {
    "prompt_source": N_("Prompt source"),
    "generator": N_("Generator"),
    "judge": N_("Judge"),
    "selector": N_("Selector"),
    "mixer": N_("Mixer"),
    "trainer": N_("Trainer"),
    "schedule": N_("Schedule"),
    "metric": N_("Metric"),
}
"""What the choice of a part is called."""
UNDRAWN = "<div class='rondo-empty'><p><b>The steps of this recipe cannot be shown.</b> {{value.why}}</p></div>"
STARTED = """(filled, ...held) => {
  const at = %d, isAsFilled = filled?.at === at && JSON.stringify(filled.held) === JSON.stringify(held);
  const start = { __type__: "update", interactive: true }, nothing = { __type__: "update" };
  return isAsFilled && filled.can_start ? [start, start, nothing] : [nothing, nothing, { at }];
}"""
"""Launch can be pressed at once where all fields hold what was estimated; else they are read, and estimated again."""


@dataclass(frozen=True)
class SlotsState:
    """What stays on the page when the slots are drawn again. `draft` is what is drawn, `counted` what was estimated.

    `filled`: what the server wrote last into all fields and estimated; `recount` has them read again.
    """

    draft: gr.State
    turned: gr.JSON
    counted: gr.State
    versions: gr.State
    parent: gr.State
    recipe: gr.Dropdown
    about: Component
    estimate: Component
    launch: gr.Button
    preview: gr.Button
    again: gr.Button
    previewed: gr.JSON
    filled: gr.JSON
    recount: gr.JSON
    typed: gr.State
    fields: RoundFields
    written: Yaml
    start: gr.Dropdown

    @property
    def redrawn(self) -> list[Component]:
        """The outputs of what has the slots drawn again."""
        return [self.draft, self.estimate, self.counted, self.launch, self.preview, self.about]


def draw(drawn: dict[str, Any], saved: list[Any], turned: Any, typed: CurrentChoice, frame: SlotsState) -> None:
    """Draw the slots of a recipe and wire everything that reads them, the fields outside of the slots included.

    Those are open at first in which something differs; then each stays as it is on the page. Where drawing fails, the
    page says so in their place, and another recipe can be chosen.
    """
    others = others_of(drawn)
    noted = turned if isinstance(turned, dict) else {}
    folds = Folds(drawn["recipe"], drawn["keys"], drawn["open"], noted, frame.turned)
    blocks = get_blocks_context()
    assert blocks is not None
    listeners = set(blocks.fns)

    @toasts
    def draw_slots() -> None:
        beside = tuple(forms.Beside(name, tuple(changes(drawn["recipe"], other))) for name, other in others)
        form = forms.Form(start=drawn["recipe"], beside=beside, fold=folds.rest, typed=drawn["typed"])
        roles, tools, put, saving = _draw_slots(drawn, saved, form, folds, typed, frame)
        ids = _field_ids(frame.fields, form, roles, saving)
        size = 1 + len(frame.fields.inputs)
        drawing = Drawing(drawn["at"], form, folds, size, tuple(others), began_of(drawn), roles, ids)
        _wire(drawing, frame, put, tools, saving)

    with gr.Column(elem_id="recipe-slots") as slots:
        try:
            draw_slots()
        except gr.Error as error:
            slots.children.clear()
            for number in set(blocks.fns) - listeners:
                del blocks.fns[number]
            cause = error.__cause__
            _draw_failure(drawn, folds, frame, cause.message if isinstance(cause, RondoError) else error.message)


def _draw_slots(
    drawn: dict[str, Any], saved: list[Any], form: forms.Form, folds: Folds, typed: CurrentChoice, frame: SlotsState
) -> tuple[list[tuple[str, gr.Dropdown]], list[StepButton], Dependency | None, own_recipes.Saving]:
    """Draw every slot; return the fields of the roles, the tools of steps, what puts a template, what saves."""
    tools, put = [], None
    roles = steps.draw_roles(drawn, folds)
    for spot in parts.spots(form.start):
        name = slot_of(spot.path)
        differs = form.differs(spot.path[:-1] if spot.line else spot.path)
        with folds.slot(name, _title(form.start, spot, name), is_open=differs, elem_id=f"slot-{name}"):
            draw_slot = forms.draw_parts if spot.is_many else forms.draw_part
            draw_slot(form, spot.path, spot.kind, gettext(KINDS[spot.kind]))
            if name == "judge":
                put = judge_template.draw(form, saved, frame.versions)
            if spot.line:
                tools += steps.draw_step(form, spot.path)
    tools += _draw_tools(form.start)
    more = any(form.differs((knob.name,)) for knob in parts.recipe_knobs())
    with folds.slot(MORE, gettext("More"), is_open=more):
        forms.draw_knobs(form, (), parts.recipe_knobs())
    return roles, tools, put, own_recipes.draw(form.start, drawn["own"], folds, typed)


def _field_ids(
    fields: RoundFields, form: forms.Form, roles: list[tuple[str, gr.Dropdown]], saving: own_recipes.Saving
) -> dict[str, str]:
    """The ids of all fields by what a refusal calls each."""
    bound = {f"The role {name}": str(drawn.elem_id) for name, drawn in roles}
    return round_form.field_ids(fields) | form.field_ids | bound | {"The recipe's name": str(saving.title.elem_id)}


def _draw_failure(drawn: dict[str, Any], folds: Folds, frame: SlotsState, why: str) -> None:
    """Say why there are no slots, and wire what shows another recipe."""
    markup(UNDRAWN, value={"why": why})
    drawing = Drawing(drawn["at"], forms.Form(start=drawn["recipe"]), folds, 1 + len(frame.fields.inputs))
    _wire_recipes(drawing, frame, [frame.draft, frame.parent, *frame.fields.inputs])
    blocks = get_blocks_context()
    assert blocks is not None
    blocks.root_block.load(drawing.not_drawn, frame.draft, [frame.estimate, frame.counted], **QUIET)


def _title(recipe: JSON, spot: Spot, name: str) -> str:
    """What a folded slot says: which part it holds."""
    if spot.line:
        return spot.line
    held = recipe.get(name)
    names = ", ".join(part["name"] for part in held) if isinstance(held, list) else (held or {}).get("name", "")
    return f"{gettext(SLOT_TITLES[name])}: {names or gettext('none')}"


def _draw_tools(recipe: dict[str, Any]) -> list[StepButton]:
    """What adds a step to each list of steps, or turns slots into one."""
    asking = [] if judged_questions.is_asked(recipe) else [steps.draw_questions()]
    if "steps" not in recipe and "phases" not in recipe:
        return [*asking, steps.draw_beginning()]
    places = steps_edit.lists(recipe)
    return asking + [steps.draw_adding(place, number, len(places)) for number, place in enumerate(places)]


def _wire(
    drawing: Drawing,
    frame: SlotsState,
    put: Dependency | None,
    tools: list[StepButton],
    saving: own_recipes.Saving,
) -> None:
    form, fields, written = drawing.form, frame.fields, frame.written
    bindings = [field for _, field in drawing.roles]
    everything = [frame.draft, frame.parent, *fields.inputs, *form.inputs, *bindings]
    redrawn = frame.redrawn
    outputs = _wire_recipes(drawing, frame, everything)
    for switch in form.switches:
        switched = [*redrawn, switch.input]
        chosen_part = [switch.input, *everything]
        gr.on(touched(switch.input), _switcher(drawing, switch), chosen_part, switched, **QUIET)
    for tool in tools:
        chosen = [tool.choice] if tool.choice is not None else []
        tool.button.click(_user(drawing, tool), [*chosen, *everything], redrawn, trigger_mode="once", **QUIET)
    written.write.click(as_yaml.writer(drawing), everything, [written.text, frame.estimate], **QUIET)
    once: dict[str, Any] = QUIET | {"trigger_mode": "once"}
    saving.save.click(own_recipes.saver(drawing), [saving.title, *everything], outputs, **once)
    # At each key: what draws the form anew may be the next click. A name that is pasted whole is told on leaving.
    name = saving.title
    noted = [frame.typed, name, frame.draft]
    gr.on([name.input, name.blur], own_recipes.note_title, noted, None, trigger_mode="always_last", **QUIET)
    saving.delete.click(own_recipes.deleter(drawing), everything, outputs, **once)
    estimated = [frame.estimate, frame.counted, frame.launch, frame.preview]
    # On input where it tells of all that people do: drawing the form again changes fields whose listeners are gone by
    # then.
    changed = touched(*fields.inputs, *form.inputs, *bindings)
    gr.on(changed, drawing.read, everything, estimated, trigger_mode="always_last", **QUIET).failure(
        drawing.not_read, frame.draft, estimated, **QUIET
    )
    # What was wrong may have been mended elsewhere: prompts in another tab, a checkpoint by a program.
    again = frame.again.click(drawing.read, everything, estimated, **once)
    again.failure(drawing.not_read, frame.draft, estimated, **QUIET)
    blocks = get_blocks_context()
    assert blocks is not None
    # Runs whenever this is drawn. What was chosen or typed before then had nobody who heard of it.
    held, begin = [frame.filled, frame.recipe, *fields.inputs], [frame.launch, frame.preview, frame.recount]
    blocks.root_block.load(None, held, begin, js=STARTED % drawing.at, api_visibility="private")
    first = frame.recount.change(
        _reader(drawing, 1, NOT_TAKEN), [frame.recipe, *everything], [*estimated, frame.recipe], **QUIET
    )
    first.failure(drawing.not_read, frame.draft, estimated, **QUIET)
    if put is not None:
        put.success(drawing.read, everything, estimated, **QUIET).failure(
            drawing.not_read, frame.draft, estimated, **QUIET
        )
    choices = [frame.recipe, *(switch.input for switch in form.switches)]
    begun = [frame.counted, frame.launch, frame.preview]
    asked = [frame.counted, *choices, *everything]
    launched = frame.launch.click(drawing.start, asked, begun, **once)
    launched.success(None, js=keeping.LAUNCHED, api_visibility="private")
    failed = [_reader(drawing, len(choices)), [*choices, *everything], [*estimated, *choices]]
    launched.failure(*failed, **QUIET)
    started = frame.preview.click(drawing.preview, asked, [*begun, frame.previewed], **once)
    started.success(None, [frame.previewed], None, js=keeping.PREVIEWED, api_visibility="private")
    started.failure(*failed, **QUIET)
    above = [frame.filled, frame.start, frame.recipe]
    keeping.wire(drawing, fields.inputs, [saving.title, written.text], above)


def _wire_recipes(drawing: Drawing, frame: SlotsState, everything: list[Any]) -> list[Any]:
    """Wire what shows another recipe: the list of them, and YAML. Return the outputs of what does."""
    outputs = [*frame.redrawn, frame.recipe]
    frame.recipe.input(drawing.switch_recipe, [frame.recipe, *everything], outputs, **QUIET)
    text, use = frame.written.text, frame.written.use
    use.click(as_yaml.user(drawing), [text, *everything], outputs, trigger_mode="once", **QUIET)
    return outputs


def _reader(drawing: Drawing, choices: int, says: str = "") -> Any:
    """The listener that reads the fields, and sets back the first so many of the dropdowns that were chosen in vain."""

    @toasts
    def read(request: gr.Request, *given: Any) -> list[Any]:
        chosen, (now, *values) = given[:choices], given[choices:]
        back = drawing.set_back(chosen, now)
        if says and back != nothing(choices):
            notice(says)
        return [*drawing.read(request, now, *values), *back]

    return read


def _switcher(drawing: Drawing, switch: forms.Switch) -> Any:
    @toasts
    def put_part(chosen: Any, now: dict[str, Any], *values: Any) -> list[Any]:
        return drawing.switch(switch, chosen, now, values)

    return put_part


def _user(drawing: Drawing, tool: StepButton) -> Any:
    @toasts
    def use(*values: Any) -> list[Any]:
        chosen, (now, *rest) = (values[0], values[1:]) if tool.choice is not None else (None, values)
        return drawing.use(tool, chosen, now, tuple(rest))

    return use
