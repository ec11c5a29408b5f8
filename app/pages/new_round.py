"""New round: choose a recipe, its knobs, prompts and checkpoints; see what it will cost; launch."""

import time
from collections.abc import Callable
from typing import Any

import gradio as gr

from app import forms
from app.toasts import toasts
from app.widgets import judge_template, round_form
from app.widgets.context import Context, context
from app.widgets.formats import duration
from app.widgets.markup import markup
from app.widgets.roles import only
from app.widgets.round_form import RoundFields, plan_of
from backend.errors import InvalidInput, NotFound, RondoError
from backend.services import overview, parts, rounds
from backend.services.rounds import Plan
from backend.values import Role

TITLE, PATH = "New round", "new-round"
DEFAULTS = 0
"""Stands for the project's defaults in the dropdown of starts; below 0, the base checkpoint of that id."""
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
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
ABOUT = """{{#if value}}<p class="rondo-muted about">{{value.text}}
{{#if value.url}}<a href="{{value.url}}" target="_blank" rel="noreferrer">{{value.paper}}</a>{{/if}}</p>{{/if}}"""
ESTIMATE = """
{{#if value}}<section class="rondo-card estimate" aria-live="polite">
{{#if value.problem}}<p class="problem">{{value.problem}}</p>{{/if}}
{{#unless value.problem}}<dl>
  <div><dt>samples</dt><dd>{{value.samples}}</dd></div>
  <div><dt>judge calls</dt><dd>{{value.calls}}</dd></div>
  <div><dt>new tokens, at most</dt><dd>{{value.tokens}}</dd></div>
  <div><dt>time</dt><dd>{{value.time}}</dd></div>
</dl>{{/unless}}
{{#each value.warnings}}<p class="warning">{{this}}</p>{{/each}}
</section>{{/if}}
"""
ESTIMATE_CSS = """
.estimate { display: grid; gap: 8px; }
.estimate p { margin: 0; white-space: pre-line; }
dl { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 0; font-variant-numeric: tabular-nums; }
dt { color: var(--rondo-muted); font-size: 12px; } dd { margin: 0; font-size: 16px; font-weight: 600; }
.problem { color: var(--rondo-bad); } .warning { color: var(--rondo-warn); }
"""
LINKS = "p { margin: 0; } a { color: var(--rondo-accent); }"
EMPTY = """{{#if value}}<div class="rondo-empty"><p><b>{{value.problem}}</b></p>
<p><a href="prompts">Prompts</a> · <a href="checkpoints">Checkpoints</a></p></div>{{/if}}"""


def build() -> None:
    """Lay out the page and wire what stays; the recipe's part is drawn, and wired, again whenever it changes."""
    draft, typed, parent, versions = gr.State({}), gr.State({}), gr.State(None), gr.State([])
    empty = markup(EMPTY, LINKS)
    with gr.Column(visible=False) as page, only(Role.curator, "Launching a round"):
        with gr.Row(equal_height=False):
            start = gr.Dropdown(
                [], label="Start from", info="Everything below is then as that round had it.", elem_id="start-from"
            )
            recipe = gr.Dropdown(
                [],
                label="Recipe",
                info="Slots that hold the same part keep their knobs.",
                interactive=True,
                elem_id="recipe",
            )
            clone = gr.Button("Clone the last round", size="md", scale=0, min_width=180, elem_id="clone-last")
        about = markup(ABOUT, LINKS)
        with gr.Row(equal_height=False, elem_classes="rondo-sticky"):
            estimate = markup(ESTIMATE, ESTIMATE_CSS, elem_id="estimate")
            launch = gr.Button("Launch", variant="primary", size="md", scale=0, min_width=140, elem_id="launch")
        fields = round_form.draw()

        @gr.render(inputs=[draft, versions], triggers=[draft.change], show_progress="hidden")
        def draw_recipe(drawn: dict[str, Any], saved: list[Any]) -> None:
            if drawn:
                _draw_recipe(drawn, saved, fields, (draft, typed, versions, parent, recipe, about, estimate, launch))

    shown = [empty, page, start, recipe, about, draft, typed, parent, versions, estimate, *fields.inputs]
    gr.on(None, load, None, shown, **QUIET)
    start.input(start_from, [start], shown, **QUIET)
    clone.click(load_last, None, shown, **QUIET)
    touched = [component.input for component in fields.inputs]
    gr.on(touched, guess, [typed, parent, *fields.inputs], estimate, trigger_mode="always_last", **QUIET)


