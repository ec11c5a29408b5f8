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
from backend.translations import N_, gettext, ngettext, pgettext
from backend.values import LabelSource

COLUMNS = [N_("When"), N_("Who"), N_("Whose work"), N_("Decisions"), N_("Answers"), N_("Reason"), N_("State")]
FIELDS = {"person": "removal-person", "reason": "removal-reason", "which": "removal-which"}
"""The fields by what a refusal calls them."""
WHOSE: dict[str, str] = {
    LabelSource.person: N_("by a person's word"),
    LabelSource.judge: N_("the judge's"),
    LabelSource.none: N_("nobody's"),
}


def build(chosen: gr.Dropdown, tab: gr.Tab, private: dict[str, Any]) -> None:
    """Lay out the tab and wire it."""
    with gr.Row(equal_height=True):
        person = gr.Dropdown([], label=N_("Whose work"), filterable=False, elem_id="removal-person")
        reason = gr.Textbox(
            label=N_("Reason"), info=N_("Others will read it in the audit."), scale=2, elem_id="removal-reason"
        )
    with gr.Row(elem_classes="rondo-toolbar"):
        look = buttons.secondary(N_("Preview"), elem_id="removal-preview")
        apply = buttons.stop(N_("Remove"), interactive=False, elem_id="removal-apply")
    refused = problem("removal-problem")
    card = markup(templates.REMOVAL, templates.REMOVAL_CSS, value={}, elem_id="removal-card")
    done = plain_table("removal-done")
    with gr.Row(equal_height=True):
        which = gr.Dropdown([], label=N_("Take back"), filterable=False, scale=3, elem_id="removal-which")
        back = buttons.secondary(N_("Restore this work"), elem_id="removal-undo")

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
    text = gettext("{work} of {person} are out of the round.")
    if done.is_frozen:
        text = gettext(
            "{work} of {person} are out of the round. The labels are frozen; it is noted with the checkpoints that "
            "learned from it."
        )
    notice(text.format(work=_work(done), person=done.person))
    return [*_shown(here, round_id), ""]


@toasts
@refused_beside(5, FIELDS)
def undo(round_id: int | None, removal_id: str | None, request: gr.Request) -> list[Any]:
    """Restore the work."""
    here = context(request)
    if not removal_id:
        raise InvalidInput("No removal is chosen. Choose one from the list.", field="which")
    taken = removals.undo(here.actor, needed(round_id), removal_id)
    text = gettext("The work is restored.")
    if taken:
        text = ngettext(
            "The work is restored. {number} item stays with those who decided it meanwhile.",
            "The work is restored. {number} items stay with those who decided them meanwhile.",
            taken,
        )
    notice(text.format(number=f"{taken:,}"))
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
        rows_of(
            [gettext(name) for name in COLUMNS], [table_row(removal) for removal in done], label=gettext("Done before")
        ),
        gr.update(choices=standing, value=standing[0][1] if standing else None),
    ]


def choice(removal: Removal) -> tuple[str, str]:
    """A removal as the list to take back from names it."""
    return f"{removal.person}, {moment(removal.at)}", removal.id


def table_row(removal: Removal) -> list[str]:
    state = gettext("labels frozen") if removal.is_frozen else pgettext("removal", "out")
    state = gettext("restored") if removal.is_undone else state
    counts = f"{removal.decisions:,}", f"{removal.answers:,}"
    return [moment(removal.at), removal.who, removal.person, *counts, removal.reason, state]


def _work(removal: Removal | RemovalPreview) -> str:
    decisions = ngettext("{number} decision", "{number} decisions", removal.decisions)
    answers = ngettext("{number} answer", "{number} answers", removal.answers)
    counted = [(decisions, removal.decisions), *([(answers, removal.answers)] if removal.answers else [])]
    return gettext(" and ").join(text.format(number=f"{number:,}") for text, number in counted)


def card_value(removal_preview: RemovalPreview) -> dict[str, Any]:
    """What the card shows; texts only."""
    changes = sum(label.count for label in removal_preview.labels)
    what = ngettext("{work}; {number} label changes.", "{work}; {number} labels change.", changes)
    if removal_preview.is_frozen:
        what = ngettext(
            "{work}; {number} label would have changed. The round is past its review, so its labels and what training "
            "read stay as they are.",
            "{work}; {number} labels would have changed. The round is past its review, so its labels and what training "
            "read stay as they are.",
            changes,
        )
    return {
        "person": removal_preview.person,
        "what": what.format(work=_work(removal_preview), number=f"{changes:,}"),
        "labels": [changed_words(label) for label in removal_preview.labels],
        "datasets": [
            {"id": dataset.dataset_id, "round": dataset.round_number, "examples": f"{dataset.examples:,}"}
            for dataset in removal_preview.datasets
        ],
        "checkpoints": [
            {
                "id": checkpoint.checkpoint_id,
                "name": checkpoint.name,
                "how": gettext("trained on it") if checkpoint.is_direct else gettext("came of one"),
            }
            for checkpoint in removal_preview.checkpoints
        ],
    }


def changed_words(changed: Changed) -> str:
    """`9 labels go from no verdict back to accept, score 0.75 to 1 (the judge's)`."""
    (was, scored), (now, scores) = _verdict_and_score(changed.before), _verdict_and_score(changed.after)
    if was == now:
        text = ngettext("{number} label stays {was}", "{number} labels stay {was}", changed.count)
    elif changed.source == LabelSource.person:
        text = ngettext(
            "{number} label goes from {was} to {now}", "{number} labels go from {was} to {now}", changed.count
        )
    else:
        text = ngettext(
            "{number} label goes from {was} back to {now}", "{number} labels go from {was} back to {now}", changed.count
        )
    moved = text.format(number=f"{changed.count:,}", was=gettext(was), now=gettext(now))
    whose = gettext(WHOSE.get(changed.source, changed.source))
    if scored == scores:
        return f"{moved} ({whose})"
    with_score = gettext("{moved}, score {before} to {after} ({whose})")
    return with_score.format(moved=moved, before=scored or "–", after=scores or "–", whose=whose)


def _verdict_and_score(word: str) -> tuple[str, str]:
    """`no verdict 0.75` as its two parts; a label may have no score."""
    head, _, tail = word.rpartition(" ")
    return (head, tail) if re.fullmatch(r"-?[0-9].*", tail) else (word, "")
