"""What was checked of a checkpoint: lines with pass or warn, and a button to check it again."""

from typing import Any

import gradio as gr

from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.context import context
from app.widgets.markup import markup
from app.widgets.roles import needs
from backend.errors import InvalidInput
from backend.services import checkpoints
from backend.services.checkpoints import CheckpointDetail, model_checks
from backend.translations import N_, gettext
from backend.values import Role

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
BADGES = {"pass": "ok", "warn": "warn", "fail": "bad", "no": ""}
LINES = """
{{#if value}}<section class="rondo-card checks" aria-label="Checks">
<h3>Checks</h3>
{{#if value.lines}}<p class="rondo-muted">{{value.at}}</p>
<table><tbody>{{#each value.lines}}<tr>
  <td><span class="rondo-badge {{this.badge}}">{{this.outcome}}</span></td>
  <th scope="row">{{this.name}}</th><td>{{this.text}}</td>
</tr>{{/each}}</tbody></table>{{/if}}
{{#unless value.lines}}<p class="rondo-muted">It was not checked yet.</p>{{/unless}}
{{#if value.notes}}<h4>What its endpoint refused</h4>
<ul>{{#each value.notes}}<li>{{this}}</li>{{/each}}</ul>{{/if}}
</section>{{/if}}
"""
LINES_CSS = """
.checks h3, .checks p { margin: 0; } .checks h4 { margin: 12px 0 4px; font-size: 13px; font-weight: 600; }
.checks table { border-collapse: collapse; margin-top: 8px; }
.checks th, .checks td { padding: 3px 12px 3px 0; text-align: left; vertical-align: top; font-weight: 400; }
.checks th { color: var(--rondo-muted); white-space: nowrap; }
.checks td:last-child { overflow-wrap: anywhere; }
.checks ul { margin: 0; padding-left: 18px; } .checks li { overflow-wrap: anywhere; }
@media (max-width: 520px) {
  .checks tr { display: grid; grid-template-columns: max-content 1fr; padding: 4px 0; }
  .checks td:last-child { grid-column: 1 / -1; }
}
"""


def draw() -> tuple[Any, gr.Button]:
    """Draw the lines and the button; the page wires them."""
    lines = markup(LINES, LINES_CSS, elem_id="checks")
    with gr.Row(elem_classes=["rondo-toolbar", needs(Role.curator)]):
        again = buttons.secondary(N_("Check again"), elem_id="check-again")
    return lines, again


@toasts
def check_again(checkpoint_id: int | None, request: gr.Request) -> dict[str, Any]:
    """Check a model again; what an endpoint can do is tested with a few short requests."""
    if checkpoint_id is None:
        raise InvalidInput("Choose a checkpoint first.")
    here = context(request)
    checks = model_checks.check(here.actor, checkpoint_id)
    notice(
        gettext("Checked: nothing to say.") if checks.worst == "pass" else gettext("Checked: see what is said below.")
    )
    return value(checkpoints.detail(here.actor, checkpoint_id))


def value(detail: CheckpointDetail) -> dict[str, Any]:
    """What the lines show; texts only."""
    return {
        "at": gettext("Checked {when}").format(when=detail.checks.at) if detail.checks.at else "",
        "lines": [
            {
                "name": line.name.replace("_", " "),
                "outcome": gettext(str(line.outcome)),
                "badge": BADGES[line.outcome],
                "text": line.text,
            }
            for line in detail.checks.lines
        ],
        "notes": list(detail.notes),
    }
