"""Rewrites: a judge's template rewritten by a model from people's labels, and what it is worth on unseen ones."""

from typing import Any

import gradio as gr

from app.pages.rewrites import shown, templates
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.asked import asked, asked_judged, not_here
from app.widgets.beside import problem, refused_beside
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import KEEP_OPEN, markup
from app.widgets.roles import only
from app.widgets.round_choice import round_line
from backend.errors import InvalidInput, PermissionDenied, RondoError
from backend.services import checkpoints, rewrites, rounds
from backend.services.rewrites.shapes import Offer, RewriteRow
from backend.translations import N_, gettext
from backend.values import JSON, SCORER, Role, Stage

TITLE, PATH, MENU = N_("Rewrites"), "rewrites", "more"
POLL_SECONDS = 2.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}


def build() -> None:
    """Lay out the page and wire it."""
    chosen, page_state, kept = gr.State(CurrentChoice()), gr.State({}), gr.JSON({}, visible="hidden")
    with only(Role.curator, N_("Rewriting a template")):
        with gr.Row():
            round_ = gr.Dropdown(
                [],
                label=N_("Round"),
                info=N_("Whose judge's template is rewritten. Labels of the rounds above count, too."),
                elem_id="rewrite-round",
            )
            reflector = gr.Dropdown(
                [],
                label=N_("Reflecting model"),
                info=N_("Writes the templates: the more able, the better."),
                elem_id="rewrite-reflector",
            )
            number = gr.Number(
                rewrites.USUAL,
                label=N_("Templates"),
                info=N_("How many are written at most."),
                precision=0,
                minimum=1,
                maximum=rewrites.MOST,
                elem_id="rewrite-number",
            )
        with gr.Row(elem_classes="rondo-toolbar"):
            offer = markup(templates.OFFER, templates.OFFER_CSS, elem_id="rewrite-offer", value={})
            go = buttons.primary(N_("Rewrite"), elem_id="rewrite-start")
        refused = problem("rewrite-problem")
        which = gr.Dropdown([], label=N_("Rewrites"), elem_id="rewrite-which")
        card = markup(templates.CARD, templates.CARD_CSS, js=KEEP_OPEN, elem_id="rewrite-card")
    timer = gr.Timer(POLL_SECONDS)

    drawn = [card, timer, page_state]
    gr.on(None, draw, chosen, [round_, reflector, offer, go, which, *drawn], **QUIET)
    gr.on([round_.input, number.input], estimate, [round_, number], [offer, go], **LAST)
    go.click(start, [chosen, round_, reflector, number], [which, *drawn, kept, refused], trigger_mode="once", **PRIVATE)
    which.input(choose, [chosen, which], [*drawn, kept], **QUIET)
    timer.tick(refresh, [chosen, page_state], drawn, **QUIET)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(chosen: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw what there is to choose from, and the rewrite that the address asks for, else the newest."""
    here = context(request)
    try:
        rows = rewrites.list_rewrites(here.actor, here.project_id)
    except PermissionDenied:
        return [gr.skip()] * 8  # the page says who may
    every = rounds.list_rounds(here.actor, here.project_id)
    known = [round_ for round_ in reversed(every) if round_.stage is not Stage.generate]
    of_round = asked_judged(request, every)
    # Where the address asks for a round that cannot be had, none stands in its place.
    first = of_round.id or (None if of_round.missing else next((round_.id for round_ in known), None))
    writers = [(row.name, row.id) for row in checkpoints.tree(here.actor, here.project_id) if row.kind != SCORER]
    wanted = asked(request, "rewrite", "rewrite", {row.id for row in rows})
    newest = None if wanted.missing else next((row.id for row in rows), None)
    wish: JSON = {"rewrite": wanted.id or newest, "missing": wanted.missing}
    return [
        gr.Dropdown(choices=[(round_line(round_), round_.id) for round_ in known], value=first),
        gr.Dropdown(choices=writers, value=next((id_ for _, id_ in writers), None)),
        *_offered(here, first, rewrites.USUAL, missing=of_round.missing),
        *_drawn(here, chosen, wish, rows),
    ]


@toasts
def estimate(round_id: int | None, number: float | None, request: gr.Request) -> list[Any]:
    """Say what a rewrite would take; where none can be had, none is started."""
    return _offered(context(request), round_id, int(number or 0))


@toasts
@refused_beside(5)
def start(
    chosen: CurrentChoice, round_id: int | None, reflector: int | None, number: float | None, request: gr.Request
) -> list[Any]:
    """Start a rewrite, and show it."""
    here = context(request)
    if type(round_id) is not int or type(reflector) is not int:
        raise InvalidInput("Choose a round and the model that writes the templates.")
    rewrite_id = rewrites.start(here.actor, round_id, reflector, rewrites=int(number or 0))
    notice(gettext("Rewrite {number} is queued.").format(number=rewrite_id))
    rows = rewrites.list_rewrites(here.actor, here.project_id)
    return [*_drawn(here, chosen, {"rewrite": rewrite_id, "missing": ""}, rows), {"rewrite": rewrite_id}]


@toasts
def choose(chosen: CurrentChoice, which: int | None, request: gr.Request) -> list[Any]:
    """Show another rewrite, and keep it in the address."""
    here = context(request)
    if type(which) is not int:
        raise InvalidInput("Choose a rewrite from the list.")
    rows = rewrites.list_rewrites(here.actor, here.project_id)
    missing = "" if which in {row.id for row in rows} else not_here("rewrite", which)
    wish: JSON = {"rewrite": None if missing else which, "missing": missing}
    return [*_drawn(here, chosen, wish, rows)[1:], {"rewrite": which}]


@toasts
def refresh(chosen: CurrentChoice, page_state: JSON, request: gr.Request) -> list[Any]:
    """Draw what changed since."""
    wish = chosen.value
    return chosen.unless_over(wish, _changes(context(request), wish, page_state))


def _offered(here: Context, round_id: int | None, number: int, *, missing: str = "") -> list[Any]:
    """What a rewrite would take, or why there is none: said where the figures stand, since one may still choose; and
    the button, live where there is one.

    `missing`: why the round that the address asks for is not chosen.
    """
    offered: Offer | None = None
    problem = missing or gettext("No judged round is chosen. Choose one, or launch one with a review.")
    if round_id is not None:
        try:
            offered = rewrites.offer(here.actor, round_id, rewrites=number)
        except RondoError as error:
            problem = error.message
    is_possible = offered is not None and not offered.why_not
    return [shown.offer(offered, problem), gr.Button(interactive=is_possible)]


def _drawn(here: Context, chosen: CurrentChoice, wish: JSON, rows: list[RewriteRow]) -> list[Any]:
    field = gr.Dropdown(choices=[shown.choice(row) for row in rows], value=wish["rewrite"])
    drawn = _changes(here, wish, {})
    chosen.put(wish)
    return [field, *drawn]


def _changes(here: Context, wish: JSON, page_state: JSON) -> list[Any]:
    """The rewrite, as far as it differs from what is shown."""
    wanted = wish.get("rewrite")
    view = rewrites.get(here.actor, wanted) if wanted is not None else None
    now: JSON = {
        "card": shown.rewrite(view) if view is not None else shown.nothing(wish.get("missing", "")),
        "is_live": view is not None and not view.is_over,
    }
    if now == page_state:
        return [gr.skip()] * 3
    return [now["card"], gr.Timer(active=now["is_live"]), now]
