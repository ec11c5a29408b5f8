"""Notices: what one was told, marked as read, and where one wants to be told of what."""

from typing import Any

import gradio as gr

from app.addresses import page_path
from app.pages.notices import templates, webhooks
from app.pages.notices.words import KINDS
from app.toasts import notice, toasts
from app.widgets import buttons, filter_line
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.times import moment
from backend.errors import InvalidInput
from backend.services import notices
from backend.services.notices import NoticeView
from backend.translations import N_, gettext
from backend.values import JSON, Channel, NoticeKind

TITLE, PATH, MENU = N_("Notices"), "notices", "person"
POLL_SECONDS = 20.0
BADGES = {
    NoticeKind.round_done: "ok",
    NoticeKind.training_done: "ok",
    NoticeKind.round_failed: "bad",
    NoticeKind.training_failed: "bad",
    NoticeKind.round_held: "warn",
    NoticeKind.round_review: "accent",
}
CHANNELS = [(N_("Page"), "page"), (N_("Browser"), "browser"), (N_("Mail"), "mail")]
NO_MAIL = N_("This installation sends no mail. Whoever runs it can set that up.")
WITH_MAIL = N_("Mail goes to this address.")
COUNTED = "() => { window.dispatchEvent(new Event('rondo-notices')); }"


def build() -> None:
    """Lay out the page and wire it."""
    place, page_state = gr.State({"before": [], "next": None}), gr.State({})
    timer = gr.Timer(POLL_SECONDS)
    with gr.Tab(N_("Inbox")) as inbox:
        with filter_line.line():
            shown = gr.Dropdown(
                [(N_("All"), "all"), (N_("Unread"), "unread")], value="all", label=N_("Shown"), filterable=False
            )
        with gr.Row(elem_classes="rondo-toolbar"):
            newer = buttons.secondary(N_("Newer"), interactive=False, elem_id="notices-newer")
            older = buttons.secondary(N_("Older"), interactive=False, elem_id="notices-older")
            every = buttons.secondary(N_("Mark all read"), elem_id="notices-read")
        refused = problem("notices-problem")
        listed = markup(templates.LIST, templates.LIST_CSS, js=templates.LIST_JS, elem_id="notices-list")
        with gr.Accordion(N_("What to be notified of, and where"), open=False, elem_id="notices-channels"):
            markup(templates.ALLOW, templates.ALLOW_CSS, value={}, elem_id="notices-allow")
            with gr.Row(elem_classes="rondo-knobs"):
                fields = [
                    gr.CheckboxGroup(CHANNELS, label=title, elem_id=f"told-{kind.replace('_', '-')}")
                    for kind, title in KINDS.items()
                ]
            address = gr.Textbox(label=N_("Mail address"), max_length=notices.MOST_MAIL, elem_id="notices-mail")
            save = buttons.secondary(N_("Save address"), elem_id="notices-mail-save")
            refused_mail = problem("notices-mail-problem")
    with gr.Tab(N_("Webhooks")) as hooks_tab:
        hooks_timer = webhooks.build(hooks_tab, timer)

    drawn = [listed, newer, older, place, page_state]
    private: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
    quiet = private | {"show_progress": "hidden"}
    gr.on(None, draw, None, [*drawn, address, *fields], **quiet)
    shown.input(narrow, shown, drawn, **private)
    older.click(to_older, [shown, place], drawn, **private)
    newer.click(to_newer, [shown, place], drawn, **private)
    timer.tick(refresh, [shown, place, page_state], drawn, **quiet)
    inbox.select(to_told, None, [timer, hooks_timer], **quiet)
    every.click(read_all, shown, drawn, **private).success(None, js=COUNTED)
    listed.click(read, [shown, place], [*drawn, refused], **private).success(None, js=COUNTED)
    gr.on([field.input for field in fields], choose, fields, None, **quiet)
    gr.on([save.click, address.submit], save_address, address, [address, refused_mail], **private)


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Show the newest, and what the person chose."""
    here = context(request)
    chosen = notices.choices(here.actor)
    info = gettext(WITH_MAIL) if notices.sends_mail() else gettext(NO_MAIL)
    address = gr.Textbox(value=notices.mail_address(here.actor), info=info)
    return [*_page(here, "all", []), address, *([str(channel) for channel in chosen[kind]] for kind in KINDS)]


@toasts
def narrow(shown: str, request: gr.Request) -> list[Any]:
    """Show the newest, all or unread ones."""
    return _page(context(request), shown, [])


@toasts
def to_older(shown: str, place: JSON, request: gr.Request) -> list[Any]:
    """Show the page after this one."""
    return _page(context(request), shown, [*place["before"], place["next"]])


@toasts
def to_newer(shown: str, place: JSON, request: gr.Request) -> list[Any]:
    """Show the page before this one."""
    return _page(context(request), shown, place["before"][:-1])


@toasts
def refresh(shown: str, place: JSON, page_state: JSON, request: gr.Request) -> list[Any]:
    """Draw the same page where it changed."""
    drawn = _page(context(request), shown, place["before"])
    return [gr.skip()] * len(drawn) if drawn[0] == page_state else drawn


@toasts
def to_told(request: gr.Request) -> list[Any]:
    """From now on ask for what changes in the notices, and no more for what changes in the webhooks."""
    context(request)
    return [gr.Timer(active=True), gr.Timer(active=False)]


@toasts
def read_all(shown: str, request: gr.Request) -> list[Any]:
    """Mark all read."""
    here = context(request)
    number = notices.mark_all_read(here.actor)
    notice(
        gettext("{number} marked read.").format(number=f"{number:,}") if number else gettext("All were read before.")
    )
    return _page(here, shown, [])


@toasts
@refused_beside(5)
def read(shown: str, place: JSON, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Mark the notice of the pressed button read."""
    given = event._data if isinstance(event._data, dict) else {}
    if not isinstance(given.get("id"), int):
        raise InvalidInput("Nothing was chosen. Press a button beside a notice.")
    here = context(request)
    notices.mark_read(here.actor, given["id"])
    return _page(here, shown, place["before"])


