"""Team page: what is asked of each person, by share or quota, and who is paused."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from app.pages.team import templates
from app.toasts import notice, toasts
from app.widgets import buttons, list_detail, times
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.form_fields import touched
from app.widgets.formats import in_percent
from app.widgets.markup import markup
from app.widgets.number import Number
from app.widgets.plain_table import plain_table, rows_of
from app.widgets.round_choice import known, needed
from backend.errors import InvalidInput
from backend.services.people import accounts
from backend.services.queue import pauses, shares
from backend.services.queue.shares import Ask, Asked
from backend.services.team import removals
from backend.translations import N_, gettext, ngettext
from backend.values import Role

COLUMNS = [N_("Person"), N_("Asked for"), N_("Done"), N_("Still left"), N_("State")]
HELP = N_(
    "A share is dealt out at once: these items are in the person's queue and in nobody else's, and come back when they "
    "leave the project. A quota ends their queue after so many items. Who gets too few gold items right is paused, by "
    "pause_below and pause_items under Review settings."
)
FIELDS = {
    "people": "shares-people",
    "Name 1 to": "shares-people",
    "share": "shares-share",
    "A share": "shares-share",
    "quota": "shares-quota",
    "A quota": "shares-quota",
    "reason": "shares-reason",
}
"""The fields by what a refusal calls them."""
NONE = N_("Nothing in particular is asked of anybody: every item goes to whoever comes first.")


def build(chosen: gr.Dropdown, tab: gr.Tab, private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    markup(templates.NOTE, templates.NOTE_CSS, value=[HELP])
    with list_detail.side_by_side():
        with list_detail.listed():
            table = plain_table("shares-table")
        with list_detail.detail():
            people = gr.Dropdown(
                [], value=[], multiselect=True, label=N_("People"), filterable=False, elem_id="shares-people"
            )
            with gr.Row(equal_height=True):
                share = Number(None, label=N_("Share of each, in %"), elem_id="shares-share")
                quota = Number(None, label=N_("Or at most so many items"), precision=0, elem_id="shares-quota")
            with gr.Row(elem_classes="rondo-toolbar"):
                ask = buttons.primary(N_("Ask these people"), elem_id="shares-ask")
                nothing = buttons.secondary(N_("Ask nothing of them"), elem_id="shares-nothing")
            reason = gr.Textbox(
                label=N_("Reason"), info=N_("To pause or to let go on; others read it."), elem_id="shares-reason"
            )
            with gr.Row(elem_classes="rondo-toolbar"):
                resume = buttons.secondary(N_("Let go on"), elem_id="shares-resume")
                aside = buttons.secondary(N_("Set their decisions aside"), elem_id="shares-aside")
                pause = buttons.stop(N_("Pause"), elem_id="shares-pause")
            refused = problem("shares-problem")

    tab.select(show, chosen, [people, table, share, quota, reason, refused], **private)
    chosen.input(show, chosen, [people, table, share, quota, reason, refused], **private)
    gr.on(touched(people), fill, [chosen, people, share, quota], [share, quota], **private)
    ask.click(ask_people, [chosen, people, share, quota], [table, refused], **private)
    nothing.click(ask_nothing, [chosen, people], [table, share, quota, refused], **private)
    for button, handler in ((pause, pause_people), (resume, resume_people), (aside, set_aside)):
        button.click(handler, [chosen, people, reason], [table, reason, refused], **private)


@toasts
@refused_beside(5, clears=False)
def show(round_id: int | None, request: gr.Request) -> list[Any]:
    """Fill the tab for the chosen round."""
    here, round_id = context(request), known(round_id, request)
    able = [
        (person.name, person.user_id)
        for person in accounts.list_people(here.actor, here.project_id)
        if person.role.rank >= Role.reviewer.rank
    ]
    return [gr.update(choices=able, value=[]), _rows(here, round_id), None, None, ""]


@toasts
def fill(
    round_id: int | None, people: list[int] | None, share: float | None, quota: float | None, request: gr.Request
) -> list[Any]:
    """Show what is asked of the chosen people, where that is the same of all of them."""
    listed = [] if round_id is None else shares.listing(context(request).actor, int(round_id))
    by_person = {reviewer.user_id: (reviewer.share, reviewer.quota) for reviewer in listed}
    each = {by_person.get(int(user_id), (None, None)) for user_id in people or ()}
    now = each.pop() if len(each) == 1 else (None, None)
    # What is typed meanwhile stays where there is nothing to change.
    return [gr.skip(), gr.skip()] if now == (share, quota) else list(now)


@toasts
@refused_beside(1, FIELDS)
def ask_people(
    round_id: int | None, people: list[int], share: float | None, quota: float | None, request: gr.Request
) -> list[Any]:
    """Ask the same of all these people; the fields show it from now on."""
    chosen = _chosen(people)
    if share is None and quota is None:
        neither = "Neither a share nor a quota is given. Give one of them, or press “Ask nothing of them”."
        raise InvalidInput(neither, field="share")
    return [_ask(round_id, [Ask(user_id, share, None if quota is None else int(quota)) for user_id in chosen], request)]


@toasts
@refused_beside(3, FIELDS)
def ask_nothing(round_id: int | None, people: list[int], request: gr.Request) -> list[Any]:
    """Ask nothing in particular of these people any more."""
    return [_ask(round_id, [Ask(user_id) for user_id in _chosen(people)], request), None, None]


def _ask(round_id: int | None, asks: list[Ask], request: gr.Request) -> dict[str, Any]:
    """Ask it, say what that did, and return the table of now."""
    here, first = context(request), asks[0]
    asked = shares.ask(here.actor, needed(round_id), asks)
    given, taken = sum(share.given for share in asked), sum(share.taken for share in asked)
    note = gettext("Nothing in particular is asked of them now.")
    if first.share is not None:
        note = ngettext(
            "{number} more item is given to these people.", "{number} more items are given to these people.", given
        ).format(number=f"{given:,}")
    elif first.quota is not None:
        note = gettext("Their queues end at the quota.")
    again = ngettext(
        "{number} item that they have not decided is anybody's again.",
        "{number} items that they have not decided are anybody's again.",
        taken,
    )
    notice(f"{note} {again.format(number=f'{taken:,}')}" if taken else note)
    return _rows(here, round_id)


@toasts
@refused_beside(2, FIELDS)
def pause_people(round_id: int | None, people: list[int], reason: str, request: gr.Request) -> list[Any]:
    """Stop their queues."""
    here, asked = context(request), needed(round_id)
    for user_id in _chosen(people):
        pauses.pause(here.actor, asked, user_id, reason=reason)
    notice(gettext("Their queues are stopped. What they decided is kept."))
    return [_rows(here, asked), ""]


@toasts
@refused_beside(2, FIELDS)
def resume_people(round_id: int | None, people: list[int], reason: str, request: gr.Request) -> list[Any]:
    """Let them go on."""
    here, asked = context(request), needed(round_id)
    for user_id in _chosen(people):
        pauses.resume(here.actor, asked, user_id, reason=reason)
    notice(gettext("They can go on. What they said of gold items so far pauses them no more."))
    return [_rows(here, asked), ""]


@toasts
@refused_beside(2, FIELDS)
def set_aside(round_id: int | None, people: list[int], reason: str, request: gr.Request) -> list[Any]:
    """Take what they decided out of the round, so that others decide on these items."""
    here, asked = context(request), needed(round_id)
    done = [removals.remove(here.actor, asked, user_id, reason=reason) for user_id in _chosen(people)]
    number, is_frozen = sum(removal.decisions for removal in done), any(removal.is_frozen for removal in done)
    what = ngettext(
        "{number} decision is set aside; its item is in the queue again.",
        "{number} decisions are set aside; their items are in the queue again.",
        number,
    )
    if is_frozen:
        what = ngettext(
            "{number} decision is noted as removed; the labels are frozen and stay.",
            "{number} decisions are noted as removed; the labels are frozen and stay.",
            number,
        )
    way_back = gettext("Under Remove work, a curator can take that back.")
    if any(removal.undone_by is Role.admin for removal in done):
        way_back = gettext("Under Remove work, an admin can take that back.")
    notice(f"{what.format(number=f'{number:,}')} {way_back}")
    return [_rows(here, asked), ""]


def _chosen(people: Sequence[int] | None) -> list[int]:
    if not people:
        raise InvalidInput("Nobody is chosen. Choose one or several people.", field="people")
    return [int(user_id) for user_id in people]


def _rows(here: Context, round_id: int | None) -> dict[str, Any]:
    return _table(shares.listing(here.actor, int(round_id)) if round_id is not None else [])


def _table(asked: list[Asked]) -> dict[str, Any]:
    return rows_of(
        [gettext(name) for name in COLUMNS],
        [table_row(share) for share in asked],
        label=gettext("Asked of people"),
        none=gettext(NONE),
    )


def table_row(share: Asked) -> list[str]:
    """One person as the table shows them."""
    asked = "–"
    if share.share is not None:
        text = ngettext("{share}, {number} item", "{share}, {number} items", share.asked)
        asked = text.format(share=in_percent(share.share), number=f"{share.asked:,}")
    elif share.quota is not None:
        text = ngettext("at most {number} item", "at most {number} items", share.quota)
        asked = text.format(number=f"{share.quota:,}")
    state = "" if share.may_decide else gettext("has left; their items are anybody's")
    if share.paused_at is not None:
        state = gettext("paused {when}: {reason}").format(when=times.ago(share.paused_at), reason=share.pause_reason)
    return [share.who, asked, f"{share.done:,}", f"{max(0, share.asked - share.done):,}", state]
