"""Round: what one round was asked for, what it measured, what became of its texts, who worked on it, what it cost.

What stands first is asked for first: the head and the texts, then the rest. The charts of the texts are put on the page
when the reader comes near them, since what draws them takes the browser longer than all else.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from app.pages.round import figures, templates
from app.pages.round.archive import ArchiveSection
from app.pages.round.archive import shown as shown_archive
from app.pages.round.judge import JudgeSection
from app.pages.round.judge import shown as shown_judge
from app.toasts import toasts
from app.widgets import round_choice, round_opening_texts, round_texts, round_work_texts
from app.widgets.asked import AddressId, asked
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context, context
from app.widgets.first import Fields, FirstPart, FirstRow
from app.widgets.markup import markup
from backend.errors import NotFound
from backend.services import round_report, rounds
from backend.services.rounds import RoundView
from backend.translations import N_, gettext
from backend.values import JSON

TITLE, PATH = N_("Round"), "round"
MENU = "more"
"""Each round's links lead here; without a round there is nothing to go to."""
QUIET: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
"""What is chosen while an answer is on its way is asked for, too."""


def build() -> None:
    """Lay out the page and wire it."""
    current, charted, kept = gr.State(CurrentChoice()), gr.State(CurrentChoice()), gr.JSON({}, visible="hidden")
    chosen = gr.Dropdown([], label=N_("Round"), filterable=False, elem_id="round-chosen")
    opening = markup(templates.OPENING, templates.CSS, elem_id="round-opening")
    judge = JudgeSection()
    flow = markup(templates.FLOW, templates.CSS, js=templates.FLOW_JS, elem_id="round-flow-table")
    sankey = gr.Plot(show_label=False, visible=False, elem_id="round-flow")
    head = markup(templates.SPREAD_HEAD, templates.CSS, elem_id="round-spread-head")
    step = gr.Dropdown([], label=N_("Texts of step"), filterable=False, visible=False, elem_id="round-step")
    with gr.Row(equal_height=True):
        scores = gr.Plot(label=N_("Verdict by score"), visible=False, elem_id="round-scores")
        lengths = gr.Plot(label=N_("Length in tokens"), visible=False, elem_id="round-lengths")
    spread = markup(templates.SPREAD, templates.CSS, elem_id="round-spread")
    work = markup(templates.WORK, templates.CSS, elem_id="round-work")
    archive = ArchiveSection()

    texts, charts = [flow, head, step, spread], [sankey, scores, lengths]
    now, of_now = [current, chosen], [current, charted, chosen]
    gr.on(None, draw, None, [chosen, opening, kept], **QUIET)
    texts_drawn = gr.on(None, draw_texts, current, texts, **QUIET)
    judge_drawn = texts_drawn.then(draw_judge, current, judge.outputs, **QUIET)
    judge_drawn.then(None, None, None, js=templates.JUDGE_DRAWN, api_visibility="private")
    texts_drawn.then(draw_work, current, work, **QUIET)
    texts_drawn.then(draw_archive, current, archive.outputs, **QUIET)
    charts_asked = flow.submit(draw_charts, [charted, chosen, step], charts, **LAST)
    charts_asked.failure(None, None, None, js=templates.CHARTS_FAILED, api_visibility="private")
    chosen.input(choose, now, [opening, kept], **LAST)
    chosen.input(choose_texts, of_now, [*texts, *charts], **LAST)
    chosen.input(choose_work, now, work, **LAST)
    chosen.input(choose_judge, now, judge.outputs, **LAST)
    chosen.input(choose_archive, now, archive.outputs, **LAST)
    judge.wire(chosen, QUIET).success(choose, now, [opening, kept], **QUIET)
    for changed in archive.wire(chosen, QUIET):
        changed.success(choose, now, [opening, kept], **QUIET)
        changed.success(choose_texts, of_now, [*texts, *charts], **QUIET)
        changed.success(choose_work, now, work, **QUIET)
    step.input(choose_step, [*of_now, step], [*texts, *charts], **LAST)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


