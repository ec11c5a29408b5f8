"""Compare: two rounds side by side, and the baseline that later rounds read as a difference to."""

from typing import Any

import gradio as gr

from app.pages.compare import templates, values
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.context import Context, context
from app.widgets.first import Fields, FirstPart, FirstRow, Toolbar
from app.widgets.markup import markup
from app.widgets.roles import needs
from backend.errors import InvalidInput, NotFound
from backend.services.held_out import baseline, compared, listing
from backend.services.held_out.compared import Compared, ComparedSide
from backend.services.held_out.filtering import HeldOutFilters, Show
from backend.services.held_out.listing import HeldOutPage
from backend.values import JSON, Role

TITLE, PATH = "Compare", "compare"
MENU = "more"
"""Its links are on the cards of rounds and checkpoints: it is about two of them, and no step of the loop."""
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
"""What is chosen while an answer is on its way is asked for, too."""
SHOWN = 5
TO_BASELINE, NO_BASELINE = "Make the first the baseline", "No baseline"
CHANGES = ((Show.newly_wrong, "Newly wrong"), (Show.newly_right, "Newly right"))
NO_ROUND: JSON = {
    "message": "No round of this project is done yet, so there is nothing to compare.",
    "target": "./",
    "link": "See the loop",
}
KEEP_IN_ADDRESS = """(kept) => {
  const address = new URL(window.location.href);
  if (kept.address) address.search = kept.address;
  history.replaceState(history.state, "", address);
}"""


def build() -> None:
    """Lay out the page and wire it."""
    kept = gr.JSON({}, visible="hidden")
    with gr.Row(equal_height=True):
        old = gr.Dropdown([], label="First", min_width=200, elem_id="compare-old")
        new = gr.Dropdown([], label="Second", min_width=200, elem_id="compare-new")
    with gr.Row(elem_classes=f"rondo-toolbar {needs(Role.curator)}"):
        put = buttons.secondary(TO_BASELINE, elem_id="compare-baseline")
        clear = buttons.secondary(NO_BASELINE, elem_id="compare-no-baseline")
    page = markup(templates.PAGE, templates.CSS, elem_id="compared")

    gr.on(None, draw, None, [old, new, page, kept], **QUIET)
    gr.on([old.input, new.input], show, [old, new], [page, kept], **LAST)
    put.click(set_baseline, [old, new], [page, kept], **PRIVATE)
    clear.click(no_baseline, [old, new], [page, kept], **PRIVATE)
    kept.change(None, [kept], None, js=KEEP_IN_ADDRESS, api_visibility="private")


def first_content(request: gr.Request) -> list[FirstRow]:
    """What the document holds: the two names and the comparison that the address asks for."""
    choices, pair, shown = asked_for(request)
    names = {key: name for name, key in choices}
    fields = [(label, names.get(key, "")) for label, key in zip(("First", "Second"), pair, strict=True)]
    page = FirstPart("compared", templates.PAGE, templates.CSS, shown[0])
    return [Fields(fields), Toolbar(labels=(TO_BASELINE, NO_BASELINE), elem_classes=needs(Role.curator)), page]


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Compare what the address asks for: `?old=r1&new=r2`, rounds by id or checkpoints (`c1`)."""
    choices, pair, shown = asked_for(request)
    keys = [key for _, key in choices]
    return [*(gr.Dropdown(choices=choices, value=key if key in keys else None) for key in pair), *shown]


def asked_for(request: gr.Request) -> tuple[list[tuple[str, str]], list[str], list[Any]]:
    """What there is to choose from, what the address chooses, and what is shown of it with the address to keep."""
    here = context(request)
    known = compared.sides(here.actor, here.project_id)
    asked = [str(request.query_params.get(name, "")).strip() for name in ("old", "new")]
    usual = compared.default(here.actor, here.project_id, asked[1]) or ("", "")
    pair = [wanted or other for wanted, other in zip(asked, usual, strict=True)]
    choices = [(values.title(side), side.key) for side in known]
    if not any(pair):
        return choices, pair, [NO_ROUND, gr.skip()]
    if pair[1] in [side.key for side in known] and not pair[0]:
        return choices, pair, [{"message": "Choose in the first field what it is compared with."}, gr.skip()]
    # A second side that is not there has nothing that it started from: it is what is not found.
    return choices, pair, _shown_or_said(here, pair[0] or pair[1], pair[1] or pair[0])


@toasts
def show(old: str | None, new: str | None, request: gr.Request) -> list[Any]:
    """Compare two others."""
    return _shown_or_said(context(request), *_both(old, new))


@toasts
def set_baseline(old: str | None, new: str | None, request: gr.Request) -> list[Any]:
    """Let later rounds read as a difference to the first."""
    here, first = context(request), _both(old, new)[0]
    side = _side(here, first)
    if side.round_id is not None:
        baseline.put(here.actor, here.project_id, round_id=side.round_id)
    else:
        baseline.put(here.actor, here.project_id, checkpoint_id=side.checkpoint_id)
    notice(f"{side.name} is the baseline: later rounds read as a difference to it.")
    return _shown_or_said(here, *_both(old, new))


@toasts
def no_baseline(old: str | None, new: str | None, request: gr.Request) -> list[Any]:
    """Let rounds read as they are."""
    here = context(request)
    baseline.put(here.actor, here.project_id)
    return _shown_or_said(here, *_both(old, new))


def _both(old: str | None, new: str | None) -> tuple[str, str]:
    if not old or not new:
        raise InvalidInput("Choose what is compared in both fields.")
    return old, new


def _side(here: Context, key: str) -> ComparedSide:
    chosen = next((side for side in compared.sides(here.actor, here.project_id) if side.key == key), None)
    if chosen is None:
        raise NotFound("What was chosen is no round of this project any more. Reload the page.")
    return chosen


def _shown_or_said(here: Context, old: str, new: str) -> list[Any]:
    """The comparison, or why there is none; then the address stays, which somebody may want to mend."""
    try:
        compared_now = compared.compare(here.actor, here.project_id, old, new)
    except (NotFound, InvalidInput) as error:
        return [{"message": error.message}, gr.skip()]
    base = baseline.get(here.actor, here.project_id)
    return [values.value(compared_now, base, _changed(here, compared_now)), {"address": f"old={old}&new={new}"}]


def _changed(here: Context, compared: Compared) -> list[tuple[str, str, HeldOutPage]]:
    """The first prompts of what changed between the two checkpoints."""
    ids = [side.checkpoint_id for side in (compared.old, compared.new) if side.checkpoint_id is not None]
    if not compared.common or len(ids) < 2:
        return []
    return [
        (str(kind), words, listing.page(here.actor, here.project_id, ids, HeldOutFilters(kind), limit=SHOWN))
        for kind, words in CHANGES
    ]
