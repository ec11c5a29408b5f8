"""My work: how much one has decided, how fast, how well one agrees, what is left and when it will be done."""

from typing import Any

import gradio as gr

from app.pages.me import templates
from app.toasts import toasts
from app.widgets import figures, people_over_rounds, round_choice, times
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.formats import duration, in_percent, percent
from app.widgets.markup import markup
from app.widgets.plain_table import plain_table
from backend.errors import PermissionDenied
from backend.services import rounds
from backend.services.people import languages
from backend.services.queue import shares
from backend.services.queue.shares import Asked
from backend.services.team import performance, reviewers
from backend.services.team.reviewers import Reviewer
from backend.translations import LANGUAGES, N_, gettext

TITLE, PATH = N_("My work"), "me"
MENU = "person"
POLL_SECONDS = 10.0
SHOWN_AFTER = N_("told when the review is over")
RELOAD = """(language) => {
  if (language) return window.location.reload();
  const here = window.location.pathname + window.location.search;
  window.location.assign(`/login?language=browser&next=${encodeURIComponent(here)}`);
}"""
"""Who lets the browser say it lets go of the language, too, that was chosen in it before signing in."""


def build() -> None:
    """Lay out the page and wire it."""
    with gr.Row():
        chosen = gr.Dropdown([], label=N_("Round"), filterable=False, elem_id="me-round", min_width=220, scale=0)
    card = markup(templates.MINE, templates.MINE_CSS, elem_id="my-work")
    with gr.Accordion(N_("Over rounds"), open=False, elem_id="me-over-rounds") as over:
        chart = gr.Plot(show_label=False, visible=False, elem_id="me-over-chart")
        missing = markup(people_over_rounds.MISSING, value="", elem_id="me-over-missing")
        table = plain_table("me-over-table")
    language = gr.Dropdown(
        [(N_("As the browser asks"), ""), *((name, code) for code, name in LANGUAGES.items())],
        label=N_("Language of the pages"),
        info=N_("Names, texts of models and error messages stay as they are."),
        filterable=False,
        elem_id="me-language",
        min_width=220,
    )
    asked_for, timer = gr.State(CurrentChoice()), gr.Timer(POLL_SECONDS)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    gr.on(None, draw, asked_for, [chosen, card, language], **quiet)
    language.input(choose_language, language, None, **quiet).success(None, language, None, js=RELOAD, **quiet)
    chosen.input(show, [asked_for, chosen], card, **quiet)
    over.expand(show_over_rounds, None, [chart, missing, table], **quiet)
    timer.tick(refresh, asked_for, card, **quiet)


@toasts
def draw(asked_for: CurrentChoice, request: gr.Request) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Draw everything."""
    round_id, dropdown = round_choice.opened(request)
    return dropdown, _chosen(asked_for, round_id, request), languages.chosen(context(request).actor) or ""


@toasts
def choose_language(language: str, request: gr.Request) -> None:
    """Keep in which language the person reads pages; the page is loaded again in it."""
    languages.choose(context(request).actor, language or None)


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
        return {"empty": gettext("You may read in this project, not review. Ask a project admin to change your role.")}
    round_, asked = rounds.get(here.actor, int(round_id)), shares.mine(here.actor, int(round_id))
    card = card_value(mine, round_.number) | _way_on(mine, round_.id)
    return card if asked is None else _with_asked(card, asked)


def _with_asked(card: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """The card with what is asked of the person, and that they are paused."""
    note = gettext("a quota") if asked.quota is not None else gettext("items given to you")
    if asked.share is not None:
        note = gettext("{whole}, {share} of the round").format(whole=note, share=in_percent(asked.share))
    done = gettext("{number} of {whole}").format(number=f"{asked.done:,}", whole=f"{asked.asked:,}")
    fact = {"name": gettext("Asked of you"), "value": done, "note": note}
    facts = card["facts"] if asked.quota is None and asked.share is None else [*card["facts"], fact]
    if asked.paused_at is None:
        return card | {"facts": facts}
    left = gettext("Your queue is stopped: {reason} Ask a curator to let you go on.").format(reason=asked.pause_reason)
    return card | {"facts": facts, "badge": gettext("paused"), "left": left, "target": "", "go": ""}


def _way_on(mine: Reviewer, round_id: int) -> dict[str, Any]:
    if not mine.left:
        return {"target": "", "go": ""}
    return {
        "target": f"review?round={round_id}",
        "go": gettext("Go on reviewing") if mine.decided else gettext("Start reviewing"),
    }


def card_value(mine: Reviewer, number: int) -> dict[str, Any]:
    """What the card shows; texts only."""
    whole = mine.decided + mine.left
    return {
        "title": gettext("{name} in round {number}").format(name=mine.name, number=number),
        "badge": gettext("assigned to you") if mine.is_assigned else "",
        "percent": round(100 * mine.decided / whole) if whole else 0,
        "left": _left(mine),
        "facts": [dict(zip(("name", "value", "note"), fact, strict=True)) for fact in _facts(mine)],
    }


def _left(mine: Reviewer) -> str:
    if not mine.left:
        return gettext("{decided} decided. Nothing is left for you in this round.").format(decided=f"{mine.decided:,}")
    if mine.is_assigned:
        text = gettext("{decided} decided, {left} assigned to you{pace}.")
    else:
        text = gettext("{decided} decided, {left} left as your share of what is open{pace}.")
    pace = gettext("; at your pace done {when}").format(when=times.ends(mine.done_at)) if mine.done_at else ""
    return text.format(decided=f"{mine.decided:,}", left=f"{mine.left:,}", pace=pace)


def _facts(mine: Reviewer) -> list[tuple[str, str, str]]:
    gold = (
        gettext("{number} of {whole}").format(number=mine.gold_right, whole=mine.gold_seen) if mine.gold_seen else "–"
    )
    overrode = percent(mine.overrides / mine.decided, 0) if mine.decided else ""
    skipped = gettext("{skipped} skipped, {late} came late").format(skipped=f"{mine.skipped:,}", late=f"{mine.late:,}")
    minutes = gettext("the median; {minutes} minutes in all").format(minutes=f"{mine.minutes:,.0f}")
    return [
        (gettext("Decided"), f"{mine.decided:,}", skipped),
        (gettext("Time an item"), _time(mine.seconds), minutes),
        (
            gettext("Judge overridden"),
            f"{mine.overrides:,}",
            gettext("{share} of your decisions").format(share=overrode) if overrode else "",
        ),
        (gettext("Agreement with the judge"), figures.share(mine.judge), _judge_note(mine)),
        (gettext("Agreement with colleagues"), figures.share(mine.colleagues), _alpha_note(mine)),
        (
            gettext("Known labels met"),
            gold,
            gettext(SHOWN_AFTER) if mine.gold_seen is None else gettext("items whose right label was known"),
        ),
    ]


def _time(seconds: float | None) -> str:
    return gettext("under 1 s") if seconds is not None and 0 < seconds < 1 else duration(seconds)


def _judge_note(mine: Reviewer) -> str:
    before = gettext("{number} decided before you saw its view").format(number=f"{mine.judge.n:,}")
    if not mine.judge_random.n:
        return before
    return before + gettext("; drawn at random {share}").format(share=figures.share(mine.judge_random))


def _alpha_note(mine: Reviewer) -> str:
    alpha = mine.colleagues_alpha
    shared = gettext("on {number} shared decisions").format(number=f"{mine.colleagues.n:,}")
    if alpha.value is None:
        return shared
    return shared + gettext("; Krippendorff's alpha of these items {alpha}").format(alpha=figures.kappa(alpha))