def first_content(request: gr.Request) -> list[FirstRow]:
    """What the document holds: the head of the round in the address, and the way of its texts."""
    here = context(request)
    known = rounds.list_rounds(here.actor, here.project_id)
    wish = wanted(request, known)
    if wish.id is None:
        return []
    opening, _ = opened(here, wish.id)
    texts = round_texts.texts(round_report.texts_opened(here.actor, wish.id), None)
    return [
        Fields([(gettext("Round"), next(name for name, id_ in choices(known) if id_ == wish.id))]),
        FirstPart("round-opening", templates.OPENING, templates.CSS, opening),
        FirstPart("round-flow-table", templates.FLOW, templates.CSS, texts),
    ]


@toasts
def draw(request: gr.Request) -> list[Any]:
    """The rounds to choose from, and the card, the metrics and what was asked for of the one in the address."""
    here = context(request)
    known = rounds.list_rounds(here.actor, here.project_id)
    wish = wanted(request, known)
    dropdown = gr.Dropdown(choices(known), value=wish.id, visible=bool(known))
    if wish.id is None:
        # The address stays: who mistyped it may want to mend it.
        missing = {"missing": wish.missing, "is_in_trash": wish.is_in_trash} if wish.missing else {"is_empty": True}
        return [dropdown, missing, gr.skip()]
    return [dropdown, *opened(here, wish.id)]


@toasts
def draw_texts(current: CurrentChoice, request: gr.Request) -> list[Any]:
    """What became of the texts of the round in the address."""
    return _drawn(current, request, lambda here, id_: nothing() if id_ is None else shown_texts(here, id_, None))


@toasts
def draw_charts(charted: CurrentChoice, round_id: int | None, step: int | None, request: gr.Request) -> list[Any]:
    """The charts of the texts that the page shows: the way, scores and lengths."""
    here, texts_shown = context(request), charted.value
    asked_for = round_id or wanted(request, rounds.list_rounds(here.actor, here.project_id)).id
    # Texts that came meanwhile have charts of their own.
    return charted.unless_over(texts_shown, shown_charts(here, asked_for, step))


@toasts
def draw_work(current: CurrentChoice, request: gr.Request) -> Any:
    """People, failures, datasets and cost of the round in the address."""
    return _drawn(current, request, lambda here, id_: [None if id_ is None else shown_work(here, id_)])[0]


@toasts
def draw_judge(current: CurrentChoice, request: gr.Request) -> list[Any]:
    """The judge of the round in the address."""
    return _drawn(current, request, shown_judge)


@toasts
def draw_archive(current: CurrentChoice, request: gr.Request) -> list[Any]:
    """Where the rows of the round in the address are."""
    return _drawn(current, request, shown_archive)


@toasts
def choose_archive(current: CurrentChoice, round_id: int | None, request: gr.Request) -> list[Any]:
    """Where those of another round are."""
    return _chosen(current, round_id, request, shown_archive)


@toasts
def choose_judge(current: CurrentChoice, round_id: int | None, request: gr.Request) -> list[Any]:
    """The judge of another round."""
    return _chosen(current, round_id, request, shown_judge)


@toasts
def choose(current: CurrentChoice, round_id: int | None, request: gr.Request) -> list[Any]:
    """Another round."""
    return _chosen(current, round_id, request, opened)


@toasts
def choose_texts(
    current: CurrentChoice, charted: CurrentChoice, round_id: int | None, request: gr.Request
) -> list[Any]:
    """The texts of another round; its charts are asked for when they are there."""
    drawn = _chosen(current, round_id, request, lambda here, id_: [*shown_texts(here, id_, None), *no_charts()])
    charted.put({})
    return drawn


@toasts
def choose_work(current: CurrentChoice, round_id: int | None, request: gr.Request) -> Any:
    """The rest of another round."""
    return _chosen(current, round_id, request, lambda here, id_: [shown_work(here, id_)])[0]


