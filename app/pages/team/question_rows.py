"""The table of a project's questions."""

from app.widgets.value_words import word
from backend.services.questions import QuestionView
from backend.translations import N_, gettext

COLUMNS = [N_("Place"), N_("Question"), N_("Key"), N_("Kind"), N_("Required"), N_("State")]
FIELDS = {
    "The question": "question-title",
    "The help": "question-help",
    "kind": "question-kind",
    "These options cannot be used: highest": "question-highest",
    "These options cannot be used: labels": "question-labels",
    "options": "question-labels",
    "The key": "question-key",
    "There is a question with the key": "question-key",
    "No question is chosen": "question-chosen",
}
"""The fields by what a refusal calls them."""


def table_row(view: QuestionView, place: int) -> list[str]:
    """A question in the table; the retired ones, which come last, have no place."""
    state = gettext("asked") if view.is_active else gettext("retired")
    if view.has_answers:
        state = gettext("asked, has answers") if view.is_active else gettext("retired, has answers")
    is_required = gettext("yes") if view.is_required else ""
    return [
        str(place) if view.is_active else "",
        view.title,
        view.key,
        word(view.kind),
        is_required,
        state,
    ]


def named(view: QuestionView) -> str:
    """A question where one is chosen."""
    return view.title if view.is_active else gettext("{title} (retired)").format(title=view.title)
