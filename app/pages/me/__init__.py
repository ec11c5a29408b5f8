"""My work: how much one has decided, how fast, how well one agrees, what is left and when it will be done."""

from typing import Any

import gradio as gr

from app.pages.me import templates
from app.toasts import toasts
from app.widgets import figures, people_over_rounds, round_choice, times
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.formats import duration
from app.widgets.markup import markup
from app.widgets.plain_table import plain_table
from backend.errors import PermissionDenied
from backend.services import rounds
from backend.services.queue import shares
from backend.services.queue.shares import Asked
from backend.services.team import performance, reviewers
from backend.services.team.reviewers import Reviewer

TITLE, PATH = "My work", "me"
MENU = "person"
POLL_SECONDS = 10.0
SHOWN_AFTER = "told when the review is over"


def build() -> None:
    """Lay out the page and wire it."""
    with gr.Row():
        chosen = gr.Dropdown([], label="Round", filterable=False, elem_id="me-round", min_width=220, scale=0)
    card = markup(templates.MINE, templates.MINE_CSS, elem_id="my-work")
    with gr.Accordion("Over rounds", open=False, elem_id="me-over-rounds") as over:
        chart = gr.Plot(show_label=False, visible=False, elem_id="me-over-chart")
        missing = markup(people_over_rounds.MISSING, value="", elem_id="me-over-missing")
        table = plain_table("me-over-table")
    asked_for, timer = gr.State(CurrentChoice()), gr.Timer(POLL_SECONDS)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    gr.on(None, draw, asked_for, [chosen, card], **quiet)
    chosen.input(show, [asked_for, chosen], card, **quiet)
    over.expand(show_over_rounds, None, [chart, missing, table], **quiet)
    timer.tick(refresh, asked_for, card, **quiet)


@toasts
def draw(asked_for: CurrentChoice, request: gr.Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw everything."""
    round_id, dropdown = round_choice.opened(request)
    return dropdown, _chosen(asked_for, round_id, request)


@toasts
def show(asked_for: CurrentChoice, round_id: int | None, request: gr.Request) -> dict[str, Any]:
    """Draw the chosen round's figures."""
    return _chosen(asked_for, round_id, request)


@toasts
def show_over_rounds(request: gr.Request) -> list[Any]:
    """Draw one's own figures over the rounds of the project."""
    here = context(request)
    lines = performance.mine(here.actor, here.project_id)
    drawn = people_over_rounds.figure(lines, "Items an hour")
    return [*people_over_rounds.chart_of(drawn, lines), people_over_rounds.table_value(lines)]


@toasts
def refresh(asked_for: CurrentChoice, request: gr.Request) -> Any:
    """Draw the same round's figures anew."""
    wish = asked_for.value
    return asked_for.unless_over(wish, [_value(wish.get("round"), request)])[0]


def _chosen(asked_for: CurrentChoice, round_id: int | None, request: gr.Request) -> dict[str, Any]:
    drawn = _value(round_id, request)
    asked_for.put({"round": round_id})
    return drawn


def _value(round_id: int | None, request: gr.Request) -> dict[str, Any]:
    here = context(request)
    if round_id is None:
        return {"empty": round_choice.why_none(request)}
    try:
        mine = reviewers.mine(here.actor, int(round_id))
    except PermissionDenied:
        return {"empty": "You may read in this project, not review. Ask a project admin to change your role."}
    round_, asked = rounds.get(here.actor, int(round_id)), shares.mine(here.actor, int(round_id))
    card = card_value(mine, round_.number) | _way_on(mine, round_.id)
    return card if asked is None else _with_asked(card, asked)


def _with_asked(card: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """The card with what is asked of the person, and that they are paused."""
    whole = "a quota" if asked.quota is not None else "items given to you"
    note = f"{whole}, {asked.share:g} % of the round" if asked.share is not None else whole
    fact = {"name": "Asked of you", "value": f"{asked.done:,} of {asked.asked:,}", "note": note}
    facts = card["facts"] if asked.quota is None and asked.share is None else [*card["facts"], fact]
    if asked.paused_at is None:
        return card | {"facts": facts}
    left = f"Your queue is stopped: {asked.pause_reason} Ask a curator to let you go on."
    return card | {"facts": facts, "badge": "paused", "left": left, "target": "", "go": ""}


def _way_on(mine: Reviewer, round_id: int) -> dict[str, Any]:
    if not mine.left:
        return {"target": "", "go": ""}
    return {"target": f"review?round={round_id}", "go": "Go on reviewing" if mine.decided else "Start reviewing"}


def card_value(mine: Reviewer, number: int) -> dict[str, Any]:
    """What the card shows; texts only."""
    whole = mine.decided + mine.left
    return {
        "title": f"{mine.name} in round {number}",
        "badge": "assigned to you" if mine.is_assigned else "",
        "percent": round(100 * mine.decided / whole) if whole else 0,
        "left": _left(mine),
        "facts": [dict(zip(("name", "value", "note"), fact, strict=True)) for fact in _facts(mine)],
    }


def _left(mine: Reviewer) -> str:
    if not mine.left:
        return f"{mine.decided:,} decided. Nothing is left for you in this round."
    whose = "assigned to you" if mine.is_assigned else "left as your share of what is open"
    pace = f"; at your pace done {times.ends(mine.done_at)}" if mine.done_at else ""
    return f"{mine.decided:,} decided, {mine.left:,} {whose}{pace}."


def _facts(mine: Reviewer) -> list[tuple[str, str, str]]:
    gold = f"{mine.gold_right} of {mine.gold_seen}" if mine.gold_seen else "–"
    overrode = f"{mine.overrides / mine.decided:.0%} of your decisions" if mine.decided else ""
    return [
        ("Decided", f"{mine.decided:,}", f"{mine.skipped:,} skipped, {mine.late:,} came late"),
        ("Time an item", _time(mine.seconds), f"the median; {mine.minutes:,.0f} minutes in all"),
        ("Judge overridden", f"{mine.overrides:,}", overrode),
        ("Agreement with the judge", figures.share(mine.judge), _judge_note(mine)),
        ("Agreement with colleagues", figures.share(mine.colleagues), _alpha_note(mine)),
        ("Known labels met", gold, SHOWN_AFTER if mine.gold_seen is None else "items whose right label was known"),
    ]


def _time(seconds: float | None) -> str:
    return "under 1 s" if seconds is not None and 0 < seconds < 1 else duration(seconds)


def _judge_note(mine: Reviewer) -> str:
    drawn = f"; drawn at random {figures.share(mine.judge_random)}" if mine.judge_random.n else ""
    return f"{mine.judge.n:,} decided before you saw its view{drawn}"


def _alpha_note(mine: Reviewer) -> str:
    alpha = mine.colleagues_alpha
    note = f"; Krippendorff's alpha of these items {figures.kappa(alpha)}" if alpha.value is not None else ""
    return f"on {mine.colleagues.n:,} shared decisions{note}"
