"""New round: choose a recipe, its knobs, prompts and checkpoints; see what it will cost; launch."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from app.pages.new_round import as_yaml, steps
from app.pages.new_round import saved as new_round_saved
from app.pages.new_round.drafts import about_of, digest, draft_of, other_recipe, others_of, recipe_choices
from app.pages.new_round.drawing import WAITS, can_start
from app.pages.new_round.estimates import changed, guessed
from app.pages.new_round.recipe import QUIET, SlotsState, draw
from app.toasts import toasts
from app.widgets import buttons, judge_template, round_form
from app.widgets.asked import not_here
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.refused_fields import FIELDS, MARK
from app.widgets.roles import only
from app.widgets.round_form import plan_of
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.services import plans, previews, recipe_list, rewrites, rounds, trouble
from backend.services.projects import overview
from backend.services.recipes import parts
from backend.services.rounds import Plan
from backend.translations import N_, gettext
from backend.values import JSON, Role

TITLE, PATH = N_("New round"), "new-round"
DEFAULTS = 0
"""Stands for the project's defaults in the dropdown of starts; below 0, the base checkpoint of that id."""
ABOUT = """{{#if value}}<p class="rondo-muted about">{{value.text}}
{{#if value.url}}<a href="{{value.url}}" target="_blank" rel="noreferrer">{{value.paper}}</a>{{/if}}</p>{{/if}}"""
ESTIMATE = (
    """
{{#if value}}<section class="rondo-card estimate" aria-live="polite">
{{#if value.waits}}<p class="rondo-muted">Estimating…</p>{{/if}}
{{#if value.problem}}<p class="problem">{{value.problem}}</p>{{/if}}
"""
    + FIELDS
    + """
{{#if value.samples}}<dl>
  <div><dt>samples</dt><dd>{{value.samples}}</dd></div>
  <div><dt>judge calls</dt><dd>{{value.calls}}</dd></div>
  <div><dt>new tokens, at most</dt><dd>{{value.tokens}}</dd></div>
  <div><dt>time</dt><dd>{{value.time}}</dd></div>
</dl>{{/if}}
{{#each value.compared}}
{{#if this.same}}<p class="rondo-muted">All is as in {{this.name}}.</p>{{else}}
<ul class="changes" aria-label="What differs from {{this.name}}">
{{#each this.lines}}<li>{{this}}</li>{{/each}}</ul>{{/if}}{{/each}}
{{#each value.warnings}}<p class="warning">{{this}}</p>{{/each}}
</section>{{/if}}
"""
)
ESTIMATE_CSS = """
.estimate { display: grid; gap: 8px; }
.estimate p { margin: 0; white-space: pre-line; }
dl { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 0; font-variant-numeric: tabular-nums; }
dt { color: var(--rondo-muted); font-size: 12px; } dd { margin: 0; font-size: 16px; font-weight: 600; }
.changes { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0; padding: 0 !important; list-style: none; }
.changes li { margin: 0; overflow-wrap: anywhere; }
.problem { color: var(--rondo-bad); } .warning { color: var(--rondo-warn); }
"""
LINKS = "p { margin: 0; } a { color: var(--rondo-accent); }"
EMPTY = """{{#if value}}<div class="rondo-empty"><p><b>{{value.problem}}</b></p>
<p><a href="prompts">Prompts</a> · <a href="checkpoints">Checkpoints</a></p></div>{{/if}}"""


