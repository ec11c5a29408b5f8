"""The part of the samples page that decides on everything that the filter finds."""

from typing import Any

import gradio as gr

from app.pages.samples.drawing import batch_list, listing, round_of
from app.toasts import toasts
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.sample_filters import read_filters
from backend.errors import InvalidInput
from backend.services.decisions import bulk
from backend.translations import N_, gettext, ngettext
from backend.values import DecisionKind

ACTIONS = {DecisionKind.accept: N_("Accept"), DecisionKind.reject: N_("Reject")}


@toasts
def look_ahead(asked_for: CurrentChoice, action: str, request: gr.Request) -> list[Any]:
    """Count what Apply would do."""
    query = asked_for.value
    ahead = bulk.preview(context(request).actor, round_of(query), read_filters(query), DecisionKind(action))
    text = gettext(
        "{action} {number} samples: {changed} change their verdict, {overridden} of them decided otherwise by people."
    )
    counts = {"number": ahead.count, "changed": ahead.changed_verdicts, "overridden": ahead.overridden_people}
    message = text.format(
        action=gettext(ACTIONS[DecisionKind(action)]), **{name: f"{count:,}" for name, count in counts.items()}
    )
    return [message, ahead.token, gr.Button(interactive=ahead.count > 0)]


@toasts
def do_apply(asked_for: CurrentChoice, action: str, reason: str, token: str, request: gr.Request) -> list[Any]:
    """Do what was previewed."""
    here, query = context(request), asked_for.value
    batch = bulk.apply(
        here.actor, round_of(query), read_filters(query), DecisionKind(action), reason=reason, token=token
    )
    message = ngettext(
        "Done: {number} sample. It can be undone below.",
        "Done: {number} samples. It can be undone below.",
        batch.count,
    ).format(number=f"{batch.count:,}")
    return [*listing(here, asked_for, query), batch_list(here, query), message, "", gr.Button(interactive=False)]


@toasts
def do_undo(asked_for: CurrentChoice, batch_id: str | None, request: gr.Request) -> list[Any]:
    """Take back a bulk action."""
    if not batch_id:
        raise InvalidInput("Choose the bulk action to undo from the list.")
    here, query = context(request), asked_for.value
    count = bulk.undo(here.actor, batch_id)
    message = ngettext("Undone: {number} decision taken back.", "Undone: {number} decisions taken back.", count).format(
        number=f"{count:,}"
    )
    return [*listing(here, asked_for, query), batch_list(here, query), message]


def forget() -> list[Any]:
    """A preview is for the filter it was made with."""
    return ["", gr.Button(interactive=False), ""]
