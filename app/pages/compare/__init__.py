"""Compare: two to four rounds side by side, which of them is best, and the baseline.

Later rounds read as a difference to the baseline.
"""

from itertools import zip_longest
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
from backend.services.held_out import baseline, compared, listing, side_by_side
from backend.services.held_out.compared import MOST_SIDES, ComparedSide
from backend.services.held_out.filtering import HeldOutFilters, ShownPrompts
from backend.services.held_out.side_by_side import SideBySide
from backend.translations import N_, gettext
from backend.values import JSON, Role

TITLE, PATH = N_("Compare"), "compare"
MENU = "more"
"""Its links are on the cards of rounds and checkpoints: it is about two of them, and no step of the loop."""
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
"""What is chosen while an answer is on its way is asked for, too."""
SHOWN, SHOWN_OF_MANY = 5, 2
LABELS = (N_("First"), N_("Second"), N_("Third (optional)"), N_("Fourth (optional)"))
TO_BASELINE, NO_BASELINE = N_("Make the first the baseline"), N_("No baseline")
CHANGES = ((ShownPrompts.newly_wrong, N_("Newly wrong")), (ShownPrompts.newly_right, N_("Newly right")))
NO_ROUND: JSON = {
    "message": N_("No round of this project is done yet, so there is nothing to compare."),
    "target": "./",
    "link": N_("See the loop"),
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
        old = gr.Dropdown([], label=LABELS[0], min_width=200, elem_id="compare-old")
        new = gr.Dropdown([], label=LABELS[1], min_width=200, elem_id="compare-new")
        third = gr.Dropdown([], label=LABELS[2], min_width=160, elem_id="compare-third")
        fourth = gr.Dropdown([], label=LABELS[3], min_width=160, elem_id="compare-fourth")
    with gr.Row(elem_classes=f"rondo-toolbar {needs(Role.curator)}"):
        put = buttons.secondary(TO_BASELINE, elem_id="compare-baseline")
        clear = buttons.secondary(NO_BASELINE, elem_id="compare-no-baseline")
    page = markup(templates.PAGE, templates.CSS, js=templates.PAGE_JS, elem_id="compared")

    chosen: list[Any] = [old, new, third, fourth]
    gr.on(None, draw, None, [*chosen, page, kept], **QUIET)
    gr.on([field.input for field in chosen], show, chosen, [page, kept], **LAST)
    put.click(set_baseline, chosen, [page, kept], **PRIVATE)
    clear.click(no_baseline, chosen, [page, kept], **PRIVATE)
    kept.change(None, [kept], None, js=KEEP_IN_ADDRESS, api_visibility="private")


def first_content(request: gr.Request) -> list[FirstRow]:
    """What the document holds: the two names and the comparison that the address asks for."""
    choices, wanted, shown = asked_for(request)
    names = {key: name for name, key in choices}
    chosen = [names.get(key, "") for key in wanted[:MOST_SIDES]]
    fields = list(zip_longest(map(gettext, LABELS), chosen, fillvalue=gettext("none")))
    page = FirstPart("compared", templates.PAGE, templates.CSS, shown[0])
    return [
        Fields(fields),
        Toolbar(labels=(gettext(TO_BASELINE), gettext(NO_BASELINE)), elem_classes=needs(Role.curator)),
        page,
    ]


@toasts
def draw(request: gr.Request) -> list[Any]:
    """Compare what the address asks for: `?sides=c1,r1,r2`, rounds by id or checkpoints (`c1`), the first of which the
    others are compared with; or two of them, `?old=r1&new=r2`."""
    choices, wanted, shown = asked_for(request)
    keys = [key for _, key in choices]
    fields: list[Any] = []
    for place in range(MOST_SIDES):
        key = wanted[place] if place < len(wanted) else ""
        options = choices if place < 2 else [(gettext("none"), ""), *choices]
        fields.append(gr.Dropdown(choices=options, value=key if key in keys else None if place < 2 else ""))
    return [*fields, *shown]


def asked_for(request: gr.Request) -> tuple[list[tuple[str, str]], list[str], list[Any]]:
    """What there is to choose from, the sides that the address chooses, and what is shown of them with what is kept."""
    here = context(request)
    known = compared.sides(here.actor, here.project_id)
    asked = _asked(request)
    usual = compared.default(here.actor, here.project_id, asked[1] if len(asked) > 1 else "") or ("", "")
    wanted = [wish or other for wish, other in zip_longest(asked, usual, fillvalue="")] if len(asked) < 3 else asked
    choices = [(values.title(side), side.key) for side in known]
    if not any(wanted):
        return choices, wanted, [_no_round(), gr.skip()]
    if wanted[1] in [side.key for side in known] and not wanted[0]:
        return choices, wanted, [{"message": gettext("Choose in the first field what it is compared with.")}, gr.skip()]
    # A second side that is not there has nothing that it started from: it is what is not found.
    first, second, *more = wanted
    return choices, wanted, _shown_or_said(here, [first or second, second or first, *more])


def _no_round() -> JSON:
    return {name: gettext(text) for name, text in NO_ROUND.items()}


def _asked(request: gr.Request) -> list[str]:
    """The sides that the address names, empty texts for none."""
    if sides := str(request.query_params.get("sides", "")).strip():
        return [key.strip() for key in sides.split(",") if key.strip()]
    return [str(request.query_params.get(name, "")).strip() for name in ("old", "new")]


@toasts
def show(old: str | None, new: str | None, third: str | None, fourth: str | None, request: gr.Request) -> list[Any]:
    """Compare others."""
    return _shown_or_said(context(request), _chosen(old, new, third, fourth))


@toasts
def set_baseline(
    old: str | None, new: str | None, third: str | None, fourth: str | None, request: gr.Request
) -> list[Any]:
    """Let later rounds read as a difference to the first."""
    here, keys = context(request), _chosen(old, new, third, fourth)
    side = _side(here, keys[0])
    if side.round_id is not None:
        baseline.put(here.actor, here.project_id, round_id=side.round_id)
    else:
        baseline.put(here.actor, here.project_id, checkpoint_id=side.checkpoint_id)
    notice(gettext("{name} is the baseline: later rounds read as a difference to it.").format(name=side.name))
    return _shown_or_said(here, keys)


@toasts
def no_baseline(
    old: str | None, new: str | None, third: str | None, fourth: str | None, request: gr.Request
) -> list[Any]:
    """Let rounds read as they are."""
    here, keys = context(request), _chosen(old, new, third, fourth)
    baseline.put(here.actor, here.project_id)
    return _shown_or_said(here, keys)


def _chosen(old: str | None, new: str | None, *more: str | None) -> list[str]:
    if not old or not new:
        raise InvalidInput("Choose what is compared in the first two fields.")
    return [old, new, *(key for key in more if key)]


def _side(here: Context, key: str) -> ComparedSide:
    chosen = next((side for side in compared.sides(here.actor, here.project_id) if side.key == key), None)
    if chosen is None:
        raise NotFound("What was chosen is no round of this project any more. Reload the page.")
    return chosen


def _shown_or_said(here: Context, keys: list[str]) -> list[Any]:
    """The comparison, or why there is none; then the address stays, which somebody may want to mend."""
    try:
        compared_now = side_by_side.compare_all(here.actor, here.project_id, keys)
    except (NotFound, InvalidInput) as error:
        return [{"message": error.message}, gr.skip()]
    base = baseline.get(here.actor, here.project_id)
    shown = values.value(compared_now, base, _changed(here, compared_now))
    return [shown, {"address": f"sides={','.join(keys)}"}]


def _changed(here: Context, compared_now: SideBySide) -> list[values.Changed]:
    """The first prompts of what changed between the first checkpoint and each other."""
    listed: list[values.Changed] = []
    limit = SHOWN if len(compared_now.pairs) == 1 else SHOWN_OF_MANY
    for pair in compared_now.pairs:
        ids = [side.checkpoint_id for side in (pair.old, pair.new) if side.checkpoint_id is not None]
        if not pair.common or len(ids) < 2:
            continue
        for kind, words in CHANGES:
            page = listing.page(here.actor, here.project_id, ids, HeldOutFilters(kind), limit=limit)
            listed.append((pair, str(kind), gettext(words), page))
    return listed
