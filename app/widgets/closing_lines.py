"""What closing a review goes on with and leaves open, in words: at the desk, on the Team page, on the command line."""

from app.widgets.as_of import as_of
from backend.services.reviews.review_closing import Closing

FROZEN = (
    "Then the training data is selected and frozen, and training starts. A review that is reopened after that changes "
    "labels, and not what was trained on."
)

KEPT = (
    "The round has its checkpoint and is done, so nothing is selected or trained: branch off it at its selection to "
    "train by these labels."
)
HELD = "But the judge’s light is red, so the round is held before its training: going on needs a reason, which is kept."


def closing_lines(closing: Closing) -> list[str]:
    """One sentence a line: the labels, what stays open, and what happens then."""
    kept = closing.accepted_by_judge + closing.rejected_by_judge
    known = f", {closing.known_labels:,} of them by a known label" if closing.known_labels else ""
    return [
        f"{closing.decided:,} of {closing.samples:,} samples are decided by people{known} "
        f"({closing.accepted_by_people:,} accepted, {closing.rejected_by_people:,} rejected).",
        f"{kept:,} keep the judge's label "
        f"({closing.accepted_by_judge:,} accepted, {closing.rejected_by_judge:,} rejected).",
        f"{closing.without_verdict:,} have no verdict and are not trained on.",
        *open_lines(closing),
        f"The judge, {closing.judge_light}: {closing.judge_sentence}",
        *([as_of(closing.judge_as_of)] if closing.judge_as_of else []),
        KEPT if closing.is_kept else f"{FROZEN} {HELD}" if closing.holds else FROZEN,
    ]


def open_lines(closing: Closing) -> list[str]:
    """What nobody has done yet; one line that says so where that is nothing."""
    if closing.is_all_done:
        return [f"Nothing is left open: all {closing.items:,} items are decided, and no disagreement is unsettled."]
    told = (
        (closing.undecided, "not decided by anybody", "the judge's label stays."),
        (closing.half_reviewed, "decided by fewer people than they should be", "what was said so far stands."),
        (closing.assigned_undecided, "assigned and not decided by their person", "nobody else is offered them."),
        (closing.unsettled, "disputed and not settled", "the majority stands, and where there is none, the judge."),
    )
    return [f"Open: {number:,} of {closing.items:,} items are {what}; {then}" for number, what, then in told if number]
