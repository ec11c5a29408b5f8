"""Team: how a review goes, who does what, how far people agree, and what only a curator does."""

from typing import Any

import gradio as gr

from app.pages.team import (
    adjudication,
    agreement,
    assign,
    gold,
    guidelines,
    over_rounds,
    questions,
    removal,
    review,
    shares,
    templates,
)
from app.pages.team import people as team_people
from app.toasts import toasts
from app.widgets import round_choice
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.first import Fields, FirstPart, FirstRow
from app.widgets.markup import markup
from app.widgets.plain_table import plain_table
from app.widgets.roles import only
from backend.errors import Conflict, PermissionDenied
from backend.services import reviews, rounds
from backend.services.team import reviewers
from backend.translations import N_, gettext
from backend.values import Role

TITLE, PATH = N_("Team"), "team"
POLL_SECONDS = 5.0
REFRESH = 6
PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
QUIET: dict[str, Any] = PRIVATE | {"show_progress": "hidden"}


def build() -> None:
    """Lay out the page and wire it."""
    asked_for, page_state = gr.State(CurrentChoice()), gr.State({})
    with gr.Row():
        chosen = gr.Dropdown([], label=N_("Round"), filterable=False, elem_id="team-round", min_width=220, scale=0)
    card = markup(templates.PROGRESS, templates.PROGRESS_CSS, elem_id="team-progress")
    with gr.Tabs():
        with gr.Tab(N_("People")):
            people = plain_table("team-people")
        with gr.Tab(N_("Agreement")) as agreement_tab:
            agreement.build(chosen, agreement_tab, PRIVATE)
        with gr.Tab(N_("Over rounds")) as over_tab, only(Role.curator, N_("Seeing everybody's figures")):
            over_rounds.build(over_tab, PRIVATE)
        with gr.Tab(N_("Disagreements")) as adjudication_tab, only(Role.curator, N_("Settling disagreements")):
            adjudication.build(chosen, adjudication_tab, PRIVATE)
        with gr.Tab(N_("Assignments")) as assign_tab, only(Role.curator, N_("Assigning items")):
            assign.build(chosen, assign_tab, PRIVATE)
        with gr.Tab(N_("Shares")) as shares_tab, only(Role.curator, N_("Asking shares of people")):
            shares.build(chosen, shares_tab, PRIVATE)
        with gr.Tab(N_("Gold items")) as gold_tab, only(Role.curator, N_("Marking gold items")):
            gold.build(chosen, gold_tab, PRIVATE)
        with gr.Tab(N_("Guidelines")):
            guidelines.build(PRIVATE)
        with gr.Tab(N_("Questions")):
            questions.build(PRIVATE)
        with gr.Tab(N_("Review settings")) as review_tab, only(Role.curator, N_("Changing and closing a review")):
            moved = review.build(chosen, review_tab, PRIVATE)
        with gr.Tab(N_("Remove work")) as removal_tab, only(Role.curator, N_("Removing a person's work")):
            removal.build(chosen, removal_tab, PRIVATE)
    timer = gr.Timer(POLL_SECONDS)

    shown = [card, people, page_state]
    gr.on(None, draw, asked_for, [chosen, *shown], **QUIET)
    chosen.input(choose, [asked_for, chosen], shown, **QUIET)
    timer.tick(refresh, [asked_for, page_state], shown, **QUIET)
    for event in moved:
        event.then(redraw, [asked_for, chosen], [chosen, *shown], **QUIET)


def first_content(request: gr.Request) -> list[FirstRow]:
    """Return the round's card; nothing where no round was reviewed, or another is asked for."""
    here = context(request)
    round_id, dropdown = round_choice.opened(request)
    if round_id is None:
        return []
    # Who may not see the people is told so in place of the card.
    reviewers.check(here.actor, round_id)
    names = {value: name for name, value in dropdown["choices"]}
    value = team_people.progress_value(rounds.get(here.actor, round_id), reviews.progress(here.actor, round_id))
    card = FirstPart("team-progress", templates.PROGRESS, templates.PROGRESS_CSS, value)
    return [Fields([(gettext("Round"), names[round_id])]), card]


@toasts
def draw(asked_for: CurrentChoice, request: gr.Request) -> list[Any]:
    """Draw everything."""
    round_id, dropdown = round_choice.opened(request)
    return [dropdown, *_chosen(asked_for, round_id, request)]


@toasts
def choose(asked_for: CurrentChoice, round_id: int | None, request: gr.Request) -> list[Any]:
    """Show another round."""
    return _chosen(asked_for, round_id, request)


@toasts
def redraw(asked_for: CurrentChoice, round_id: int | None, request: gr.Request) -> list[Any]:
    """Show the state that the round is in now, in its card and in the list of rounds."""
    _, dropdown = round_choice.opened(request)
    return [gr.update(choices=dropdown["choices"]), *_chosen(asked_for, round_id, request)]


@toasts
def refresh(asked_for: CurrentChoice, page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """Draw what changed since."""
    wish = asked_for.value
    return asked_for.unless_over(wish, _changes(wish.get("round"), page_state, request))


def _chosen(asked_for: CurrentChoice, round_id: int | None, request: gr.Request) -> list[Any]:
    drawn = _changes(round_id, {}, request)
    asked_for.put({"round": round_id})
    return drawn


def _changes(round_id: int | None, page_state: dict[str, Any], request: gr.Request) -> list[Any]:
    """New values of what differs from what the browser shows; the rest is left alone, so that nothing flickers."""
    here = context(request)
    if round_id is None:
        return [{"empty": round_choice.why_none(request)}, {}, {}]
    at = reviews.progress(here.actor, int(round_id))
    key = [round_id, at.decided, at.remaining, [[person.user_id, person.decided] for person in at.people]]
    people: Any = gr.skip()
    try:
        # Everybody's figures read every decision: only when there are new ones, or after a while.
        if page_state.get("key") != key or page_state.get("age", 0) >= REFRESH:
            people = team_people.table_value(reviewers.everyone(here.actor, int(round_id)))
    except (Conflict, PermissionDenied) as error:
        return [{"empty": error.message}, {}, {}]
    card = team_people.progress_value(rounds.get(here.actor, int(round_id)), at)
    age = 0 if people != gr.skip() else page_state.get("age", 0) + 1
    now = {"key": key, "age": age, "card": card}
    return [card if page_state.get("card") != card else gr.skip(), people, now]
