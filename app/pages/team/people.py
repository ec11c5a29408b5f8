"""Team page: how far the review is, who is here, and each person's figures."""

from math import floor
from typing import Any

from app.widgets import figures, times
from app.widgets.formats import duration, in_percent, percent
from app.widgets.plain_table import rows_of
from app.widgets.round_choice import is_before_review, why_closed
from app.widgets.value_words import word
from backend.services.reviews.review_progress import ReviewProgress
from backend.services.rounds import RoundView
from backend.services.team.reviewers import Reviewer
from backend.translations import N_, gettext, ngettext
from backend.values import RoundStatus

AHEAD = N_("The review has not begun. Its settings can be changed under Review settings.")
COLUMNS = [
    N_("Person"),
    N_("Decided"),
    N_("Time an item"),
    N_("Overrides"),
    N_("With the judge"),
    N_("Drawn at random"),
    N_("With colleagues"),
    N_("Known labels"),
    N_("Still left"),
    N_("Done"),
    N_("Last seen"),
]


def progress_value(round_: RoundView, at: ReviewProgress) -> dict[str, Any]:
    """What the card of the review shows; texts only."""
    is_open, is_ahead = round_.status is RoundStatus.review, is_before_review(round_)
    return {
        "title": gettext("Round {number}").format(number=round_.number),
        "status": gettext("in review")
        if is_open
        else gettext("before its review")
        if is_ahead
        else word(round_.status),
        "badge": "warn" if is_open else "",
        "has_bar": not is_ahead,
        "percent": floor(100 * at.share),
        "done": gettext(AHEAD) if is_ahead else done(at),
        "ends": _ends(round_, at),
        "here": [person.name for person in at.people if person.is_here],
        "target": f"review?round={round_.id}",
        "way_on": gettext("Open the review desk") if is_open else "",
    }


def done(at: ReviewProgress) -> str:
    """How many items are decided by all the people they need, how many by some, and how many are to go."""
    begun = at.decided - at.complete
    text = gettext("{complete} of {samples} items decided ({share}), {remaining} to go.")
    if begun > 0:
        text = ngettext(
            "{complete} of {samples} items decided ({share}), {begun} more has been begun and needs another word, "
            "{remaining} to go.",
            "{complete} of {samples} items decided ({share}), {begun} more have been begun and need another word, "
            "{remaining} to go.",
            begun,
        )
    counts = {"complete": at.complete, "samples": at.samples, "remaining": at.remaining, "begun": begun}
    return text.format(
        share=in_percent(floor(100 * at.share)), **{name: f"{number:,}" for name, number in counts.items()}
    )


def _ends(round_: RoundView, at: ReviewProgress) -> str:
    if not at.is_open:
        return why_closed(round_)
    if at.ends_at is None:
        return gettext("No estimate of the end: nothing was decided in the last quarter of an hour.")
    return gettext("At the recent pace: done {when}.").format(when=times.ends(at.ends_at))


def table_value(everyone: list[Reviewer]) -> dict[str, Any]:
    """Everybody's figures."""
    return rows_of(
        [gettext(name) for name in COLUMNS],
        [table_row(reviewer) for reviewer in everyone],
        none=gettext("Nobody has decided anything yet."),
    )


def table_row(reviewer: Reviewer) -> list[str]:
    """One person as the table shows them."""
    overrides = (
        f"{reviewer.overrides:,} ({percent(reviewer.overrides / reviewer.decided, 0)})" if reviewer.decided else "–"
    )
    of = gettext("{number} of {whole}").format(number=reviewer.gold_right, whole=reviewer.gold_seen)
    gold = of if reviewer.gold_seen else "–"
    left = gettext("{number} assigned") if reviewer.is_assigned else "{number}"
    return [
        reviewer.name,
        f"{reviewer.decided:,}",
        duration(reviewer.seconds),
        overrides,
        figures.share(reviewer.judge),
        figures.share(reviewer.judge_random),
        figures.share(reviewer.colleagues),
        gold,
        left.format(number=f"{reviewer.left:,}"),
        times.ends(reviewer.done_at) if reviewer.left else "–",
        times.ago(reviewer.last_at),
    ]
