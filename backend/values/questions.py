"""A project's own questions about a sample: what kinds there are, and what an answer to each kind holds."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

LOWEST_RATING, HIGHEST_RATING = 1, 10
MOST_LABELS = 20
MOST_LABEL = 80
MOST_ANSWER = 4_000
MOST_SPANS = 100
MOST_OFFSET = 10_000_000
SEPARATORS = ",;"
"""What parts several tests of answers, on a page and on a command line."""
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a question is called in filters, exports and recipes."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=MOST_LABEL, strip_whitespace=True)]

KEPT_QUESTIONS = "questions"
"""What a round's step keeps of the questions that it asks a judge: they are asked as they were when it began."""


class QuestionKind(StrEnum):
    """What answers a question: a number from 1 up, one label, any number of labels, a text, or labelled places."""

    rating = "rating"
    label = "label"
    labels = "labels"
    text = "text"
    spans = "spans"

    @property
    def has_labels(self) -> bool:
        return self in (QuestionKind.label, QuestionKind.labels, QuestionKind.spans)


class QuestionOptions(BaseModel):
    """What one can answer. `highest`: the highest rating. `labels`: those of one, of many, or of spans.

    `is_critique`: recipes may take a free text that answers it as a critique of the sample.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    highest: int = Field(5, ge=LOWEST_RATING + 1, le=HIGHEST_RATING)
    labels: tuple[Label, ...] = Field((), max_length=MOST_LABELS)
    is_critique: bool = False

    def fault_for(self, kind: QuestionKind) -> str:
        """What is wrong with these options for a kind of question, as a sentence; empty where nothing is."""
        if self.is_critique and kind is not QuestionKind.text:
            return "Only a free text can be a critique. Choose the kind text, or leave that out."
        folded = [label.strip().casefold() for label in self.labels]
        if kind.has_labels and len(folded) < (1 if kind is QuestionKind.spans else 2):
            return "There are too few labels to choose from. Give one a line."
        if not all(folded) or len(set(folded)) < len(folded):
            return "A label is empty, or stands there twice. Give each a name of its own."
        if any(not label.isprintable() for label in self.labels):
            return "A label holds a sign that cannot be shown. Type it again."
        if wrong := next((label for label in self.labels if set(label) & set(SEPARATORS)), ""):
            return f"The label {wrong!r} holds a comma or a semicolon, which lists of tests part at. Leave it out."
        return ""


class Raters(StrEnum):
    """Whose ratings a selector goes by."""

    people = "people"
    judge = "judge"
    both = "both"
    """People's; the judge's where nobody rated."""


@dataclass(frozen=True)
class AskedQuestion:
    """A question as it was asked: `key` is what filters and recipes call it, `help` stands below its title."""

    id: int
    key: str
    kind: QuestionKind
    title: str
    help: str = ""
    options: QuestionOptions = field(default_factory=QuestionOptions)


class AnswerValue(BaseModel):
    """What an answer holds: one field, named as the kind of its question."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def fault_for(self, options: QuestionOptions, length: int) -> str:
        """Why it answers no question with these options, of a sample of so many characters; empty where it does."""
        return ""

    @property
    def number(self) -> float | None:
        """The rating; None for other kinds."""
        return None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The labels that it chose."""
        return ()


class RatingAnswer(AnswerValue):
    rating: int

    def fault_for(self, options: QuestionOptions, length: int) -> str:
        is_known = LOWEST_RATING <= self.rating <= options.highest
        return "" if is_known else f"The rating {self.rating} is not from {LOWEST_RATING} to {options.highest}."

    @property
    def number(self) -> float | None:
        return float(self.rating)


class LabelAnswer(AnswerValue):
    label: str

    def fault_for(self, options: QuestionOptions, length: int) -> str:
        return unknown_label((self.label,), options)

    @property
    def chosen(self) -> tuple[str, ...]:
        return (self.label,)


class LabelsAnswer(AnswerValue):
    """An empty list says that no label holds."""

    labels: list[str] = Field(max_length=MOST_LABELS)

    def fault_for(self, options: QuestionOptions, length: int) -> str:
        if len(set(self.labels)) < len(self.labels):
            return "A label is there twice."
        return unknown_label(self.labels, options)

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(self.labels)


class TextAnswer(AnswerValue):
    text: Annotated[str, StringConstraints(min_length=1, max_length=MOST_ANSWER)]

    def fault_for(self, options: QuestionOptions, length: int) -> str:
        return "" if self.text.strip() and "\x00" not in self.text else "The text shows nothing. Write one."


class Span(BaseModel):
    """A place in a sample's text: from the character `start` up to `end`, as Python counts them (code points)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    start: int = Field(ge=0, le=MOST_OFFSET)
    end: int = Field(ge=1, le=MOST_OFFSET)
    label: str


class SpansAnswer(AnswerValue):
    """An empty list says that there is no such place."""

    spans: list[Span] = Field(max_length=MOST_SPANS)

    def fault_for(self, options: QuestionOptions, length: int) -> str:
        for span in self.spans:
            if not span.start < span.end <= length:
                return f"There is no place from {span.start} to {span.end} in a text of {length} characters."
        return unknown_label(self.chosen, options)

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(span.label for span in self.spans))


ANSWERS: dict[QuestionKind, type[AnswerValue]] = {
    QuestionKind.rating: RatingAnswer,
    QuestionKind.label: LabelAnswer,
    QuestionKind.labels: LabelsAnswer,
    QuestionKind.text: TextAnswer,
    QuestionKind.spans: SpansAnswer,
}


def read_answer(kind: QuestionKind, options: QuestionOptions, value: Any, length: int) -> AnswerValue:
    """The answer that was given; raises `ValueError`, with a sentence, where it answers no such question."""
    try:
        answer = ANSWERS[kind].model_validate(value)
    except ValidationError as error:
        raise ValueError(f"An answer to it looks like {{{EXAMPLES[kind]}}}.") from error
    fault = answer.fault_for(options, length)
    if fault:
        raise ValueError(fault)
    return answer


EXAMPLES = {
    QuestionKind.rating: '"rating": 4',
    QuestionKind.label: '"label": "good"',
    QuestionKind.labels: '"labels": ["good", "short"]',
    QuestionKind.text: '"text": "too long"',
    QuestionKind.spans: '"spans": [{"start": 0, "end": 5, "label": "wrong"}]',
}


def unknown_label(chosen: tuple[str, ...] | list[str], options: QuestionOptions) -> str:
    """That one of these labels is not among the options; empty where all are."""
    wrong = next((label for label in chosen if label not in options.labels), None)
    return (
        "" if wrong is None else f"There is no label {wrong[:MOST_LABEL]!r}. Choose from {', '.join(options.labels)}."
    )


def in_words(value: AnswerValue) -> str:
    """Each chosen label on a line of its own, with line ends around, as a filter looks for it."""
    return "\n".join(("", *value.chosen, "")) if value.chosen else ""