@toasts
def load(request: gr.Request) -> list[Any]:
    """Fill the form from the address: `?from=ROUND` goes on from it, `?base=CHECKPOINT` starts over, `?again=ROUND`
    repeats it; else from where the overview recommends."""
    here, asked = context(request), request.query_params
    for name, plan in (("from", _from), ("base", _from_base), ("again", _again)):
        if name in asked:
            return _shown(here, lambda plan=plan, name=name: plan(here, _id(asked[name])))
    return _shown(here, lambda: rounds.defaults(here.actor, here.project_id))


@toasts
def load_last(request: gr.Request) -> list[Any]:
    """Fill the form with the settings of the newest round, as it was launched."""
    here = context(request)
    return _shown(here, lambda: rounds.again(here.actor, here.project_id))


@toasts
def start_from(chosen: int | None, request: gr.Request) -> list[Any]:
    """Fill the form from another round, or from a base checkpoint."""
    here = context(request)
    if chosen is not None and chosen < DEFAULTS:
        return _shown(here, lambda: _from_base(here, -chosen))
    return _shown(here, lambda: rounds.defaults(here.actor, here.project_id, chosen or None))


def _id(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise NotFound(f"{text[:40]!r} is no number of a round or checkpoint. Choose where to start from the list.")
    return int(text)


def _from(here: Context, round_id: int) -> Plan:
    return rounds.defaults(here.actor, here.project_id, round_id)


def _from_base(here: Context, checkpoint_id: int) -> Plan:
    return rounds.defaults(here.actor, here.project_id, base_id=checkpoint_id)


def _again(here: Context, round_id: int) -> Plan:
    return rounds.again(here.actor, here.project_id, round_id)


@toasts
def guess(request: gr.Request, recipe: dict[str, Any], parent_id: int | None, *values: Any) -> dict[str, Any] | None:
    """What the round would cost, when a field beside the recipe has changed."""
    here = context(request)
    return _guessed(here, lambda: plan_of(recipe, parent_id, list(values))) if recipe else None


def _shown(here: Context, make: Callable[[], Plan]) -> list[Any]:
    try:
        plan = make()
    except (InvalidInput, NotFound) as error:
        return [{"problem": error.message}, gr.Column(visible=False), *[gr.skip()] * (18 + len(parts.review_knobs()))]
    starts = _starts(here)
    at = plan.parent_id or -plan.policy_id
    if starts and at not in dict(map(reversed, starts)):
        starts.append((f"checkpoint {plan.policy_id}", at))
    names = [(known["title"], known["name"]) for known in parts.recipes()]
    if plan.recipe["name"] not in dict(map(reversed, names)):
        names.append((plan.recipe["title"], plan.recipe["name"]))
    return [
        None,
        gr.Column(visible=True),
        gr.Dropdown(choices=starts or [("the project's defaults", DEFAULTS)], value=at if starts else DEFAULTS),
        gr.Dropdown(choices=names, value=plan.recipe["name"]),
        _about(plan.recipe),
        _draft(plan.recipe),
        plan.recipe,
        plan.parent_id,
        judge_template.choices(here.actor, here.project_id),
        _guessed(here, lambda: plan),
        *round_form.filled(here.actor, here.project_id, plan),
    ]


def _starts(here: Context) -> list[tuple[str, int]]:
    """What a round can start from, newest first: rounds with a checkpoint, then the bases."""
    lines = overview.loop(here.actor, here.project_id).lines
    made = [(f"round {x.number}, {x.checkpoint}", x.round_id) for x in reversed(lines) if x.round_id and x.checkpoint]
    bases = [(f"the base {x.checkpoint}", -x.checkpoint_id) for x in lines if x.round_id is None and x.checkpoint_id]
    return made + bases


def _draw_recipe(drawn: dict[str, Any], saved: list[Any], fields: RoundFields, outer: tuple[Any, ...]) -> None:
    """Draw the slots of a recipe and wire everything that reads them."""
    draft, typed, versions, parent, recipe, about, estimate, launch = outer
    form = forms.Form(start=drawn["recipe"])
    for slot, kind in parts.SLOT_KINDS.items():
        with gr.Accordion(SLOT_TITLES[slot], open=slot in (*OPEN_SLOTS, drawn["open"]), elem_id=f"slot-{slot}"):
            draw = forms.draw_parts if slot == "metrics" else forms.draw_part
            draw(form, (slot,), kind, kind.replace("_", " "))
            if slot == "judge":
                judge_template.draw(form, saved, versions)
    with gr.Accordion("More", open=False):
        forms.draw_knobs(form, (), parts.recipe_knobs())
    everything = [parent, *fields.inputs, *form.inputs]
    size = 1 + len(fields.inputs)

    def plan(values: Any, recipe_json: dict[str, Any]) -> Plan:
        return plan_of(recipe_json, values[0], list(values[1:size]))

    @toasts
    def switch_recipe(request: gr.Request, name: str, *values: Any) -> list[Any]:
        new = parts.switch_recipe(form.read(values[size:]), name)
        return [_draft(new), new, _about(new), _guessed(context(request), lambda: plan(values, new))]

    @toasts
    def read(request: gr.Request, *values: Any) -> list[Any]:
        here = context(request)
        try:
            new = form.read(values[size:])
        except InvalidInput as error:
            return [gr.skip(), {"problem": error.message, "warnings": []}]
        return [new, _guessed(here, lambda: plan(values, new))]

    @toasts
    def start(request: gr.Request, *values: Any) -> None:
        here = context(request)
        rounds.launch(here.actor, here.project_id, plan(values, parts.validate(form.read(values[size:]))))

    def switcher(switch: forms.Switch) -> Any:
        @toasts
        def put_part(request: gr.Request, chosen: Any, *values: Any) -> list[Any]:
            new = form.switched(switch, values[size:], chosen)
            guessed = _guessed(context(request), lambda: plan(values, new))
            return [_draft(new, opened=str(switch.path[0])), new, guessed]

        return put_part

    # Launching reads the fields themselves, not `typed`: what is on the page is launched, however fast the click.
    recipe.input(switch_recipe, [recipe, *everything], [draft, typed, about, estimate], **QUIET)
    for switch in form.switches:
        switch.input.input(switcher(switch), [switch.input, *everything], [draft, typed, estimate], **QUIET)
    # On input, not on change: drawing the form again changes fields whose listeners are gone by then.
    touched = [knob.input for knob in form.inputs]
    gr.on(touched, read, everything, [typed, estimate], trigger_mode="always_last", **QUIET)
    launched = launch.click(start, everything, None, trigger_mode="once", **PRIVATE)
    launched.success(None, js="() => { window.location.assign('./') }", api_visibility="private")


def _draft(recipe: dict[str, Any], *, opened: str = "") -> dict[str, Any]:
    """What is drawn. The time makes every draft differ from the one before, so that the same recipe is drawn again."""
    return {"recipe": recipe, "open": opened, "at": time.monotonic_ns()}


def _about(recipe: dict[str, Any]) -> dict[str, str]:
    paper = str(recipe.get("paper", ""))
    url = f"https://arxiv.org/abs/{paper}" if paper[:4].isdigit() else paper if paper.startswith("https://") else ""
    return {"text": recipe["title"], "paper": f"arXiv {paper}" if paper[:4].isdigit() else paper, "url": url}


def _guessed(here: Context, plan: Callable[[], Plan]) -> dict[str, Any]:
    """What a plan costs, or what is wrong with its fields: said where the figures stand, since one may still type."""
    try:
        ready = plan()
        parts.validate(ready.recipe)
        found = rounds.estimate(here.actor, here.project_id, ready)
    except RondoError as error:
        return {"problem": error.message, "warnings": []}
    return {
        "samples": f"{found.samples:,}",
        "calls": f"{found.judge_calls:,}",
        "tokens": f"{found.tokens:,}",
        "time": _time(found),
        "warnings": list(found.warnings),
    }


def _time(found: rounds.Estimate) -> str:
    """How long the round takes; with a bound where its texts may be much longer than the last ones."""
    if found.seconds is None or found.seconds_at_most is None:
        return "known after the first round"
    likely, at_most = duration(found.seconds), duration(found.seconds_at_most)
    return f"about {likely}, at most {at_most}" if found.seconds_at_most > 1.2 * found.seconds else f"about {likely}"
