"""What a training writes itself: its newest texts with their rewards, and the button for one that games its judge."""

from typing import Any

import gradio as gr
from gradio.context import get_blocks_context

from app.toasts import notice, toasts
from app.widgets.context import Context, context
from app.widgets.markup import markup
from backend.errors import InvalidInput, NotFound
from backend.services.rounds import rollouts
from backend.services.rounds.rollouts import Rollout
from backend.translations import gettext, ngettext
from backend.values import JSON

POLL_SECONDS = 3.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
LIST = """
{{#if value.rows}}
<section class="rollouts" aria-label="What it writes">
<h2>What it writes</h2>
<p class="rondo-muted">The newest texts of this training with their rewards. Mark those that please the judge without
being good: stopping makes their prompts held-out probes, which later rounds do not train on.</p>
<p class="rondo-needs-curator"><button type="button" class="rondo-quiet"
  data-stop="1">Stop: this is reward hacking</button></p>
<ul>{{#each value.rows}}
  <li class="rondo-card">
    <p class="head"><label class="rondo-needs-curator"><input type="checkbox" value="{{this.prompt_id}}"
      aria-label="Mark this text"> Mark</label> <b>Reward {{this.reward}}</b>
      <span class="rondo-muted">advantage {{this.advantage}}, step {{this.step}}, {{this.tokens}}</span></p>
    <p class="prompt">{{this.prompt}}</p>
    <p class="text">{{this.text}}</p>
    {{#if this.why}}<p class="rondo-muted why">{{this.why}}</p>{{/if}}
  </li>{{/each}}
</ul></section>{{/if}}
"""
LIST_CSS = """
.rollouts ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 8px; max-height: 36em; overflow: auto; }
.rollouts li { margin: 0; } .rollouts li p { margin: 0 0 4px; overflow-wrap: anywhere; }
.rollouts .head { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; }
.rollouts .prompt { color: var(--rondo-muted); max-height: 4.5em; overflow: hidden; white-space: pre-line; }
.rollouts .text { white-space: pre-wrap; } .rollouts button { padding: 2px 12px; }
"""
LIST_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-stop]");
  if (!button || button.disabled) return;
  button.disabled = true;
  const marked = [...element.querySelectorAll("input:checked")].map((box) => Number(box.value));
  trigger("click", { prompts: marked });
});
"""


def build(painted: gr.JSON) -> None:
    """Lay out the list of the job that the page shows; it is empty for a job that writes no texts."""
    page_state = gr.State([])
    listed = markup(LIST, LIST_CSS, js=LIST_JS, elem_id="job-rollouts")
    timer = gr.Timer(POLL_SECONDS)
    blocks = get_blocks_context()
    assert blocks is not None
    timer.tick(refresh, [painted, page_state], [listed, page_state], **QUIET)
    painted.change(refresh, [painted, page_state], [listed, page_state], **QUIET)
    listed.click(stop, painted, [listed, page_state], **PRIVATE)


@toasts
def refresh(painted: JSON | None, page_state: list[Any], request: gr.Request) -> list[Any]:
    """Draw the list where it changed."""
    job_id = _job_id(painted)
    rows = [] if job_id is None else shown(context(request), job_id)
    return [gr.skip(), gr.skip()] if rows == page_state else [{"rows": rows}, rows]


@toasts
def stop(painted: JSON | None, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Stop the training, and make the prompts of the marked texts probes."""
    job_id = _job_id(painted)
    marked = event._data.get("prompts") if isinstance(event._data, dict) else None
    if job_id is None or not isinstance(marked, list) or not all(type(id_) is int for id_ in marked):
        raise InvalidInput("Mark texts in the list, then press the button again.")
    here = context(request)
    set_id = rollouts.stop_hacking(here.actor, job_id, marked)
    number = len(set(marked))
    text = gettext("Job {job} stops. No text was marked as a probe.")
    if set_id:
        text = ngettext(
            "Job {job} stops. {number} prompt became a held-out probe.",
            "Job {job} stops. {number} prompts became held-out probes.",
            number,
        )
    notice(text.format(job=job_id, number=number))
    rows = shown(here, job_id)
    return [{"rows": rows}, rows]


def _job_id(painted: JSON | None) -> int | None:
    job_id = painted.get("job") if isinstance(painted, dict) else None
    return job_id if type(job_id) is int else None


def shown(here: Context, job_id: int) -> list[dict[str, Any]]:
    """What the list shows; texts only."""
    try:
        return [_row(rollout) for rollout in rollouts.newest(here.actor, job_id)]
    except NotFound:
        return []


def _row(rollout: Rollout) -> dict[str, Any]:
    parts = [f"{name} {_number(score)}" for name, score in rollout.components.items()]
    tokens = ngettext("{number} token", "{number} tokens", rollout.num_tokens)
    if rollout.is_truncated:
        tokens = ngettext("{number} token, cut off", "{number} tokens, cut off", rollout.num_tokens)
    return {
        "prompt_id": rollout.prompt_id,
        "reward": _number(rollout.reward),
        "advantage": _number(rollout.advantage),
        "step": rollout.step,
        "tokens": tokens.format(number=f"{rollout.num_tokens:,}"),
        "prompt": rollout.prompt,
        "text": rollout.text or gettext("(empty)"),
        "why": ". ".join(part for part in (", ".join(parts), rollout.remark) if part),
    }


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
