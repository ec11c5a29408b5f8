"""Round: what one round was asked for, what it measured, what became of its texts, who worked on it, what it cost.

What stands first is asked for first: the head and the texts, then the rest. The charts of the texts are put on the page
when the reader comes near them, since what draws them takes the browser longer than all else.
"""

from typing import Any

import gradio as gr

from app.pages.round import figures, templates
from app.pages.round.archive import ArchiveSection
from app.pages.round.archive import shown as shown_archive
from app.pages.round.judge import JudgeSection
from app.pages.round.judge import shown as shown_judge
from app.toasts import toasts
from app.widgets import round_texts, round_work_texts
from app.widgets.asked import AddressId, asked
from app.widgets.context import Context, context
from app.widgets.markup import markup
from backend.errors import NotFound
from backend.services import round_report, rounds
from backend.services.rounds import RoundView
from backend.values import JSON

TITLE, PATH = "Round", "round"
MENU = "more"
"""Each round's links lead here; without a round there is nothing to go to."""
QUIET: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None, "show_progress": "hidden"}
LAST: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
"""What is chosen while an answer is on its way is asked for, too."""


def build() -> None:
    """Lay out the page and wire it."""
    kept = gr.JSON({}, visible="hidden")
    chosen = gr.Dropdown([], label="Round", filterable=False, elem_id="round-chosen")
    opening = markup(templates.OPENING, templates.CSS, elem_id="round-opening")
    judge = JudgeSection()
    charts = gr.State(None)
    flow = markup(templates.FLOW, templates.CSS, js=templates.FLOW_JS, elem_id="round-flow-table")
    sankey = gr.Plot(show_label=False, visible=False, elem_id="round-flow")
    head = markup(templates.SPREAD_HEAD, templates.CSS, elem_id="round-spread-head")
    step = gr.Dropdown([], label="Texts of step", filterable=False, visible=False, elem_id="round-step")
    with gr.Row(equal_height=True):
        scores = gr.Plot(label="Verdict by score", visible=False, elem_id="round-scores")
        lengths = gr.Plot(label="Length in tokens", visible=False, elem_id="round-lengths")
    spread = markup(templates.SPREAD, templates.CSS, elem_id="round-spread")
    work = markup(templates.WORK, templates.CSS, elem_id="round-work")
    archive = ArchiveSection()

    texts = [flow, head, step, spread, charts]
    gr.on(None, draw, None, [chosen, opening, kept], **QUIET)
    texts_drawn = gr.on(None, draw_texts, None, texts, **QUIET)
    judge_drawn = texts_drawn.then(draw_judge, None, judge.outputs, **QUIET)
    judge_drawn.then(None, None, None, js=templates.JUDGE_DRAWN, api_visibility="private")
    texts_drawn.then(draw_work, None, work, **QUIET)
    flow.click(draw_charts, charts, [sankey, scores, lengths], **LAST)
    texts_drawn.then(draw_archive, None, archive.outputs, **QUIET)
    chosen.input(choose, chosen, [opening, kept], **LAST)
    chosen.input(choose_texts, chosen, texts, **LAST)
    chosen.input(choose_work, chosen, work, **LAST)
    chosen.input(choose_judge, chosen, judge.outputs, **LAST)
    chosen.input(choose_archive, chosen, archive.outputs, **LAST)
    judge.wire(chosen, QUIET).success(choose, chosen, [opening, kept], **QUIET)
    for changed in archive.wire(chosen, QUIET):
        changed.success(choose, chosen, [opening, kept], **QUIET)
        changed.success(choose_texts, chosen, texts, **QUIET)
        changed.success(choose_work, chosen, work, **QUIET)
    step.input(choose_step, [chosen, step], texts, **LAST)
    kept.change(None, [kept], None, js=templates.KEEP_IN_ADDRESS, api_visibility="private")


@toasts
def draw(request: gr.Request) -> list[Any]:
    """The rounds to choose from, and the card, the metrics and what was asked for of the one in the address."""
    here = context(request)
    known = rounds.list_rounds(here.actor, here.project_id)
    wish = wanted(request, known)
    names = [(f"Round {round_.number}, {round_.status}", round_.id) for round_ in reversed(known)]
    dropdown = gr.Dropdown(names, value=wish.id, visible=bool(known))
    if wish.id is None:
        # The address stays: who mistyped it may want to mend it.
        return [dropdown, {"missing": wish.missing} if wish.missing else {"is_empty": True}, gr.skip()]
    return [dropdown, *opened(here, wish.id)]


