"""Left out: what rounds went on without, each with its reason, and the way to try it again alone."""

import re
from typing import Any
from urllib.parse import quote

import gradio as gr
from gradio.context import get_blocks_context

from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.asked import asked
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.roles import needs
from app.widgets.value_words import word
from backend.errors import InvalidInput, NotFound
from backend.services import rounds
from backend.services.rounds import RoundView, failures
from backend.services.rounds.failures import FailureView
from backend.translations import N_, gettext, ngettext
from backend.values import Role, Stage

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
LIST = """
{{#if value}}
<section class="left" aria-label="What was left out">
{{#if value.why}}<p class="rondo-muted">{{value.why}}</p>{{/if}}
<ul>{{#each value.rows}}
  <li class="rondo-card">
    <p class="head"><span class="rondo-badge warn">{{this.stage}}</span> <b>{{this.what}}</b>
      <span class="rondo-muted">{{this.tries}}</span></p>
    <p class="reason">{{this.reason}}</p>
    {{#if this.prompt}}<p class="prompt">{{this.prompt}}</p>{{/if}}
    <p class="links">
      {{#if this.set}}<a href="prompts?set={{this.set}}&amp;q={{this.query}}">Prompt {{this.prompt_id}}</a>{{/if}}
      {{#if this.sample}}<a
        href="samples?round={{this.round}}&amp;sample={{this.sample}}">Sample {{this.sample}}</a>{{/if}}
      {{#if this.job}}<a href="jobs?job={{this.job}}">Job {{this.job}}</a>{{/if}}
      {{#if this.can_retry}}<button type="button" class="rondo-quiet rondo-needs-curator"
        data-id="{{this.id}}">Try again</button>{{/if}}
    </p>
  </li>{{/each}}
</ul>
{{#if value.more}}<p class="rondo-muted">{{value.more}}</p>{{/if}}
</section>{{/if}}
"""
LIST_CSS = """
.left ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; }
.left li { margin: 0; } .left p { margin: 0 0 4px; } .left .links { margin: 4px 0 0; }
.left .head { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: baseline; }
.left .prompt { color: var(--rondo-muted); overflow-wrap: anywhere; white-space: pre-line; max-height: 4.5em;
  overflow: hidden; }
.left .reason { overflow-wrap: anywhere; }
.left .links { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; }
.left a { color: var(--rondo-accent); } .left button { padding: 2px 12px; }
"""
LIST_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-id]");
  if (!button || button.disabled) return;
  button.disabled = true;
  trigger("click", { id: Number(button.dataset.id) });
});
"""


def build() -> None:
    """Lay out the section and wire it. It stays hidden while nothing was left out."""
    with gr.Column(visible=False, elem_id="left-out") as section:
        markup("<h2>Left out</h2>")
        with gr.Row(elem_classes="rondo-toolbar"):
            chosen = gr.Dropdown([], label=N_("Round"), elem_id="left-out-round", scale=0, min_width=260)
            retry = buttons.secondary(N_("Try all again"), elem_classes=needs(Role.curator), elem_id="left-out-retry")
            reload = buttons.secondary(N_("Look again"), elem_id="left-out-reload")
        table = markup(LIST, LIST_CSS, js=LIST_JS, elem_id="left-out-list")
    shown = [section, chosen, retry, table]
    blocks = get_blocks_context()
    assert blocks is not None
    blocks.root_block.load(load, None, shown, **QUIET)
    chosen.input(show, chosen, shown, **QUIET)
    reload.click(show, chosen, shown, **QUIET)
    retry.click(try_all, chosen, shown, **PRIVATE)
    table.click(try_one, chosen, shown, **PRIVATE)


@toasts
def load(request: gr.Request) -> list[Any]:
    """Show the newest round of which something was left out; `?left_out=ROUND` chooses one."""
    here = context(request)
    known = {round_.id for round_ in rounds.list_rounds(here.actor, here.project_id)}
    wanted = asked(request, "left_out", "round", known)
    return _shown(here, wanted.id, wanted.missing)


@toasts
def show(round_id: int | None, request: gr.Request) -> list[Any]:
    """Show another round."""
    return _shown(context(request), round_id)


@toasts
def try_all(round_id: int | None, request: gr.Request) -> list[Any]:
    """Ask again for all that was left out of a round."""
    return _tried(context(request), round_id, None)


@toasts
def try_one(round_id: int | None, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Ask again for one."""
    chosen = event._data.get("id") if isinstance(event._data, dict) else None
    if type(chosen) is not int:
        raise InvalidInput("Choose what to try again from the list.")
    return _tried(context(request), round_id, [chosen])


