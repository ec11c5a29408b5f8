"""Which round a page about reviewing shows: the one in its address, else the one that waits for people."""

from typing import Any, Literal

import gradio as gr

from app.widgets.asked import AddressId, asked
from app.widgets.context import Context, context
from app.widgets.value_words import word
from backend.errors import NotFound
from backend.services import rounds
from backend.services.rounds import RoundView, review_scope
from backend.translations import N_, gettext
from backend.values import RoundStatus

REOPEN = N_("Once the round is done or held, a curator can reopen it (Team → Review settings).")
EMPTY = N_("No round of this project was reviewed yet. Launch one with “People review”.")

ClosedBecause = Literal["not_reviewed", "before_review", "over", "skipped", "ended"]


def reviewed(here: Context) -> list[RoundView]:
    """Rounds that people look at, newest first."""
    return [round_ for round_ in reversed(rounds.list_rounds(here.actor, here.project_id)) if round_.is_reviewed]


def opened(request: gr.Request) -> tuple[int | None, dict[str, Any]]:
    """The round to show when the page opens, and the update of its dropdown; None where the asked one is not there."""
    views = reviewed(context(request))
    chosen = asked(request, "round", "reviewed round", {round_.id for round_ in views})
    waiting = [round_ for round_ in views if round_.status is RoundStatus.review]
    first = next((round_.id for round_ in waiting or views), None)
    choices = [(round_line(round_), round_.id) for round_ in views]
    value = first if chosen == AddressId() else chosen.id
    return value, gr.update(choices=choices, value=value, interactive=len(views) > 1 or bool(chosen.missing))


def round_line(round_: RoundView) -> str:
    """`Round 3, done`: a round where one is chosen."""
    return gettext("Round {number}, {status}").format(number=round_.number, status=word(round_.status))


def why_none(request: gr.Request) -> str:
    """Why the page shows no round: none was reviewed, or the address asks for another one."""
    ids = {round_.id for round_ in reviewed(context(request))}
    return asked(request, "round", "reviewed round", ids).missing or gettext(EMPTY)


def is_before_review(round_: RoundView) -> bool:
    """Whether the round is on its way to its review."""
    is_before = review_scope.is_before_people(round_)
    return round_.is_reviewed and round_.status is RoundStatus.running and is_before


def why_closed(round_: RoundView) -> str:
    """Why nobody decides on the round now, or, while it is in review, what will be the reason when it is over."""
    match closed_because(round_):
        case "not_reviewed":
            return gettext("It was launched without people's review: the judge's labels stand.")
        case "over":
            over = gettext("The review is over: its labels are frozen with what training read.")
            return f"{over} {gettext(REOPEN)}"
        case "skipped":
            skipped = gettext(
                "This branch begins after people's review and did not wait for them: its labels are frozen with what "
                "training read."
            )
            return f"{skipped} {gettext(REOPEN)}"
        case "before_review":
            return gettext("It comes to its review once its samples are made and judged.")
        case "ended":
            return gettext("It ended before its review.")


def closed_because(round_: RoundView) -> ClosedBecause:
    """The same reason, for what words it otherwise."""
    if not round_.is_reviewed:
        return "not_reviewed"
    if review_scope.is_view_skipped(round_):
        return "skipped"
    if round_.status is RoundStatus.review or not review_scope.is_before_people(round_):
        return "over"
    return "before_review" if round_.status is RoundStatus.running else "ended"


def known(round_id: int | None, request: gr.Request) -> int | None:
    """The chosen round; before the page has one, the round it is about to choose."""
    return opened(request)[0] if round_id is None else int(round_id)


def needed(round_id: int | None) -> int:
    """The chosen round; raises `NotFound` where none is."""
    if round_id is None:
        raise NotFound(EMPTY)
    return int(round_id)
