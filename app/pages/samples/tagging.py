"""The part of the samples page that puts tags to samples and takes them away."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from app.pages.samples import templates
from app.pages.samples.drawing import listing, round_of
from app.toasts import toasts
from app.widgets import buttons
from app.widgets.chosen import CurrentChoice
from app.widgets.context import context
from app.widgets.markup import markup
from app.widgets.roles import needs
from app.widgets.sample_filters import parts_of, read_filters
from backend.errors import InvalidInput
from backend.services.samples import tags
from backend.translations import N_, gettext, ngettext
from backend.values import Role

PRIVATE: dict[str, Any] = {"api_visibility": "private", "concurrency_limit": None}
OPENED, LISTED = "opened", "listed"
WHICH = [(N_("The sample that is open"), OPENED), (N_("Everything the filter finds (curators)"), LISTED)]


@dataclass(frozen=True)
class TagForm:
    """The words, what they are put to, and the acts."""

    words: gr.Textbox
    which: gr.Radio
    put: gr.Button
    take: gr.Button
    note: gr.HTML


def build() -> TagForm:
    """Lay the part out; only who may decide sees it."""
    with gr.Accordion(N_("Tag samples"), open=False, elem_id="samples-tagging", elem_classes=needs(Role.reviewer)):
        with gr.Row(equal_height=True):
            words = gr.Textbox(
                label=N_("Tags"),
                info=N_("Commas between them. Others see them, but not while a review hides what colleagues say."),
                placeholder=N_("hard, look again"),
                max_length=400,
                scale=3,
                elem_id="samples-tags",
            )
            which = gr.Radio(WHICH, value=OPENED, label=N_("Of"), scale=2, elem_id="samples-tags-which")
        with gr.Row(elem_classes="rondo-toolbar"):
            put = buttons.secondary(N_("Add tags"), elem_id="samples-tags-add")
            take = buttons.secondary(N_("Remove tags"), elem_id="samples-tags-remove")
            note = markup(templates.COUNT, value="", elem_id="samples-tags-said")
    return TagForm(words, which, put, take, note)


def wire(form: TagForm, asked_for: gr.State, listed: list[Any]) -> None:
    """`listed`: what `listing` draws."""
    given, shown = [asked_for, form.words, form.which], [*listed, form.note, form.words]
    gr.on([form.put.click, form.words.submit], add_tags, given, shown, **PRIVATE)
    form.take.click(remove_tags, given, shown, **PRIVATE)


@toasts
def add_tags(asked_for: CurrentChoice, words: str | None, which: str | None, request: gr.Request) -> list[Any]:
    """Put the tags to the opened sample, or to all that the filter finds."""
    return _changed(asked_for, parts_of(words or "", ","), [], which, request)


@toasts
def remove_tags(asked_for: CurrentChoice, words: str | None, which: str | None, request: gr.Request) -> list[Any]:
    """Take the tags from it, or from them."""
    return _changed(asked_for, [], parts_of(words or "", ","), which, request)


def _changed(
    asked_for: CurrentChoice, add: list[str], remove: list[str], which: str | None, request: gr.Request
) -> list[Any]:
    here, query = context(request), asked_for.value
    if which == LISTED:
        done = tags.change_all(here.actor, round_of(query), read_filters(query), add=add, remove=remove)
    elif query.get("sample"):
        done = tags.change(here.actor, [int(query["sample"])], add=add, remove=remove)
    else:
        raise InvalidInput("No sample is open. Choose one from the table, then tag it.")
    note = gettext("Nothing to change.")
    if done.number:
        text = ngettext("{number} sample changed.", "{number} samples changed.", done.number)
        note = text.format(number=f"{done.number:,}")
    return [*listing(here, asked_for, query, open_sample=True), note, ""]
