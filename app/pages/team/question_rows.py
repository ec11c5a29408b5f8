"""The table of a project's questions."""

from backend.services.questions import QuestionView

COLUMNS = ["Place", "Question", "Key", "Kind", "Required", "State"]


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
