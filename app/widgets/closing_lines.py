"""What closing a review goes on with and leaves open, in words: at the desk, on the Team page, on the command line."""

from app.widgets.as_of import as_of
from app.widgets.value_words import word
from backend.services.reviews.review_closing import Closing
from backend.translations import N_, gettext, ngettext

FROZEN = N_(
    "Then the training data is selected and frozen, and training starts. A review that is reopened after that changes "
    "labels, and not what was trained on."
)

KEPT = N_(
    "The round has its checkpoint and is done, so nothing is selected or trained: branch off it at its selection to "
    "train by these labels."
)
HELD = N_(
    "But the judge’s light is red, so the round is held before its training: going on needs a reason, which is kept."
)


def closing_lines(closing: Closing) -> list[str]:
    """One sentence a line: the labels, what stays open, and what happens then."""
    kept = closing.accepted_by_judge + closing.rejected_by_judge
    decided = ngettext(
        "{decided} of {samples} samples is decided by people ({accepted} accepted, {rejected} rejected).",
        "{decided} of {samples} samples are decided by people ({accepted} accepted, {rejected} rejected).",
        closing.decided,
    )
    if closing.known_labels:
        decided = gettext(
            "{decided} of {samples} samples are decided by people, {known} of them by a known label ({accepted} "
            "accepted, {rejected} rejected)."
        )
    left = ngettext(
        "{number} keeps the judge's label ({accepted} accepted, {rejected} rejected).",
        "{number} keep the judge's label ({accepted} accepted, {rejected} rejected).",
        kept,
    )
    without = ngettext(
        "{number} has no verdict and is not trained on.",
        "{number} have no verdict and are not trained on.",
        closing.without_verdict,
    )
    frozen = f"{gettext(FROZEN)} {gettext(HELD)}" if closing.holds else gettext(FROZEN)
    return [
        decided.format(
            decided=f"{closing.decided:,}",
            samples=f"{closing.samples:,}",
            known=f"{closing.known_labels:,}",
            accepted=f"{closing.accepted_by_people:,}",
            rejected=f"{closing.rejected_by_people:,}",
        ),
        left.format(
            number=f"{kept:,}",
            accepted=f"{closing.accepted_by_judge:,}",
            rejected=f"{closing.rejected_by_judge:,}",
        ),
        without.format(number=f"{closing.without_verdict:,}"),
        *open_lines(closing),
        gettext("The judge, {light}: {sentence}").format(
            light=word(closing.judge_light), sentence=closing.judge_sentence
        ),
        *([as_of(closing.judge_as_of)] if closing.judge_as_of else []),
        gettext(KEPT) if closing.is_kept else frozen,
    ]


def open_lines(closing: Closing) -> list[str]:
    """What nobody has done yet; one line that says so where that is nothing."""
    items = f"{closing.items:,}"
    if closing.is_all_done:
        text = gettext("Nothing is left open: all {items} items are decided, and no disagreement is unsettled.")
        return [text.format(items=items)]
    told = (
        (
            closing.undecided,
            ngettext(
                "Open: {number} of {items} items is not decided by anybody; the judge's label stays.",
                "Open: {number} of {items} items are not decided by anybody; the judge's label stays.",
                closing.undecided,
            ),
        ),
        (
            closing.half_reviewed,
            ngettext(
                "Open: {number} of {items} items is decided by fewer people than it should be; what was said so far "
                "stands.",
                "Open: {number} of {items} items are decided by fewer people than they should be; what was said so far "
                "stands.",
                closing.half_reviewed,
            ),
        ),
        (
            closing.assigned_undecided,
            ngettext(
                "Open: {number} of {items} items is assigned and not decided by its person; nobody else is offered it.",
                "Open: {number} of {items} items are assigned and not decided by their person; nobody else is offered "
                "them.",
                closing.assigned_undecided,
            ),
        ),
        (
            closing.unsettled,
            ngettext(
                "Open: {number} of {items} items is disputed and not settled; the majority stands, and where there is "
                "none, the judge.",
                "Open: {number} of {items} items are disputed and not settled; the majority stands, and where there is "
                "none, the judge.",
                closing.unsettled,
            ),
        ),
    )
    return [text.format(number=f"{number:,}", items=items) for number, text in told if number]