def _tried(here: Context, round_id: int | None, ids: list[int] | None) -> list[Any]:
    if round_id is None:
        raise NotFound("No round is chosen. Choose one from the list.")
    job_id = failures.retry(here.actor, round_id, ids)
    notice(gettext("Job {job_id} asks again.").format(job_id=job_id))
    return _shown(here, round_id)


def _shown(here: Context, round_id: int | None, missing: str = "") -> list[Any]:
    counts = failures.counts(here.actor, here.project_id)
    rounds_left = [
        round_
        for round_ in rounds.list_rounds(here.actor, here.project_id)
        if (round_.id in counts or round_.id == round_id) and round_.archived_at is None
    ]
    if missing:
        nothing = [gr.Dropdown(choices=_choices(rounds_left, counts), value=None), gr.Button(interactive=False)]
        return [gr.Column(visible=True), *nothing, list_value([], 0) | {"why": missing}]
    if not rounds_left:
        return [gr.Column(visible=False), gr.Dropdown(choices=[], value=None), gr.Button(interactive=False), None]
    chosen = round_id if round_id in {round_.id for round_ in rounds_left} else rounds_left[-1].id
    rows = failures.list_failures(here.actor, chosen or 0)
    can_retry = any(not row.cannot_retry for row in rows)
    return [
        gr.Column(visible=True),
        gr.Dropdown(choices=_choices(rounds_left, counts), value=chosen),
        gr.Button(interactive=can_retry),
        list_value(rows, counts.get(chosen or 0, 0)),
    ]


def _choices(rounds_left: list[RoundView], counts: dict[int, int]) -> list[tuple[str, int]]:
    text = gettext("Round {number}: {count} left out")
    return [
        (text.format(number=round_.number, count=f"{counts.get(round_.id, 0):,}"), round_.id)
        for round_ in reversed(rounds_left)
    ]


def list_value(rows: list[FailureView], total: int) -> dict[str, Any]:
    """What the list shows; texts only."""
    whys = {row.cannot_retry for row in rows if row.cannot_retry}
    return {
        "why": ""
        if any(not row.cannot_retry for row in rows)
        else next(iter(whys), gettext("Nothing is left out any more.")),
        "more": gettext("The first {number} of {total}.").format(number=f"{len(rows):,}", total=f"{total:,}")
        if total > len(rows)
        else "",
        "rows": [
            {
                "id": row.id,
                "round": row.round_id,
                "stage": word(row.stage),
                "what": what(row),
                "tries": tries(row),
                "reason": row.reason,
                "prompt": row.prompt,
                "prompt_id": row.prompt_id,
                "query": quote(" ".join(re.findall(r"\w+", row.prompt)[:6])),
                "set": row.prompt_set_id or "",
                "sample": row.sample_id or "",
                "job": row.job_id or "",
                "can_retry": not row.cannot_retry,
            }
            for row in rows
        ],
    }


def what(row: FailureView) -> str:
    """What was left out, in a few words."""
    if row.stage == Stage.judge:
        return (
            gettext("a sample without a judgment")
            if row.position is None
            else gettext("reply {number} of the judge").format(number=row.position + 1)
        )
    if row.stage == Stage.train:
        return gettext("training row {number}").format(number=(row.position or 0) + 1)
    return (
        gettext("a prompt")
        if row.position is None
        else gettext("sample {number} of a prompt").format(number=row.position + 1)
    )


def tries(row: FailureView) -> str:
    """How often it was tried, and whether it waits to be tried again."""
    times = ngettext("tried once", "tried {number} times", row.attempts)
    if row.is_asked:
        times = ngettext(
            "tried once, waits to be tried again", "tried {number} times, waits to be tried again", row.attempts
        )
    return times.format(number=row.attempts)
