"""Arena: two checkpoints' answers to held-out prompts side by side, without their names; people say which is better."""

import itertools
from typing import Any

import gradio as gr

from app.pages.arena import shown, templates
from app.toasts import notice, toasts
from app.widgets import buttons, list_detail
from app.widgets.asked import asked, not_here
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.roles import needs
from backend.errors import InvalidInput, RondoError
from backend.services import checkpoints
from backend.services.arena import opening, results, voting
from backend.services.arena.results import ArenaView
from backend.services.held_out import listing
from backend.services.reviews import preferences
from backend.translations import N_, gettext
from backend.values import JSON, SCORER, Role

TITLE, PATH, MENU = N_("Arena"), "arena", "more"
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}
NO_JUDGE = 0
_drawings = itertools.count(1)


def build() -> None:
    """Lay out the page and wire it."""
    chosen, kept = gr.State(CurrentChoice()), gr.JSON({}, visible="hidden")
    with list_detail.side_by_side(wide_detail=True):
        with list_detail.listed():
            listed = markup(templates.LIST, templates.LIST_CSS, js=templates.LIST_JS, elem_id="arena-list")
            with gr.Accordion(N_("Open an arena"), open=False, elem_classes=needs(Role.curator)):
                with gr.Row():
                    first = gr.Dropdown([], label=N_("One checkpoint"), elem_id="arena-first")
                    second = gr.Dropdown([], label=N_("Another one"), elem_id="arena-second")
                    number = gr.Number(
                        opening.USUAL,
                        label=N_("Matches"),
                        precision=0,
                        minimum=opening.FEWEST,
                        maximum=opening.MOST,
                        info=N_("Held-out prompts, drawn at random; 3 to 200."),
                        elem_id="arena-number",
                    )
                    judge = gr.Dropdown(
                        [], label=N_("Judge"), info=N_("Plays the same matches."), elem_id="arena-judge"
                    )
                with gr.Row(elem_classes="rondo-toolbar"):
                    go = buttons.primary(N_("Open the arena"), elem_id="arena-open")
        with list_detail.detail():
            match = markup(templates.MATCH, templates.MATCH_CSS, js=templates.MATCH_JS, elem_id="arena-match")

    drawn = [match, listed]
    gr.on(None, draw, chosen, [first, second, judge, *drawn], **QUIET)
    acted = match.click(act, chosen, drawn, trigger_mode="multiple", **QUIET)
    acted.failure(None, None, None, js=templates.MATCH_FAILED, api_visibility="private")
    opened = listed.click(choose, chosen, [*drawn, kept], **QUIET)
    opened.success(None, None, None, js=list_detail.INTO_VIEW, api_visibility="private")
    go.click(start, [chosen, first, second, number, judge], [*drawn, kept], trigger_mode="once", **PRIVATE)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(chosen: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw the arena that the address asks for, else the newest with matches to decide."""
    here = context(request)
    arenas = results.list_arenas(here.actor, here.project_id)
    wanted = asked(request, "arena", "arena", {arena.id for arena in arenas})
    open_ones = [arena for arena in arenas if arena.may_decide and arena.decided < arena.matches]
    first = next((arena.id for arena in open_ones or arenas), None)
    wish: JSON = {"arena": wanted.id or (None if wanted.missing else first), "missing": wanted.missing, "skipped": []}
    drawn = _drawn(here, chosen, wish, arenas)
    measured = listing.checkpoints(here.actor, here.project_id)
    sides = [(measurement.checkpoint, measurement.checkpoint_id) for measurement in measured]
    writers = [(row.name, row.id) for row in checkpoints.tree(here.actor, here.project_id) if row.kind != SCORER]
    values = [side[1] for side in sides[:2]] if len(sides) > 1 else [None, None]
    return [
        gr.Dropdown(choices=sides, value=values[0]),
        gr.Dropdown(choices=sides, value=values[1]),
        gr.Dropdown(choices=[(gettext("Nobody"), NO_JUDGE), *writers], value=NO_JUDGE),
        *drawn,
    ]


@toasts
def act(chosen: CurrentChoice, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Keep what a person found of the match that the page shows, skip it, or take the last word back.

    What is refused is said in a notice, and the match that now stands is drawn: the page waits for one.
    """
    here = context(request)
    try:
        return _acted(here, chosen, event._data if isinstance(event._data, dict) else {})
    except RondoError as error:
        notice(error.message)
        arenas = results.list_arenas(here.actor, here.project_id)
        wish = chosen.value
        if wish.get("arena") not in {arena.id for arena in arenas}:
            wish = {"arena": None, "missing": "", "skipped": []}
        return _drawn(here, chosen, wish, arenas)


def _acted(here: Context, chosen: CurrentChoice, event_data: JSON) -> list[Any]:
    wish = chosen.value
    arena_id, token, word = wish.get("arena"), event_data.get("token"), event_data.get("act")
    if arena_id is None or not isinstance(token, str) or not isinstance(word, str):
        raise InvalidInput("No match is shown. Choose an arena from the list.")
    skipped: tuple[str, ...] = tuple(wish["skipped"])
    if word == "undo":
        shown_now = voting.take_back(here.actor, arena_id)
    elif word == "skip":
        skipped = (*(passed_token for passed_token in skipped if passed_token != token), token)
        shown_now = voting.next_match(here.actor, arena_id, skipped=skipped)
    else:
        seconds = event_data.get("seconds")
        took = float(seconds) if isinstance(seconds, int | float) else None
        shown_now = voting.decide(here.actor, arena_id, token, word, seconds=took, skipped=skipped)
    # Of the list the arena that is played changes alone: the results of the others are not worked out at each key.
    view = results.get(here.actor, arena_id)
    row = shown.row(view, is_here=True)
    listed = {"rows": [row if row_before["id"] == arena_id else row_before for row_before in wish["listed"]["rows"]]}
    chosen.put(wish | {"skipped": list(skipped), "listed": listed})
    return [_match(shown.of_match(shown_now, keys_of(here)), view), listed]


@toasts
def choose(chosen: CurrentChoice, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Show another arena, and keep it in the address."""
    wanted = event._data.get("arena") if isinstance(event._data, dict) else None
    if type(wanted) is not int:
        raise InvalidInput("No arena of the list was chosen. Click one.")
    return _opened(context(request), chosen, wanted)


@toasts
def start(
    chosen: CurrentChoice,
    first: int | None,
    second: int | None,
    number: float | None,
    judge: int | None,
    request: gr.Request,
) -> list[Any]:
    """Open an arena."""
    here = context(request)
    if not first or not second or number is None:
        raise InvalidInput("Choose two checkpoints and a number of matches.")
    arena_id = opening.open_arena(
        here.actor, here.project_id, int(first), int(second), number=int(number), judge_id=int(judge) if judge else None
    )
    notice(gettext("Arena {number} is open.").format(number=arena_id))
    return _opened(here, chosen, arena_id)


def keys_of(here: Context) -> dict[str, tuple[str, ...]]:
    """The keys of the desk as this person has them."""
    return preferences.keys_of(here.actor)


def _opened(here: Context, chosen: CurrentChoice, arena_id: int) -> list[Any]:
    arenas = results.list_arenas(here.actor, here.project_id)
    missing = "" if arena_id in {arena.id for arena in arenas} else not_here("arena", arena_id)
    wish: JSON = {"arena": None if missing else arena_id, "missing": missing, "skipped": []}
    return [*_drawn(here, chosen, wish, arenas), {"arena": arena_id}]


def _drawn(here: Context, chosen: CurrentChoice, wish: JSON, arenas: list[ArenaView]) -> list[Any]:
    """The match, or what stands in its place; and the list. The wish is the choice then."""
    arena_id = wish["arena"]
    listed = shown.listed(arenas, arena_id)
    if arena_id is None:
        chosen.put(wish | {"listed": listed})
        return [shown.nothing(wish["missing"], arenas) | {"drawn": next(_drawings)}, listed]
    view = next(arena for arena in arenas if arena.id == arena_id)
    value: JSON = {}
    if view.may_decide:
        skipped = tuple(wish["skipped"])
        value = shown.of_match(voting.next_match(here.actor, arena_id, skipped=skipped), keys_of(here))
    chosen.put(wish | {"listed": listed})
    return [_match(value, view), listed]


def _match(value: JSON, view: ArenaView) -> JSON:
    """The match with the arena's result, where there is nothing left to decide."""
    # Gradio draws no value that equals the one before, and the buttons of a match are disabled until it is drawn again.
    return value | {"arena": view.id, "result": shown.result(view.result), "drawn": next(_drawings)}