@toasts
def draw_texts(request: gr.Request) -> list[Any]:
    """What became of the texts of the round in the address."""
    here = context(request)
    wish = wanted(request, rounds.list_rounds(here.actor, here.project_id))
    return nothing() if wish.id is None else shown_texts(here, wish.id, None)


@toasts
def draw_charts(drawn: list[Any] | None) -> list[Any]:
    """The charts of the texts that the page shows: the way, scores and lengths."""
    return [gr.Plot(chart, visible=chart is not None) for chart in drawn or [None] * 3]


@toasts
def draw_work(request: gr.Request) -> JSON | None:
    """People, failures, datasets and cost of the round in the address."""
    here = context(request)
    wish = wanted(request, rounds.list_rounds(here.actor, here.project_id))
    return None if wish.id is None else round_work_texts.work(round_report.work(here.actor, wish.id))


@toasts
def draw_judge(request: gr.Request) -> list[Any]:
    """The judge of the round in the address."""
    here = context(request)
    return shown_judge(here, wanted(request, rounds.list_rounds(here.actor, here.project_id)).id)


@toasts
def draw_archive(request: gr.Request) -> list[Any]:
    """Where the rows of the round in the address are."""
    here = context(request)
    return shown_archive(here, wanted(request, rounds.list_rounds(here.actor, here.project_id)).id)


@toasts
def choose_archive(round_id: int | None, request: gr.Request) -> list[Any]:
    """Where those of another round are."""
    return shown_archive(context(request), _known(round_id))


@toasts
def choose_judge(round_id: int | None, request: gr.Request) -> list[Any]:
    """The judge of another round."""
    return shown_judge(context(request), _known(round_id))


@toasts
def choose(round_id: int | None, request: gr.Request) -> list[Any]:
    """Another round."""
    return opened(context(request), _known(round_id))


@toasts
def choose_texts(round_id: int | None, request: gr.Request) -> list[Any]:
    """The texts of another round."""
    return shown_texts(context(request), _known(round_id), None)


@toasts
def choose_work(round_id: int | None, request: gr.Request) -> JSON:
    """The rest of another round."""
    return round_work_texts.work(round_report.work(context(request).actor, _known(round_id)))


@toasts
def choose_step(round_id: int | None, step: int | None, request: gr.Request) -> list[Any]:
    """The texts of another step."""
    return shown_texts(context(request), _known(round_id), step)


def _known(round_id: int | None) -> int:
    if not round_id:
        raise NotFound("There is no round yet. Launch one first.")
    return round_id


def wanted(request: gr.Request, known: list[RoundView]) -> AddressId:
    """The round that the address asks for; where it asks for none, the newest."""
    ids = [round_.id for round_ in known]
    wish = asked(request, "round", "round", ids)
    return AddressId(ids[-1]) if wish == AddressId() and ids else wish


def opened(here: Context, round_id: int) -> list[Any]:
    """The first part, and the address that leads to it."""
    return [round_texts.opening(round_report.opening(here.actor, round_id)), {"round": round_id}]


def shown_texts(here: Context, round_id: int, step: int | None) -> list[Any]:
    """The table of the way, what was looked at, the picker of steps, categories and lists, and the three charts."""
    report = round_report.texts(here.actor, round_id)
    value, spread = round_texts.texts(report, step), round_texts.chosen(report, step)
    steps = [
        (f"{spread.step + 1}. {spread.name}", spread.step)
        for spread in report.spreads.spreads
        if spread.step is not None
    ]
    picker = gr.Dropdown(steps, value=spread.step if spread else None, visible=len(steps) > 1)
    chart = figures.sankey(report.flows.flows)
    scores = figures.scores(spread.scores) if spread and spread.scores else None
    lengths = figures.lengths(spread.lengths) if spread and spread.lengths else None
    return [value, value, picker, value, [chart, scores, lengths]]


def nothing() -> list[Any]:
    """No texts to show."""
    return [None, None, gr.Dropdown(visible=False), None, None]
