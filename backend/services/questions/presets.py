"""What a new question is made of, and sets of questions that come ready."""

from dataclasses import dataclass, field

from backend.values.questions import QuestionKind, QuestionOptions


@dataclass(frozen=True)
class NewQuestion:
    """A question to be asked. `key`: how filters, exports and recipes call it; empty makes one of the title."""

    title: str
    kind: QuestionKind = QuestionKind.rating
    key: str = ""
    help: str = ""
    options: QuestionOptions = field(default_factory=QuestionOptions)
    is_required: bool = False


def _rating(key: str, title: str, help: str) -> NewQuestion:
    return NewQuestion(title, QuestionKind.rating, key, help)


PRESETS: dict[str, tuple[NewQuestion, ...]] = {
    "ratings": (
        _rating("helpfulness", "Helpfulness", "1: of no use to who asked. 5: all that who asked needs."),
        _rating("accuracy", "Accuracy", "1: wrong in what matters. 5: everything in it is right."),
        _rating("style", "Style", "1: hard to read, or in the wrong tone. 5: clear, and as short as it can be."),
    ),
}
"""By name: helpfulness, accuracy and style, each from 1 to 5."""
