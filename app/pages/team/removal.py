"""Team page: taking one person's work out of the round."""

import re
from typing import Any

import gradio as gr

from app.pages.team import templates
from app.toasts import notice, toasts
from app.widgets import buttons
from app.widgets.beside import problem, refused_beside
from app.widgets.context import Context, context
from app.widgets.markup import markup
from app.widgets.plain_table import plain_table, rows_of
from app.widgets.round_choice import known, needed
from app.widgets.times import moment
from backend.errors import InvalidInput
from backend.services.team import removals, reviewers
from backend.services.team.removals import Changed, Removal, RemovalPreview
from backend.values import LabelSource

COLUMNS = ["When", "Who", "Whose work", "Decisions", "Answers", "Reason", "State"]
FIELDS = {"person": "removal-person", "reason": "removal-reason", "which": "removal-which"}
"""The fields by what a refusal calls them."""
WHOSE: dict[str, str] = {
    LabelSource.person: "by a person's word",
    LabelSource.judge: "the judge's",
    LabelSource.none: "nobody's",
}


def build(chosen: gr.Dropdown, tab: gr.Tab, private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    with gr.Row(equal_height=True):
        person = gr.Dropdown([], label="Whose work", filterable=False, elem_id="removal-person")
        reason = gr.Textbox(label="Reason", info="Others will read it in the audit.", scale=2, elem_id="removal-reason")
    with gr.Row(elem_classes="rondo-toolbar"):
        look = buttons.secondary("Preview", elem_id="removal-preview")
        apply = buttons.stop("Remove", interactive=False, elem_id="removal-apply")
    refused = problem("removal-problem")
    card = markup(templates.REMOVAL, templates.REMOVAL_CSS, value={}, elem_id="removal-card")
    done = plain_table("removal-done")
    with gr.Row(equal_height=True):
        which = gr.Dropdown([], label="Take back", filterable=False, scale=3, elem_id="removal-which")
        back = buttons.secondary("Restore this work", elem_id="removal-undo")

    shown = [person, card, apply, done, which]
    tab.select(show, chosen, [*shown, refused], **private)
    chosen.input(show, chosen, [*shown, refused], **private)
    # A preview is of one person. In the browser, since an answer to this could come after that to the next preview.
    person.input(None, None, [card, apply, refused], js=templates.FORGET_REMOVAL, api_visibility="private")
    look.click(preview, [chosen, person], [card, apply, refused], **private)
    apply.click(remove, [chosen, person, reason], [*shown, reason, refused], **private)
    back.click(undo, [chosen, which], [*shown, refused], **private)


@toasts
@refused_beside(5, clears=False)
def show(round_id: int | None, request: gr.Request) -> list[Any]:
    """Fill the tab for the chosen round."""
    return _shown(context(request), known(round_id, request))


@toasts
@refused_beside(2, FIELDS)
def preview(round_id: int | None, user_id: int | None, request: gr.Request) -> list[Any]:
    """Say what removing would change."""
    removal = removals.preview(context(request).actor, needed(round_id), _person(user_id))
    return [card_value(removal), gr.Button(interactive=True)]


@toasts
@refused_beside(6, FIELDS)
def remove(round_id: int | None, user_id: int | None, reason: str, request: gr.Request) -> list[Any]:
    """Take the work out."""
    here = context(request)
    done = removals.remove(here.actor, needed(round_id), _person(user_id), reason=reason)
    kept = " The labels are frozen; it is noted with the checkpoints that learned from it." if done.is_frozen else ""
    notice(f"{_work(done)} of {done.person} are out of the round.{kept}")
    return [*_shown(here, round_id), ""]


@toasts
@refused_beside(5, FIELDS)
def undo(round_id: int | None, removal_id: str | None, request: gr.Request) -> list[Any]:
    """Restore the work."""
    here = context(request)
    if not removal_id:
        raise InvalidInput("No removal is chosen. Choose one from the list.", field="which")
    taken = removals.undo(here.actor, needed(round_id), removal_id)
    also = f" {taken:,} items stay with those who decided them meanwhile." if taken else ""
    notice(f"The work is restored.{also}")
    return _shown(here, round_id)


def _person(user_id: int | None) -> int:
    if not user_id:
        raise InvalidInput("Nobody is chosen. Choose whose work.", field="person")
    return int(user_id)


def _shown(here: Context, round_id: int | None) -> list[Any]:
    people: list[tuple[str, int]] = []
    done: list[Removal] = []
    if round_id is not None:
        people = [(name, user_id) for user_id, name in reviewers.names(here.actor, int(round_id)).items()]
        done = removals.history(here.actor, int(round_id))
    standing = [choice(removal) for removal in done if not removal.is_undone]
    return [
        gr.update(choices=people, value=None),
        {},
        gr.Button(interactive=False),
        rows_of(COLUMNS, [table_row(removal) for removal in done], label="Done before"),
        gr.update(choices=standing, value=standing[0][1] if standing else None),
    ]


def choice(removal: Removal) -> tuple[str, str]:
    """A removal as the list to take back from names it."""
    return f"{removal.person}, {moment(removal.at)}", removal.id


def table_row(removal: Removal) -> list[str]:
    state = "restored" if removal.is_undone else "labels frozen" if removal.is_frozen else "out"
    counts = f"{removal.decisions:,}", f"{removal.answers:,}"
    return [moment(removal.at), removal.who, removal.person, *counts, removal.reason, state]


def _work(removal: Removal | RemovalPreview) -> str:
    answers = f" and {removal.answers:,} answers" if removal.answers else ""
    return f"{removal.decisions:,} decisions{answers}"


def card_value(removal_preview: RemovalPreview) -> dict[str, Any]:
    """What the card shows; texts only."""
    changes = sum(label.count for label in removal_preview.labels)
    now = "would have changed" if removal_preview.is_frozen else "change"
    frozen = " The round is past its review, so its labels and what training read stay as they are."
    return {
        "person": removal_preview.person,
        "what": f"{_work(removal_preview)}; {changes:,} labels {now}.{frozen if removal_preview.is_frozen else ''}",
        "labels": [changed_words(label) for label in removal_preview.labels],
        "datasets": [
            {"id": dataset.dataset_id, "round": dataset.round_number, "examples": f"{dataset.examples:,}"}
            for dataset in removal_preview.datasets
        ],
        "checkpoints": [
            {
                "id": checkpoint.checkpoint_id,
                "name": checkpoint.name,
                "how": "trained on it" if checkpoint.is_direct else "came of one",
            }
            for checkpoint in removal_preview.checkpoints
        ],
    }


def changed_words(changed: Changed) -> str:
    """`9 labels go from no verdict back to accept, score 0.75 to 1 (the judge's)`."""
    (was, scored), (now, scores) = _verdict_and_score(changed.before), _verdict_and_score(changed.after)
    is_one, is_persons = changed.count == 1, changed.source == LabelSource.person
    number = f"{changed.count:,} {'label' if is_one else 'labels'}"
    if was == now:
        moved = f"{'stays' if is_one else 'stay'} {was}"
    else:
        moved = f"{'goes' if is_one else 'go'} from {was} {'' if is_persons else 'back '}to {now}"
    score = "" if scored == scores else f", score {scored or 'none'} to {scores or 'none'}"
    return f"{number} {moved}{score} ({WHOSE.get(changed.source, changed.source)})"


def _verdict_and_score(word: str) -> tuple[str, str]:
    """`no verdict 0.75` as its two parts; a label may have no score."""
    head, _, tail = word.rpartition(" ")
    return (head, tail) if re.fullmatch(r"-?[0-9].*", tail) else (word, "")
