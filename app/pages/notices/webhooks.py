"""The tab of webhooks, for owners: where notices are posted, what came of it, a test, a pause."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from app.pages.notices import templates
from app.pages.notices.words import KINDS
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.times import moment
from backend.errors import InvalidInput, PermissionDenied
from backend.services.access import Actor
from backend.services.notices import hooks
from backend.services.notices.hooks import DeliveryView, WebhookView
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, NoticeKind

POLL_SECONDS = 5.0
LAST = 5
USUAL = ["round_failed", "round_held", "training_failed"]
ACTS: dict[str, tuple[Callable[[Actor, int], Any], str]] = {
    "test": (hooks.test, N_("A worker sends the test within seconds.")),
    "pause": (hooks.pause, N_("The webhook is paused.")),
    "resume": (hooks.resume, N_("The webhook is sent again what is told from now on.")),
    "delete": (hooks.delete, N_("The webhook is deleted.")),
}


def build(tab: gr.Tab, other: gr.Timer) -> gr.Timer:
    """Lay out the tab and wire it; return its timer, of which and the other one only one runs."""
    page_state, timer = gr.State({}), gr.Timer(POLL_SECONDS, active=False)
    refused = problem("webhook-problem")
    listed = markup(templates.HOOKS, templates.HOOKS_CSS, js=templates.HOOKS_JS, elem_id="webhooks-list")
    with gr.Column(elem_classes="rondo-needs-owner"):
        with gr.Row(equal_height=True):
            url = gr.Textbox(label=N_("Address"), placeholder="https://example.org/rondo", elem_id="webhook-url")
            kinds = gr.CheckboxGroup(
                [(title, str(kind)) for kind, title in KINDS.items()],
                value=USUAL,
                label=N_("Of what"),
                elem_id="webhook-kinds",
            )
        add = buttons.secondary(N_("Add webhook"), elem_id="webhook-add")
        secret = gr.Textbox(
            label=N_("Its secret, with which requests are signed"),
            info=N_("Shown this once."),
            visible=False,
            interactive=False,
            buttons=["copy"],
            elem_id="webhook-secret",
        )
    private: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    tab.select(show, None, [listed, page_state, timer, other], show_progress="hidden", **private)
    timer.tick(refresh_hooks, page_state, [listed, page_state], show_progress="hidden", **private)
    listed.click(act_on, None, [listed, page_state, refused], **private)
    add.click(add_hook, [url, kinds], [listed, page_state, url, secret, refused], **private)
    return timer


@toasts
def show(request: gr.Request) -> list[Any]:
    """Draw the list, and from now on what changes in it."""
    value = list_value(context(request))
    return [value, value, gr.Timer(active="rows" in value), gr.Timer(active=False)]


@toasts
def refresh_hooks(page_state: JSON, request: gr.Request) -> list[Any]:
    """Draw the list where it changed."""
    value = list_value(context(request))
    return [gr.skip(), gr.skip()] if value == page_state else [value, value]


@toasts
@refused_beside(2)
def act_on(event: gr.EventData, request: gr.Request) -> list[Any]:
    """Do what the pressed button says."""
    given = event._data if isinstance(event._data, dict) else {}
    act, hook_id = given.get("act"), given.get("id")
    if act not in ACTS or not isinstance(hook_id, int):
        raise InvalidInput("Nothing was chosen. Press a button beside a webhook.")
    here = context(request)
    do, message = ACTS[act]
    do(here.actor, hook_id)
    notice(gettext(message))
    value = list_value(here)
    return [value, value]


@toasts
@refused_beside(4)
def add_hook(url: str, kinds: list[str] | None, request: gr.Request) -> list[Any]:
    """Add a webhook, and show its secret once."""
    here = context(request)
    chosen = [NoticeKind(kind) for kind in kinds or () if kind in [*NoticeKind]]
    _, secret = hooks.add(here.actor, here.project_id, url or "", chosen)
    value = list_value(here)
    return [value, value, "", gr.update(value=secret, visible=True)]


def list_value(here: Context) -> JSON:
    """What the list shows; texts only."""
    try:
        rows = hooks.listing(here.actor, here.project_id)
    except PermissionDenied as error:
        return {"denied": error.message}
    shown = [_row(hook, hooks.sent(here.actor, hook.id)[:LAST]) for hook in rows]
    return {"rows": shown, "none": "" if shown else gettext("No webhook yet.")}


def _row(hook: WebhookView, sent: list[DeliveryView]) -> JSON:
    acts = (
        [("resume", gettext("Resume"))]
        if hook.is_paused
        else [("test", gettext("Send a test")), ("pause", gettext("Pause"))]
    )
    failing = (
        gettext("Nothing has arrived since {when}.").format(when=moment(hook.failing_since))
        if hook.failing_since
        else ""
    )
    return {
        "id": hook.id,
        "url": hook.url,
        "kinds": ", ".join(gettext(KINDS[NoticeKind(kind)]) for kind in hook.kinds),
        "state": gettext("paused") if hook.is_paused else "",
        "said": hook.pause_reason or failing,
        "acts": [{"act": act, "title": title, "of": hook.id} for act, title in [*acts, ("delete", gettext("Delete"))]],
        "sent": [_delivery(delivery) for delivery in sent],
    }


def _delivery(delivery: DeliveryView) -> JSON:
    state, badge = gettext("waits"), ""
    if delivery.sent_at is not None:
        state, badge = gettext("arrived"), "ok"
    elif delivery.next_at is None:
        state, badge = gettext("given up"), "bad"
    elif delivery.attempts:
        tried = ngettext("tried once", "tried {number} times", delivery.attempts)
        state, badge = tried.format(number=delivery.attempts), "warn"
    status = (
        gettext("Status {status}.").format(status=delivery.status) if delivery.sent_at is not None else delivery.error
    )
    return {"state": state, "badge": badge, "text": delivery.text, "at": moment(delivery.at), "status": status}