@toasts
def choose(request: gr.Request, *values: list[str] | None) -> None:
    """Keep where the person wants to be told of what."""
    here = context(request)
    chosen = {
        kind: [channel for channel in Channel if channel in (given or [])]
        for kind, given in zip(KINDS, values, strict=True)
    }
    notices.choose(here.actor, chosen)


@toasts
@refused_beside(1)
def save_address(address: str, request: gr.Request) -> list[Any]:
    """Keep where the person's mail goes."""
    kept = notices.set_mail_address(context(request).actor, address or "")
    notice(gettext("Mail goes to {kept} now.").format(kept=kept) if kept else gettext("You get no mail now."))
    return [kept]


def _page(here: Context, shown: str, before: list[int]) -> list[Any]:
    """The page that the last of these cursors leads to, and the place where it stands."""
    notice_page = notices.listing(here.actor, unread=shown == "unread", before=before[-1] if before else None)
    none = gettext("No unread notices.") if shown == "unread" else gettext("No notices yet.")
    value = {"rows": [row_value(entry) for entry in notice_page.entries], "none": none}
    turns = [gr.Button(interactive=bool(before)), gr.Button(interactive=notice_page.next is not None)]
    return [value, *turns, {"before": before, "next": notice_page.next}, value]


def row_value(view: NoticeView) -> JSON:
    """One notice as the list shows it."""
    return {
        "id": view.id,
        "text": view.text,
        "link": page_path(view.slug, view.path),
        "kind": gettext(KINDS[view.kind]),
        "badge": BADGES.get(view.kind, ""),
        "project": view.project,
        "at": moment(view.at),
        "is_unread": not view.is_read,
        "state": "" if view.is_read else "unread",
    }
