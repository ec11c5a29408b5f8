"""New round: choose a recipe, its knobs, prompts and checkpoints; see what it will cost; launch."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.context import get_blocks_context

from app.pages.new_round import as_yaml, keeping
from app.pages.new_round.drafts import other_recipe
from app.pages.new_round.filling import DEFAULTS, filled
from app.pages.new_round.recipe import QUIET, SlotsState, draw
from app.pages.new_round.restoring import RestoredForm, restored
from app.pages.new_round.saved import noted
from app.toasts import toasts
from app.widgets import buttons, round_form
from app.widgets.asked import not_here
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import KEEP_OPEN, markup
from app.widgets.refused_fields import FIELDS, MARK
from app.widgets.roles import only
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.services import plans, previews, recipe_list, rewrites, rounds
from backend.services.pairs import choosing
from backend.services.rounds import Plan
from backend.translations import N_
from backend.values import Role

TITLE, PATH = N_("New round"), "new-round"
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
{{#if value.mine}}<div><b>You changed</b>
<ul class="changes" aria-label="You changed">
{{#each value.mine}}<li>{{this}}</li>{{/each}}</ul></div>{{/if}}
{{#each value.compared}}
{{#if this.same}}<p class="rondo-muted">The form began as {{this.name}}.</p>{{else}}
<details data-fold="{{this.name}}"><summary class="rondo-muted">{{this.summary}}</summary>
<ul class="changes" aria-label="What the form began with, other than {{this.name}}">
{{#each this.lines}}<li>{{this}}</li>{{/each}}</ul></details>{{/if}}{{/each}}
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
details .changes { padding-top: 6px !important; } summary { cursor: pointer; }
.problem { color: var(--rondo-bad); } .warning { color: var(--rondo-warn); }
"""
LINKS = "p { margin: 0; } a { color: var(--rondo-accent); }"
EMPTY = """{{#if value}}<div class="rondo-empty"><p><b>{{value.problem}}</b></p>
<p><a href="prompts">Prompts</a> · <a href="checkpoints">Checkpoints</a></p></div>{{/if}}"""
Asked = tuple[Context, Plan, RestoredForm | None]
"""Whose form it is, the plan that fills it, and what had been typed, which that plan holds."""


def build() -> None:
    """Lay out the page and wire what stays; the recipe's part is drawn, and wired, again whenever it changes."""
    draft, counted, parent, versions = gr.State({}), gr.State(""), gr.State(None), gr.State([])
    kept = gr.JSON(None, visible="hidden")
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
            clone = buttons.secondary(N_("Clone the last round"), interactive=False, elem_id="clone-last")
        line = keeping.draw_line()
        about = markup(ABOUT, LINKS)
        with gr.Row(equal_height=False, elem_classes="rondo-sticky"):
            estimate = markup(ESTIMATE, ESTIMATE_CSS, js=MARK + KEEP_OPEN, elem_id="estimate")
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
                    start,
                )
                draw(drawn, saved, turned_now, names, frame)

        written = as_yaml.draw()

    above = [empty, page, line, written.text, start, recipe, about]
    first = [*above, clone, draft, parent, versions, estimate, counted, filled, launch, preview]
    shown = [*first, *fields.inputs]
    blocks = get_blocks_context()
    assert blocks is not None
    blocks.root_block.load(_filling(load, len(shown)), [kept, typed], shown, js=keeping.READ, **QUIET)
    start.input(_filling(start_from, len(shown), is_chosen=True), [start], shown, **QUIET)
    clone.click(_filling(load_last, len(shown), is_chosen=True), None, shown, **QUIET)


def _filling(asked: Callable[..., Asked], outputs: int, *, is_chosen: bool = False) -> Callable[..., list[Any]]:
    """Return the listener that fills the form with the plan that was asked for, or says why there is none."""

    @toasts
    @functools.wraps(asked)
    def fill(*values: Any, **more: Any) -> list[Any]:
        try:
            here, plan, before = asked(*values, **more)
        except (Conflict, InvalidInput, NotFound, PermissionDenied) as error:
            return [{"problem": error.message}, gr.Column(visible=False), *[gr.skip()] * (outputs - 2)]
        return filled(here, plan, before, is_chosen=is_chosen)

    return fill


def load(kept: Any, typed: CurrentChoice, request: gr.Request) -> Asked:
    """Fill the form from the address; without one, from where the overview recommends.

    `?from=ROUND` goes on from it, `?base=CHECKPOINT` starts over, `?again=ROUND` repeats it, `?branch=ROUND&at=judge`
    begins with its texts, `&at=pairs` with pairs of them by the knobs of `margin_pairs` in the address,
    `?preview=PREVIEW` holds what was previewed, `?rewrite=REWRITE` a judge's new template. With `recipe=NAME` it holds
    that recipe. What was typed there before is put over it: `kept` is what the browser kept, `typed` gets the name for
    the recipe.
    """
    here, asked = context(request), request.query_params
    plan = _of_recipe(here, _asked(here, asked), str(asked.get("recipe", "")))
    text = kept.get("text") if isinstance(kept, dict) else None
    before = restored(here, plan, text) if isinstance(text, str) else None
    if before is None:
        return here, plan, None
    typed.put(noted({}, before.title, {"recipe": before.plan.recipe}))
    return here, before.plan, before


def load_last(request: gr.Request) -> Asked:
    """Fill the form with the settings of the newest round, as it was launched."""
    here = context(request)
    return here, rounds.again(here.actor, here.project_id), None


def start_from(chosen: int | None, request: gr.Request) -> Asked:
    """Fill the form from another round, or from a base checkpoint."""
    here = context(request)
    if chosen is not None and chosen < DEFAULTS:
        return here, _from_base(here, -chosen), None
    return here, rounds.defaults(here.actor, here.project_id, chosen or None), None


def _asked(here: Context, parameters: Mapping[str, str]) -> Plan:
    if "branch" in parameters:
        return _branch(here, _id(parameters["branch"]), str(parameters.get("at", "judge")), parameters)
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


def _branch(here: Context, round_id: int, at: str, parameters: Mapping[str, str]) -> Plan:
    if rounds.get(here.actor, round_id).project_id != here.project_id:
        raise NotFound(f"There is no round {round_id} in this project. Choose one from the overview.")
    if at == "pairs":
        knobs = {name: str(parameters[name]) for name in choosing.KNOBS if name in parameters}
        return choosing.plan(here.actor, round_id, knobs)
    return plans.branch(here.actor, round_id, at)
