"""Lettered choices of a multiple-choice row, and the answer that names one of them: a letter, its text or a number."""

import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from backend.services.prompts.cells import plain_text
from backend.services.prompts.files.limits import NumberText, type_name
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.messages import BadRow, from_text

STRAY = 20
"""One number of so many that only fits the other way of counting is a mistake of its row, which is refused alone."""
DIGITS = 4


@dataclass(frozen=True)
class Places:
    """How the numbers of a file name choices. `first`: what they count from.

    `are_used`: some answers can be nothing but numbers. `are_mixed`: some count from 0 and others from 1.
    """

    first: int = 0
    are_used: bool = False
    are_mixed: bool = False

    def sentences(self) -> list[str]:
        """What is said of it in the preview and the report."""
        if not self.are_used:
            return []
        if self.are_mixed:
            return ["Answers given as numbers count the choices from 0 in some rows and from 1 in others"]
        return [f"Answers given as numbers count the choices from {self.first}"]


ANY = Places()


class Choices(NamedTuple):
    """Letters and texts in the file's order; an empty text is no choice, but keeps its place."""

    pairs: list[tuple[str, str]]
    is_lettered: bool = False
    """Whether the letters are the file's own."""

    @property
    def texts(self) -> dict[str, str]:
        return {letter: text for letter, text in self.pairs if text}

    def at(self, stated: str, first: int) -> str | None:
        """The letter of the choice with this number, if it is one. Where letters are numbers, there are no others."""
        if not stated.isdecimal() or len(stated) > DIGITS or any(letter.isdecimal() for letter, _ in self.pairs):
            return None
        place = int(stated) - first
        return self.pairs[place][0] if 0 <= place < len(self.pairs) and self.pairs[place][1] else None

    def with_text(self, stated: str) -> str | None:
        return next((letter for letter, text in self.pairs if text and text.strip() == stated), None)


def with_choices(row: dict[str, Any], columns: tuple[str, ...]) -> str:
    """The choices, a line each, with their letters; "" where the row has none."""
    return "\n".join(f"{letter}. {text}" for letter, text in choices_of(row, columns).texts.items())


def choices_of(row: dict[str, Any], columns: tuple[str, ...]) -> Choices:
    """The choices by letter: of a column each, of a list, of letters and texts, or of texts by letter."""
    if len(columns) > 1:
        # Of several columns that hold all choices each row fills its own.
        whole = next((name for name in columns if row.get(name) and isinstance(row[name], list | dict)), None)
        if whole is None:
            pairs = [
                (letter, plain_text(row.get(name), name))
                for letter, name in zip(string.ascii_uppercase, columns, strict=False)
            ]
            lettered = zip(pairs, columns, strict=False)
            return Choices(pairs, all(name[-1:].upper() == letter for (letter, _), name in lettered))
        columns = (whole,)
    column = columns[0]
    value = row.get(column)
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        value = from_text(value, column)
    if isinstance(value, dict):
        told, letters = value.get("text"), value.get("label")
        if isinstance(told, list) and isinstance(letters, list) and len(told) == len(letters):
            return Choices([(str(a), plain_text(text, column)) for a, text in zip(letters, told, strict=True)], True)
        return Choices([(str(a), plain_text(text, column)) for a, text in value.items()], True)
    if not value:
        return Choices([])
    if not isinstance(value, list) or len(value) > len(string.ascii_uppercase):
        raise BadRow(f"column {column!r} is {type_name(value)}, not a list of up to 26 choices")
    return Choices([(a, _choice(choice, column)) for a, choice in zip(string.ascii_uppercase, value, strict=False)])


def _choice(value: Any, column: str) -> str:
    if isinstance(value, dict):
        value = next((value[name] for name in ("text", "content", "value") if name in value), None)
    text = plain_text(value, column)
    if not text:
        raise BadRow(f"a choice in column {column!r} is empty")
    return text


def chosen_answer(row: dict[str, Any], columns: tuple[str, ...], value: Any, places: Places = ANY) -> str | None:
    """The letter of the right choice, from a letter, a choice's text or its number; raises `BadRow`.

    What names two choices, by its text and by its number, is refused; a text in quotes that the file's other answers
    do not make a number is a text.
    """
    if value is None or value == "":
        return None
    if isinstance(value, list):
        raise BadRow("several choices are right, and an answer is one")
    choices, stated = choices_of(row, columns), _said(value)
    texts = choices.texts
    letter = next((letter for letter in (stated, stated.upper()) if letter in texts), None)
    if not texts or (letter and choices.is_lettered):
        return letter or stated
    text, place = choices.with_text(stated), choices.at(stated, places.first)
    if letter and text in (None, letter):
        return letter
    is_quoted = isinstance(value, str) and not isinstance(value, NumberText)
    if text and place and text != place and is_quoted and not places.are_used:
        return text
    if text and (letter or (place and text != place)):
        kind = "letter" if letter else "number"
        raise BadRow(
            f"the answer {stated[:80]!r} is the text of choice {text} and the {kind} of choice {letter or place}; "
            "write "
            "which one is meant"
        )
    if place and not text and places.are_mixed:
        raise BadRow(f"the answer {stated!r} is a number, and the file counts choices from 0 and from 1; write letters")
    if text or place:
        return text or place
    raise BadRow(f"the answer {stated[:80]!r} is none of the choices {', '.join(texts)}")


def _said(value: Any) -> str:
    """An answer as its choice is written."""
    return plain_text(value, "answer").strip()


def places_of(rows: Iterable[tuple[int, Any]], mapping: Mapping) -> Places:
    """How the answers of these rows count: a 0 is no number from 1 on, the number of choices is none from 0 on."""
    if not mapping.choices or not mapping.answer:
        return ANY
    from_0 = from_1 = either = 0
    for _, row in rows:
        value = row.get(mapping.answer) if isinstance(row, dict) else None
        if not isinstance(value, str | int | float) or not _said(value).isdecimal():
            continue
        try:
            choices = choices_of(row, mapping.choices)
        except BadRow:
            continue
        stated = _said(value)
        if choices.with_text(stated):
            continue
        counted = choices.at(stated, 0) is not None, choices.at(stated, 1) is not None
        from_0 += counted == (True, False)
        from_1 += counted == (False, True)
        either += counted == (True, True)
    return Places(
        first=int(from_1 > from_0),
        are_used=bool(from_0 or from_1 or either),
        are_mixed=min(from_0, from_1) * STRAY > max(from_0, from_1),
    )
