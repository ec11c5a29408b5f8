"""What closing a review goes on with and leaves open, in words: at the desk, on the Team page, on the command line."""

from backend.services.reviews.review_closing import Closing

FROZEN = "Then the training data is selected and frozen, and training starts. Labels of this round change no more."

HELD = "But the judge’s light is red, so the round is held before its training: going on needs a reason, which is kept."


def closing_lines(found: Closing) -> list[str]:
    """One sentence a line: the labels, what stays open, and what happens then."""
    kept = found.accepted_by_judge + found.rejected_by_judge
    known = f", {found.known_labels:,} of them by a known label" if found.known_labels else ""
    return [
        f"{found.decided:,} of {found.samples:,} samples are decided by people{known} "
        f"({found.accepted_by_people:,} accepted, {found.rejected_by_people:,} rejected).",
        f"{kept:,} keep the judge's label "
        f"({found.accepted_by_judge:,} accepted, {found.rejected_by_judge:,} rejected).",
        f"{found.without_verdict:,} have no verdict and are not trained on.",
        *open_lines(found),
        f"The judge, {found.judge_light}: {found.judge_sentence}",
        f"{FROZEN} {HELD}" if found.holds else FROZEN,
    ]


def open_lines(found: Closing) -> list[str]:
    """What nobody has done yet; one line that says so where that is nothing."""
    if found.is_all_done:
        return [f"Nothing is left open: all {found.items:,} items are decided, and no disagreement is unsettled."]
    told = (
        (found.undecided, "not decided by anybody", "the judge's label stays."),
        (found.half_reviewed, "decided by fewer people than they should be", "what was said so far stands."),
        (found.assigned_undecided, "assigned and not decided by their person", "nobody else is offered them."),
        (found.unsettled, "disputed and not settled", "the majority stands, and where there is none, the judge."),
    )
    return [f"Open: {number:,} of {found.items:,} items are {what}; {then}" for number, what, then in told if number]
