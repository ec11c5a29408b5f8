"""Previews: what a few prompts came to in a round's whole recipe, before the round is launched."""

from typing import Any

import gradio as gr

from app.pages.previews import shown, templates
from app.pages.training.templates import REPORT_CSS
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.asked import asked, not_here
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import KEEP_OPEN, markup
from app.widgets.roles import needs
from backend.errors import InvalidInput
from backend.services import previews
from backend.translations import N_, gettext
from backend.values import JSON, Role

TITLE, PATH, MENU = N_("Previews"), "previews", "more"
POLL_SECONDS = 1.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
KEEP_IN_ADDRESS = """(seen) => {
  const address = new URL(window.location.href);
  address.searchParams.set("preview", seen.preview);
  history.replaceState(history.state, "", address);
}"""


def build() -> None:
    """Lay out the page and wire it."""
    chosen, page_state, kept = gr.State(CurrentChoice()), gr.State({}), gr.JSON({}, visible="hidden")
    with gr.Row():
        which = gr.Dropdown([], label=N_("Preview"), elem_id="preview-which", scale=4)
        remove = buttons.stop(
            N_("Delete"), interactive=False, elem_id="preview-delete", elem_classes=needs(Role.curator)
        )
    card = markup(templates.PREVIEW, templates.PREVIEW_CSS, js=KEEP_OPEN, elem_id="preview-card")
    report = markup(templates.ROWS, REPORT_CSS, js=KEEP_OPEN, elem_id="preview-rows", value={})
    timer = gr.Timer(POLL_SECONDS)

    drawn = [card, report, remove, timer, page_state]
    gr.on(None, draw, chosen, [which, *drawn], **QUIET)
    which.input(choose, [chosen, which], [*drawn, kept], **QUIET)
    timer.tick(refresh, [chosen, page_state], drawn, **QUIET)
    remove.click(delete, chosen, [which, *drawn], trigger_mode="once", **PRIVATE)
    kept.change(None, [kept], None, js=KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(chosen: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw the preview that the address asks for, else the newest."""
    here = context(request)
    rows = previews.list_previews(here.actor, here.project_id)
    wanted = asked(request, "preview", "preview", {row.id for row in rows})
    first = wanted.id or (None if wanted.missing else next((row.id for row in rows), None))
    return _drawn(here, chosen, {"preview": first, "missing": wanted.missing}, rows)


@toasts
def choose(chosen: CurrentChoice, which: int | None, request: gr.Request) -> list[Any]:
    """Show another preview, and keep it in the address."""
    here = context(request)
    if type(which) is not int:
        raise InvalidInput("Choose a preview from the list.")
    rows = previews.list_previews(here.actor, here.project_id)
    missing = "" if which in {row.id for row in rows} else not_here("preview", which)
    wish: JSON = {"preview": None if missing else which, "missing": missing}
    return [*_drawn(here, chosen, wish, rows)[1:], {"preview": which}]


@toasts
def refresh(chosen: CurrentChoice, page_state: JSON, request: gr.Request) -> list[Any]:
    """Draw what changed since."""
    wish = chosen.value
    return chosen.unless_over(wish, _changes(context(request), wish, page_state))


@toasts
def delete(chosen: CurrentChoice, request: gr.Request) -> list[Any]:
    """Delete the preview that is shown, and show the newest that is left."""
    here, wanted = context(request), chosen.value.get("preview")
    if wanted is None:
        raise InvalidInput("No preview is shown. Choose one from the list.")
    previews.delete(here.actor, wanted)
    notice(gettext("Preview {number} is deleted, with all that it wrote.").format(number=wanted))
    rows = previews.list_previews(here.actor, here.project_id)
    return _drawn(here, chosen, {"preview": next((row.id for row in rows), None), "missing": ""}, rows)


def _drawn(here: Context, chosen: CurrentChoice, wish: JSON, rows: list[previews.PreviewRow]) -> list[Any]:
    field = gr.Dropdown(choices=[shown.choice(row) for row in rows], value=wish["preview"])
    drawn = _changes(here, wish, {})
    chosen.put(wish)
    return [field, *drawn]


def _changes(here: Context, wish: JSON, page_state: JSON) -> list[Any]:
    """The preview and what its trainer would read, as far as they differ from what is shown."""
    wanted = wish.get("preview")
    view = previews.get(here.actor, wanted) if wanted is not None else None
    now: JSON = {
        "card": shown.preview(view) if view is not None else shown.nothing(wish.get("missing", "")),
        "report": shown.rows(view),
        "is_live": view is not None and not view.is_over,
    }
    if now == page_state:
        return [gr.skip()] * 5
    return [
        now["card"],
        now["report"],
        gr.Button(interactive=view is not None),
        gr.Timer(active=now["is_live"]),
        now,
    ]