@toasts
def choose_step(
    current: CurrentChoice, charted: CurrentChoice, round_id: int | None, step: int | None, request: gr.Request
) -> list[Any]:
    """The texts of another step. The chart of the way is of all of them."""
    charts = [gr.skip(), *no_charts()[1:]]
    drawn = _chosen(current, round_id, request, lambda here, id_: [*shown_texts(here, id_, step), *charts])
    charted.put({})
    return drawn


def _drawn(current: CurrentChoice, request: gr.Request, draw: Callable[[Context, int | None], list[Any]]) -> list[Any]:
    """What is drawn on opening the page, of the address or of what was chosen since; nothing if that came meanwhile."""
    here, wish = context(request), current.value
    round_id = wish.get("round") or wanted(request, rounds.list_rounds(here.actor, here.project_id)).id
    return current.unless_over(wish, draw(here, round_id))


def _chosen(
    current: CurrentChoice, round_id: int | None, request: gr.Request, draw: Callable[[Context, int], list[Any]]
) -> list[Any]:
    """What is drawn of a chosen round, whose parts come each by itself; nothing if another was chosen meanwhile."""
    here, known = context(request), _known(round_id)
    if current.value.get("round") != known:
        current.put({"round": known})
    wish = current.value
    return current.unless_over(wish, draw(here, known))


def _known(round_id: int | None) -> int:
    if not round_id:
        raise NotFound("There is no round yet. Launch one first.")
    return round_id


def wanted(request: gr.Request, known: list[RoundView]) -> AddressId:
    """The round that the address asks for; where it asks for none, the newest."""
    ids = [round_.id for round_ in known]
    wish = asked(request, "round", "round", ids)
    return AddressId(ids[-1]) if wish == AddressId() and ids else wish


def choices(known: list[RoundView]) -> list[tuple[str, int]]:
    """The rounds to choose from, the newest first."""
    return [(round_choice.round_line(round_), round_.id) for round_ in reversed(known)]


def opened(here: Context, round_id: int) -> list[Any]:
    """The first part, and the address that leads to it."""
    return [round_opening_texts.opening(round_report.opening(here.actor, round_id)), {"round": round_id}]


def shown_texts(here: Context, round_id: int, step: int | None) -> list[Any]:
    """The table of the way, what was looked at, the picker of steps, and categories and lists."""
    report = round_report.texts_opened(here.actor, round_id)
    value, spread = round_texts.texts(report, step), round_texts.chosen(report, step)
    steps = [
        (f"{spread.step + 1}. {spread.name}", spread.step)
        for spread in report.spreads.spreads
        if spread.step is not None
    ]
    picker = gr.Dropdown(steps, value=spread.step if spread else None, visible=len(steps) > 1)
    return [value, value, picker, value]


def shown_charts(here: Context, round_id: int | None, step: int | None) -> list[Any]:
    """The charts of a round's way and of the texts of one step; None of what is hidden from the person."""
    if round_id is None:
        return no_charts()
    report = round_report.texts_opened(here.actor, round_id)
    spread = round_texts.chosen(report, step)
    drawn = (
        figures.sankey(report.flows.flows),
        figures.scores(spread.scores) if spread and spread.scores else None,
        figures.lengths(spread.lengths) if spread and spread.lengths else None,
    )
    return [gr.Plot(chart, visible=chart is not None) for chart in drawn]


def shown_work(here: Context, round_id: int) -> JSON:
    """People, failures, datasets and cost."""
    return round_work_texts.work(round_report.work(here.actor, round_id))


def nothing() -> list[Any]:
    """No texts to show."""
    return [None, None, gr.Dropdown(visible=False), None]


def no_charts() -> list[Any]:
    """What takes the charts from the page until those of other texts are there."""
    return [gr.Plot(visible=False)] * 3
