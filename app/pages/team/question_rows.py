"""The table of a project's questions."""

from backend.services.questions import QuestionView

COLUMNS = ["Place", "Question", "Key", "Kind", "Required", "State"]
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
    state = "asked" if view.is_active else "retired"
    answered = ", has answers" if view.has_answers else ""
    is_required = "yes" if view.is_required else ""
    return [
        str(place) if view.is_active else "",
        view.title,
        view.key,
        str(view.kind),
        is_required,
        f"{state}{answered}",
    ]
