"""Judge bench: any number of judges on the same samples, side by side: agreement with people, errors, cost."""

import hashlib
import json
from typing import Any

import gradio as gr

from app.pages.judge_bench import adding, opened, shown, sources, templates
from app.pages.judge_bench.adding import FormState
from app.toasts import notice, toasts
from app.widgets import buttons, judge_template
from app.widgets.asked import asked, not_here
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.markup import KEEP_OPEN, markup
from app.widgets.roles import needs
from app.widgets.sample_filters import read_filters
from backend.errors import InvalidInput, PermissionDenied, RondoError
from backend.services import checkpoints
from backend.services.judge_bench import disagreements, opening, results
from backend.services.judge_bench.disagreements import Against
from backend.services.judge_bench.results import BenchLine
from backend.translations import N_, gettext
from backend.values import JSON, SCORER, Role

TITLE, PATH, MENU = N_("Judge bench"), "judge-bench", "more"
POLL_SECONDS = 2.0
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}


def build() -> None:
    """Lay out the page and wire it."""
    chosen, page_state, kept = gr.State(CurrentChoice()), gr.State(""), gr.JSON({}, visible="hidden")
    draft, versions, added, query = gr.State({}), gr.State([]), gr.State([]), gr.State({})
    too_few = gr.State({})
    result = markup(
        templates.RESULT, templates.RESULT_CSS, js=f"{KEEP_OPEN}{templates.RESULT_JS}", elem_id="judge-bench"
    )
    detail = markup(templates.DISAGREEMENTS, templates.DISAGREEMENTS_CSS, elem_id="bench-disagreements")
    listed = markup(templates.LIST, templates.LIST_CSS, js=templates.LIST_JS, elem_id="bench-list")
    with gr.Accordion(
        N_("Open a bench"), open=False, elem_classes=needs(Role.curator), elem_id="bench-opening"
    ) as form:
        with gr.Row():
            source = gr.Dropdown([], label=N_("Samples"), scale=3, elem_id="bench-source")
            number = gr.Number(
                opening.USUAL,
                label=N_("How many"),
                precision=0,
                minimum=opening.FEWEST,
                maximum=opening.MOST,
                info=N_("Drawn among the labelled ones."),
                elem_id="bench-number",
            )
            seed = gr.Number(
                0,
                label=N_("Seed"),
                precision=0,
                minimum=0,
                info=N_("Another one draws other samples."),
                elem_id="bench-seed",
            )
        to_try = markup(
            templates.CHOSEN, templates.CHOSEN_CSS, js=templates.CHOSEN_JS, value={"rows": []}, elem_id="bench-judges"
        )
        with gr.Row(elem_classes="rondo-toolbar"):
            go = buttons.primary(N_("Run the bench"), elem_id="bench-open")

        @gr.render(inputs=[draft, versions], triggers=[draft.change], show_progress="hidden")
        def draw_judge(drawn: dict[str, Any], saved: list[Any]) -> None:
            if drawn:
                adding.draw(drawn, saved, FormState(draft, versions, added, to_try))

    timer = gr.Timer(POLL_SECONDS)
    drawn = [result, detail, listed, page_state, timer]
    opening_form = [source, go, too_few, query, draft, versions, added, to_try]
    gr.on(None, draw, chosen, [*drawn, form], **QUIET)
    gr.on(None, draw_form, None, opening_form, **QUIET)
    form.expand(unfold, draft, opening_form, **QUIET)
    source.input(take, [source, too_few], [source, go], **QUIET)
    timer.tick(refresh, [chosen, page_state], [result, listed, page_state, timer], **QUIET)
    listed.click(choose, chosen, [*drawn, kept], **QUIET)
    result.click(act, chosen, drawn, **QUIET)
    to_try.click(remove, added, [added, to_try], **QUIET)
    go.click(start, [chosen, source, number, seed, added, query], [*drawn, kept, form], trigger_mode="once", **PRIVATE)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(chosen: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw the bench that the address asks for, else the newest; `?round=` opens the form on what a filter finds."""
    here = context(request)
    benches = results.list_benches(here.actor, here.project_id, also=asked(request, "bench", "judge bench").id)
    wanted = asked(request, "bench", "judge bench", {bench.id for bench in benches})
    first = next((bench.id for bench in benches), None)
    wants_filter = bool(request.query_params.get("round"))
    wish: JSON = {"bench": wanted.id or (None if wanted.missing else first), "missing": wanted.missing}
    return [*_drawn(here, chosen, wish, benches), gr.Accordion(open=wants_filter or not benches)]


@toasts
def draw_form(request: gr.Request) -> list[Any]:
    """The form, where the page opens with it: counting labels reads all decisions."""
    here = context(request)
    is_open = bool(request.query_params.get("round")) or not results.list_benches(here.actor, here.project_id)
    return _form(here, request) if is_open else [gr.skip()] * 8


@toasts
def unfold(draft: dict[str, Any], request: gr.Request) -> list[Any]:
    """The form when it is opened for the first time."""
    return [gr.skip()] * 8 if draft else _form(context(request), request)


def _form(here: Context, request: gr.Request) -> list[Any]:
    """What a bench can be opened on, and the form of a judge; nothing for those who open none."""
    nothing = [gr.Dropdown(choices=[], value=None), gr.skip(), {}, {}, {}, [], [], {"rows": []}]
    try:
        offered = sources.offered(here, dict(request.query_params))
        writers = [_named(row.name, row.kind, row.id) for row in checkpoints.tree(here.actor, here.project_id)]
        first, added = adding.beginning(here, writers)
        saved = judge_template.choices(here.actor, here.project_id)
    except PermissionDenied:
        return nothing
    try:
        rows = adding.listed(here, added)
    except RondoError as error:
        # What a round ran with may be gone, or not be there on this machine.
        left_out = gettext("The newest round's judge is left out.")
        added, rows = [], {"rows": [], "problem": f"{left_out} {error.message}"}
    first_source = offered.choices[-1 if offered.query else 0][1]
    why = offered.too_few.get(first_source, "")
    source = gr.Dropdown(choices=offered.choices, value=first_source, info=why)
    return [source, gr.Button(interactive=not why), offered.too_few, offered.query, first, saved, added, rows]


@toasts
def take(source: str | None, too_few: dict[str, str]) -> list[Any]:
    """Say under the samples why no bench can be opened on them; then none is."""
    why = too_few.get(source or "", "")
    return [gr.Dropdown(info=why), gr.Button(interactive=not why)]


@toasts
def refresh(chosen: CurrentChoice, page_state: str, request: gr.Request) -> list[Any]:
    """Draw the bench again where it has changed."""
    wish = chosen.value
    if not wish.get("bench"):
        return [gr.skip()] * 4
    here = context(request)
    benches = results.list_benches(here.actor, here.project_id, also=wish["bench"])
    value, listed = _value(here, wish, benches), shown.listed(benches, wish["bench"])
    now = _digest(value, listed)
    changes = [value, listed, now, _timer(benches)]
    return chosen.unless_over(wish, changes if now != page_state else [gr.skip()] * 4)


@toasts
def choose(chosen: CurrentChoice, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Show another bench, and keep it in the address."""
    wanted = event._data.get("bench") if isinstance(event._data, dict) else None
    if type(wanted) is not int:
        raise InvalidInput("No bench of the list was chosen. Click one.")
    return _opened(context(request), chosen, wanted)


@toasts
def act(chosen: CurrentChoice, event: gr.EventData, request: gr.Request) -> list[Any]:
    """Open where a judge disagrees, or ask again what is missing."""
    here, event_data = context(request), event._data if isinstance(event._data, dict) else {}
    wish = chosen.value
    if not wish.get("bench"):
        raise InvalidInput("No bench is shown. Choose one from the list.")
    if event_data.get("act") == "again":
        opening.try_again(here.actor, wish["bench"])
        notice(gettext("The judges are asked again for what is missing."))
        return _drawn(here, chosen, wish | {"judge": None}, _benches(here, wish["bench"]))
    judge, against = event_data.get("judge"), event_data.get("against")
    if type(judge) is not int or against not in list(Against):
        raise InvalidInput("No judge of the bench was chosen. Click a number in its row.")
    is_open = (wish.get("judge"), wish.get("against")) == (judge, against)
    asked_for = {"judge": None, "against": None} if is_open else {"judge": judge, "against": against}
    return _drawn(here, chosen, wish | asked_for, _benches(here, wish["bench"]))


@toasts
def remove(added: list[Any], event: gr.EventData, request: gr.Request) -> list[Any]:
    """Take a judge off the list of those to try."""
    place = event._data.get("place") if isinstance(event._data, dict) else None
    if type(place) is not int or not 0 <= place < len(added):
        raise InvalidInput("No judge of the list was chosen. Click the button beside one.")
    left = [entry for number, entry in enumerate(added) if number != place]
    return [left, adding.listed(context(request), left)]


@toasts
def start(
    chosen: CurrentChoice,
    source: str | None,
    number: float | None,
    seed: float | None,
    added: list[Any],
    query: dict[str, Any],
    request: gr.Request,
) -> list[Any]:
    """Open a bench with the judges of the list."""
    here = context(request)
    if not added:
        raise InvalidInput("No judge is on the list. Choose one below and add it.")
    if not source or number is None:
        raise InvalidInput("Choose the samples, and how many.")
    is_filter = source == sources.FILTER
    if is_filter and not query:
        raise InvalidInput("No filter was brought along. Open Samples, filter there, and follow its link to here.")
    round_id = int(query["round"]) if is_filter else None if source == sources.ALL_ROUNDS else sources.round_of(source)
    bench_id = opening.open_bench(
        here.actor,
        here.project_id,
        adding.to_entries(added),
        number=int(number),
        seed=int(seed or 0),
        round_id=round_id,
        filters=read_filters(query) if is_filter else None,
    )
    return [*_opened(here, chosen, bench_id), gr.Accordion(open=False)]


def _named(name: str, kind: str, id_: int) -> tuple[str, int]:
    return (gettext("{name} (scorer)").format(name=name) if kind == SCORER else name), id_


def _benches(here: Context, bench_id: int) -> list[BenchLine]:
    return results.list_benches(here.actor, here.project_id, also=bench_id)


def _timer(benches: list[BenchLine]) -> gr.Timer:
    """It ticks while a judge is at work."""
    return gr.Timer(active=any(bench.is_running for bench in benches))


def _opened(here: Context, chosen: CurrentChoice, bench_id: int) -> list[Any]:
    benches = _benches(here, bench_id)
    missing = "" if bench_id in {bench.id for bench in benches} else not_here("judge bench", bench_id)
    wish: JSON = {"bench": None if missing else bench_id, "missing": missing}
    return [*_drawn(here, chosen, wish, benches), {"bench": bench_id}]


def _drawn(here: Context, chosen: CurrentChoice, wish: JSON, benches: list[BenchLine]) -> list[Any]:
    """The bench, what is opened of it, the list, and what all this was made of. The wish is the choice then."""
    value, listed = _value(here, wish, benches), shown.listed(benches, wish["bench"])
    detail: JSON = {}
    if wish.get("judge"):
        read = disagreements.read(here.actor, wish["bench"], wish["judge"], against=Against(wish["against"]))
        detail = opened.shown(read)
    chosen.put(wish)
    return [value, detail, listed, _digest(value, listed), _timer(benches)]


def _value(here: Context, wish: JSON, benches: list[BenchLine]) -> JSON:
    if wish["bench"] is None:
        return shown.empty(wish["missing"], benches)
    try:
        return shown.bench(results.get(here.actor, wish["bench"]), wish)
    except PermissionDenied as error:
        return {"message": error.message}


def _digest(*values: JSON) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