def build() -> None:
    """Lay out the page and wire what stays; the recipe's part is drawn, and wired, again whenever it changes."""
    draft, counted, parent, versions = gr.State({}), gr.State(""), gr.State(None), gr.State([])
    empty = markup(EMPTY, LINKS)
    with gr.Column(visible=False, elem_id="new-round") as page, only(Role.curator, N_("Launching a round")):
        with gr.Row(equal_height=False):
            start = gr.Dropdown(
                [],
                label=N_("Start from"),
                info=N_("Everything below is then as that round had it."),
                elem_id="start-from",
            )
            recipe = gr.Dropdown(
                [],
                label=N_("Recipe"),
                info=N_("Slots that hold the same part keep their knobs."),
                interactive=True,
                elem_id="recipe",
            )
            clone = buttons.secondary(N_("Clone the last round"), elem_id="clone-last")
        about = markup(ABOUT, LINKS)
        with gr.Row(equal_height=False, elem_classes="rondo-sticky"):
            estimate = markup(ESTIMATE, ESTIMATE_CSS, js=MARK, elem_id="estimate")
            again = buttons.secondary(N_("Check again"), elem_id="check-again")
            preview = buttons.secondary(N_("Preview on 5 prompts"), interactive=False, elem_id="preview-round")
            launch = buttons.primary(N_("Launch"), interactive=False, elem_id="launch")
        previewed, turned = gr.JSON({}, visible="hidden"), gr.JSON({}, visible="hidden")
        filled, recount = gr.JSON({}, visible="hidden"), gr.JSON({}, visible="hidden")
        typed = gr.State(CurrentChoice())
        fields = round_form.draw()

        @gr.render(inputs=[draft, versions, turned, typed], triggers=[draft.change], show_progress="hidden")
        def draw_recipe(drawn: dict[str, Any], saved: list[Any], turned_now: Any, names: CurrentChoice) -> None:
            if drawn:
                frame = SlotsState(
                    draft,
                    turned,
                    counted,
                    versions,
                    parent,
                    recipe,
                    about,
                    estimate,
                    launch,
                    preview,
                    again,
                    previewed,
                    filled,
                    recount,
                    typed,
                    fields,
                    written,
                )
                draw(drawn, saved, turned_now, names, frame)

        written = as_yaml.draw()

    first = [empty, page, start, recipe, about, draft, parent, versions, estimate, counted, filled, launch, preview]
    shown = [*first, *fields.inputs]
    gr.on(None, _filling(load, len(shown)), None, shown, **QUIET)
    start.input(_filling(start_from, len(shown)), [start], shown, **QUIET)
    clone.click(_filling(load_last, len(shown)), None, shown, **QUIET)


def _filling(asked: Callable[..., tuple[Context, Plan]], outputs: int) -> Callable[..., list[Any]]:
    """Return the listener that fills the form with the plan that was asked for, or says why there is none."""

    @toasts
    @functools.wraps(asked)
    def fill(*values: Any, **more: Any) -> list[Any]:
        try:
            here, plan = asked(*values, **more)
        except (Conflict, InvalidInput, NotFound, PermissionDenied) as error:
            return [{"problem": error.message}, gr.Column(visible=False), *[gr.skip()] * (outputs - 2)]
        return _filled(here, plan)

    return fill


def load(request: gr.Request) -> tuple[Context, Plan]:
    """Fill the form from the address; without one, from where the overview recommends.

    `?from=ROUND` goes on from it, `?base=CHECKPOINT` starts over, `?again=ROUND` repeats it, `?branch=ROUND&at=judge`
    begins with its texts, `?preview=PREVIEW` holds what was previewed, `?rewrite=REWRITE` a
    judge's new template. With `recipe=NAME` it holds that recipe.
    """
    here, asked = context(request), request.query_params
    return here, _of_recipe(here, _asked(here, asked), str(asked.get("recipe", "")))


def load_last(request: gr.Request) -> tuple[Context, Plan]:
    """Fill the form with the settings of the newest round, as it was launched."""
    here = context(request)
    return here, rounds.again(here.actor, here.project_id)


def start_from(chosen: int | None, request: gr.Request) -> tuple[Context, Plan]:
    """Fill the form from another round, or from a base checkpoint."""
    here = context(request)
    if chosen is not None and chosen < DEFAULTS:
        return here, _from_base(here, -chosen)
    return here, rounds.defaults(here.actor, here.project_id, chosen or None)


def _asked(here: Context, parameters: Mapping[str, str]) -> Plan:
    if "branch" in parameters:
        return _branch(here, _id(parameters["branch"]), str(parameters.get("at", "judge")))
    for name, plan in (
        ("from", _from),
        ("base", _from_base),
        ("again", _again),
        ("preview", _previewed),
        ("rewrite", _rewritten),
    ):
        if name in parameters:
            return plan(here, _id(parameters[name]))
    return rounds.defaults(here.actor, here.project_id)


def _of_recipe(here: Context, plan: Plan, name: str) -> Plan:
    """The plan with the recipe of that name, as if it were chosen in the form."""
    if not name or name == plan.recipe["name"]:
        return plan
    recipe_list.chosen(recipe_list.list_recipes(here.actor, here.project_id), name)
    return replace(plan, recipe=other_recipe(here, plan.recipe, name))


