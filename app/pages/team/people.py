"""Team page: how far the review is, who is here, and each person's figures."""

from math import floor
from typing import Any

from app.widgets import figures, times
from app.widgets.formats import duration
from app.widgets.plain_table import rows_of
from app.widgets.round_choice import is_before_review, why_closed
from backend.services.reviews.review_progress import ReviewProgress
from backend.services.rounds import RoundView
from backend.services.team.reviewers import Reviewer
from backend.values import RoundStatus

AHEAD = "The review has not begun. Its settings can be changed under Review settings."
COLUMNS = [
    "Person",
    "Decided",
    "Time an item",
    "Overrides",
    "With the judge",
    "Drawn at random",
    "With colleagues",
    "Known labels",
    "Left",
    "Done",
    "Last seen",
]


def progress_value(round_: RoundView, at: ReviewProgress) -> dict[str, Any]:
    """What the card of the review shows; texts only."""
    is_open, is_ahead = round_.status is RoundStatus.review, is_before_review(round_)
    return {
        "title": f"Round {round_.number}",
        "status": "in review" if is_open else "before its review" if is_ahead else str(round_.status),
        "badge": "warn" if is_open else "",
        "has_bar": not is_ahead,
        "percent": floor(100 * at.share),
        "done": AHEAD if is_ahead else done(at),
        "ends": _ends(round_, at),
        "here": [person.name for person in at.people if person.is_here],
        "target": f"review?round={round_.id}",
        "way_on": "Open the review desk" if is_open else "",
    }


def done(at: ReviewProgress) -> str:
    """How many items are decided by all the people they need, how many by some, and how many are to go."""
    begun, share = at.decided - at.complete, floor(100 * at.share)
    more = f", {begun:,} more have been begun and need another word" if begun > 0 else ""
    return f"{at.complete:,} of {at.samples:,} items decided ({share} %){more}, {at.remaining:,} to go."


def _ends(round_: RoundView, at: ReviewProgress) -> str:
    if not at.is_open:
        return why_closed(round_)
    if at.ends_at is None:
        return "No estimate of the end: nothing was decided in the last quarter of an hour."
    return f"At the recent pace: done {times.ends(at.ends_at)}."


def table_value(everyone: list[Reviewer]) -> dict[str, Any]:
    """Everybody's figures."""
    return rows_of(COLUMNS, [table_row(reviewer) for reviewer in everyone], none="Nobody has decided anything yet.")


def table_row(reviewer: Reviewer) -> list[str]:
    """One person as the table shows them."""
    overrides = f"{reviewer.overrides:,} ({reviewer.overrides / reviewer.decided:.0%})" if reviewer.decided else "–"
    gold = f"{reviewer.gold_right} of {reviewer.gold_seen}" if reviewer.gold_seen else "–"
    return [
        reviewer.name,
        f"{reviewer.decided:,}",
        duration(reviewer.seconds),
        overrides,
        figures.share(reviewer.judge),
        figures.share(reviewer.judge_random),
        figures.share(reviewer.colleagues),
        gold,
        f"{reviewer.left:,}{' assigned' if reviewer.is_assigned else ''}",
        times.ends(reviewer.done_at) if reviewer.left else "–",
        times.ago(reviewer.last_at),
    ]
