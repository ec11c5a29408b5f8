"""Cells as text: context below a prompt, lettered choices, and the answer that names one of them."""

import json
import string
from typing import Any

from backend.services.prompt_files.limits import Written, type_name
from backend.services.prompt_messages import BadRow, from_text


def plain_text(value: Any, column: str | None) -> str:
    """A cell that goes into the prompt as text: a list of texts one below the other, nothing for an empty one."""
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, str):
        return value.strip() and str(value)
    if isinstance(value, Written):
        return value.text
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n\n".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes):
        raise BadRow(f"column {column!r} is {type_name(value)}, which a prompt cannot hold")
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def with_choices(row: dict[str, Any], columns: tuple[str, ...]) -> str:
    """The choices, a line each, with their letters; "" where the row has none."""
    return "\n".join(f"{letter}. {text}" for letter, text in choices_of(row, columns).items())


def choices_of(row: dict[str, Any], columns: tuple[str, ...]) -> dict[str, str]:
    """The choices by letter: of a column each, of a list, of letters and texts, or of texts by letter."""
    if len(columns) > 1:
        texts = [plain_text(row.get(name), name) for name in columns]
        return {letter: text for letter, text in zip(string.ascii_uppercase, texts, strict=False) if text}
    value = row.get(columns[0])
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        value = from_text(value, columns[0])
    if isinstance(value, dict):
        told, letters = value.get("text"), value.get("label")
        if isinstance(told, list) and isinstance(letters, list) and len(told) == len(letters):
            return {str(letter): str(text) for letter, text in zip(letters, told, strict=True)}
        return {str(letter): str(text) for letter, text in value.items() if text is not None}
    if not value:
        return {}
    if not isinstance(value, list) or len(value) > len(string.ascii_uppercase):
        raise BadRow(f"column {columns[0]!r} is {type_name(value)}, not a list of up to 26 choices")
    return dict(zip(string.ascii_uppercase, (_choice(one, columns[0]) for one in value), strict=False))


def _choice(value: Any, column: str) -> str:
    if isinstance(value, dict):
        value = next((value[name] for name in ("text", "content", "value") if name in value), None)
    text = plain_text(value, column)
    if not text:
        raise BadRow(f"a choice in column {column!r} is empty")
    return text


def chosen_answer(row: dict[str, Any], columns: tuple[str, ...], value: Any) -> str | None:
    """The letter of the right choice, from a letter, a place counted from 0, or the choice's text."""
    if value is None or value == "":
        return None
    choices = choices_of(row, columns)
    said = value.text if isinstance(value, Written) else str(value).strip()
    if isinstance(value, list):
        raise BadRow("several choices are right, and an answer is one")
    if not choices or said in choices:
        return said
    if said.upper() in choices:
        return said.upper()
    letters = list(choices)
    if said.isdecimal() and not isinstance(value, bool) and int(said) < len(letters):
        return letters[int(said)]
    if said in choices.values():
        return next(letter for letter, text in choices.items() if text == said)
    raise BadRow(f"the answer {said[:80]!r} is none of the choices {', '.join(letters)}")