def _id(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise NotFound(
            f"{text[:40]!r} is no number of a round, checkpoint, preview or rewrite. Choose where to start from the "
            "list."
        )
    return int(text)


def _from(here: Context, round_id: int) -> Plan:
    return rounds.defaults(here.actor, here.project_id, round_id)


def _from_base(here: Context, checkpoint_id: int) -> Plan:
    return rounds.defaults(here.actor, here.project_id, base_id=checkpoint_id)


def _again(here: Context, round_id: int) -> Plan:
    return rounds.again(here.actor, here.project_id, round_id)


def _previewed(here: Context, preview_id: int) -> Plan:
    view = previews.get(here.actor, preview_id)
    if view.project_id != here.project_id:
        raise NotFound(not_here("preview", preview_id))
    return view.plan


def _rewritten(here: Context, rewrite_id: int) -> Plan:
    if rewrites.get(here.actor, rewrite_id).project_id != here.project_id:
        raise NotFound(not_here("rewrite", rewrite_id))
    return rewrites.plan(here.actor, rewrite_id)


def _branch(here: Context, round_id: int, at: str) -> Plan:
    if rounds.get(here.actor, round_id).project_id != here.project_id:
        raise NotFound(f"There is no round {round_id} in this project. Choose one from the overview.")
    return plans.branch(here.actor, round_id, at)


def _filled(here: Context, plan: Plan) -> list[Any]:
    starts, own = _starts(here), new_round_saved.own(here)
    checkpoints = round_form.every(here.actor, here.project_id)
    at = plan.parent_id or -plan.policy_id
    if starts and at not in {value for _, value in starts}:
        starts.append((gettext("checkpoint {name}").format(name=plan.policy_id), at))
    draft = draft_of(
        plan.recipe,
        checkpoints=checkpoints,
        roles=plan.roles,
        own=own,
        saved=new_round_saved.recipes_of(here),
        parent=_parent(here, plan),
    )
    fields = round_form.filled(here.actor, here.project_id, plan)
    held = [field.constructor_args["value"] if isinstance(field, gr.Dropdown) else field for field in fields]
    told, counted = _counted(here, plan, draft, held)
    return [
        None,
        gr.Column(visible=True),
        gr.Dropdown(
            choices=starts or [(gettext("the project's defaults"), DEFAULTS)], value=at if starts else DEFAULTS
        ),
        gr.Dropdown(choices=recipe_choices(plan.recipe, own), value=plan.recipe["name"]),
        about_of(plan.recipe),
        draft,
        round_form.origin_of(plan),
        judge_template.choices(here.actor, here.project_id),
        told,
        counted,
        {"at": draft["at"], "held": [plan.recipe["name"], *held], "can_start": bool(counted)},
        *can_start(False),
        *fields,
    ]


def _counted(here: Context, plan: Plan, draft: JSON, held: list[Any]) -> tuple[JSON, str]:
    """What a plan costs as the fields will say it, and which plan that is: only that can be launched.

    Where that is refused, the plan is none: once its fields are drawn it is read again, and they are marked.
    """
    others = others_of(draft)
    try:
        read = plan_of(parts.validate(plan.recipe), round_form.origin_of(plan), held)
        read = replace(read, roles=steps.still_bound(draft))
    except InvalidInput:
        return _guessed(here, plan) | changed(here, plan, others), ""
    told = _guessed(here, read)
    is_launchable = not told.keys() & {"problem", "waits"}
    return told | changed(here, read, others), digest(read) if is_launchable else ""


def _guessed(here: Context, plan: Plan) -> dict[str, Any]:
    """What a plan costs; that it is still estimated, where the database is too busy: the form is filled without it."""
    try:
        return guessed(here, plan)
    except trouble.DATABASE_ERRORS as error:
        if trouble.as_busy(error) is None:
            raise
        return WAITS


def _parent(here: Context, plan: Plan) -> tuple[str, JSON] | None:
    """What the round that a plan branches off, or goes on from, is called, and its recipe."""
    round_id = plan.branch_of or plan.parent_id
    if round_id is None:
        return None
    parent = rounds.get(here.actor, round_id)
    return gettext("round {number}").format(number=parent.number), parent.recipe


def _starts(here: Context) -> list[tuple[str, int]]:
    """What a round can start from, newest first: rounds with a checkpoint, then the bases."""
    starts = overview.starts(here.actor, here.project_id)
    round_, base = gettext("round {number}, {name}"), gettext("the base {name}")
    made = [
        (round_.format(number=x.number, name=x.checkpoint), x.round_id)
        for x in reversed(starts)
        if x.round_id is not None
    ]
    bases = [(base.format(name=x.checkpoint), -x.checkpoint_id) for x in starts if x.round_id is None]
    return made + bases
