"""The table of a project's questions."""

from app.widgets.value_words import word
from backend.services.questions import QuestionView
from backend.translations import N_, gettext

COLUMNS = [N_("Place"), N_("Question"), N_("Key"), N_("Kind"), N_("Required"), N_("State")]


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
