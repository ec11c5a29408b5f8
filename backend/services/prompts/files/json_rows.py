"""JSON as rows: one object a line, arrays, objects one after the other, and rows wrapped in an object."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from backend.errors import InvalidInput
from backend.services.prompts.files import limits
from backend.services.prompts.files.json_values import JsonDecoder, Window, stands_twice
from backend.services.prompts.files.limits import Notes, NumberText, Row, Wanted, every, type_name

WRAPPERS = (
    "data",
    "rows",
    "examples",
    "prompts",
    "instances",
    "items",
    "records",
    "entries",
    "samples",
    "dataset",
    "train",
    "test",
    "validation",
    "questions",
    "results",
    "tasks",
)
"""Names under which a file's rows lie when one object wraps them all."""
NAMES = frozenset(
    (
        "prompt",
        "question",
        "instruction",
        "messages",
        "conversations",
        "conversation",
        "text",
        "problem",
        "input",
        "query",
        "ctx",
        "chat",
        "dialogue",
        "turns",
        "body",
        "chosen",
        "rejected",
    )
)
"""Names of which one among an object's own makes it a row, not a wrapper. In any case of letters."""
_SIMPLE = r'(?:"[^"\\]*"|-?[\d.eE+-]+|null|true|false)'
WRAPPED = re.compile(
    rf'\{{\s*(?:"(?!(?:{"|".join(sorted(NAMES))})")[^"\\]*"\s*:\s*{_SIMPLE}\s*,\s*)*"(?:{"|".join(WRAPPERS)})"\s*:\s*\[\s*[\[{{\]]'.encode()
)
PRETTY = re.compile(rb'\{[ \t]*(?:"[^"\\\r\n]*"[ \t]*:[ \t]*(?:[\[{]|"[^\r\n]*",?|[\w.+-]+,?)?[ \t]*)?\r?\n')
"""An object that goes on after its first line."""


def lines(file: BinaryIO, notes: Notes, wanted: Wanted = every) -> Iterator[Row]:
    """One object a line, of the lines that are wanted. Where a single line is all there is, it may wrap the rows."""
    decoder = JsonDecoder(notes)
    given = ((number, line) for number, line in limits.lines(file) if line is None or not line.isspace())
    first = list(islice(given, 2))
    rows = (
        (number, limits.too_long() if line is None else _object(line, decoder))
        for number, line in chain(first, given)
        if wanted is every or wanted(number)
    )
    if len(first) == 1:
        rows = (row for number, value in rows for row in unwrapped(number, value, notes))
    yield from rows


def are_lines(first: bytes, second: bytes) -> bool:
    """Whether a file is JSON lines, going by its first two: an object that ends where its line ends, and one more."""
    try:
        return isinstance(json.loads(first), dict) and second.lstrip()[:1] == b"{"
    except (ValueError, RecursionError):
        return False


def unwrapped(number: int, row: dict[str, Any] | str, notes: Notes) -> Iterator[Row]:
    """The rows of a file that is one object: its columns as lists (or by index), or the object itself as one row."""
    if isinstance(row, dict) and len(wraps := _lists_of_rows(row)) == 1:
        notes.add(_said(wraps[0], [name for name in row if name != wraps[0]]))
        as_row = _reader(notes)
        for place, value in enumerate(row[wraps[0]], 1):
            inner = as_row(value)
            yield place, inner if isinstance(inner, dict) else f"a JSON object is needed, this is {type_name(inner)}"
        return
    columns = _columns(row) if isinstance(row, dict) else None
    if columns is None:
        yield number, row
        return
    notes.add("The file is one object that holds columns; each place in them is a row")
    for place, values in enumerate(zip(*columns.values(), strict=True), 1):
        yield place, dict(zip(columns, values, strict=True))


def _lists_of_rows(value: dict[str, Any]) -> list[str]:
    """The names under which rows lie in an object; none where it is a row itself, which may have such lists, too."""
    if _has_prompt(value):
        return []
    return [name for name in WRAPPERS if isinstance(value.get(name), list)]


def _columns(row: dict[str, Any]) -> dict[str, list[Any]] | None:
    """The columns of a table written as one object, or None where it is not that."""
    values = list(row.values())
    if values and all(isinstance(v, dict) and v and all(key.isdecimal() for key in v) for v in values):
        keys = list(values[0])
        return {name: list(v.values()) for name, v in row.items()} if all(list(v) == keys for v in values) else None
    if len(values) < 1 or not all(isinstance(v, list) and v for v in values) or len({len(v) for v in values}) > 1:
        return None
    # A row may have lists of objects (messages, completions); a table has a column of plain texts.
    return row if any(isinstance(v[0], str) for v in values) and "choices" not in row else None


def _object(line: bytes, decoder: JsonDecoder) -> dict[str, Any] | str:
    """The JSON object of one line, or why there is none."""
    try:
        text = line.decode("utf-8").strip()
        value, end = decoder.decode(text)
        if end < len(text):
            return f"broken JSON: more text after the object, at column {end + 1}"
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start + 1}; save the file as UTF-8"
    except json.JSONDecodeError as error:
        return f"broken JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
    except (ValueError, RecursionError) as error:
        return f"broken JSON: {error}"
    return decoder.row(value)


def document(file: BinaryIO, path: Path, notes: Notes) -> Iterator[Row]:
    """Arrays and objects one after the other, and the rows that an object wraps. Rows are numbered from 1."""
    window = Window(file, path, JsonDecoder(notes))
    number = 0
    while c := window.skip():
        if c not in ("[", "{"):
            raise window.broken("a [ or { is due here")
        for row in _listed(window, notes) if c == "[" else _in_object(window, notes):
            number += 1
            yield number, row


def _listed(window: Window, notes: Notes) -> Iterator[dict[str, Any] | str]:
    """The rows of the array that starts here."""
    window.at += 1
    as_row = _reader(notes)
    for _ in window.parts("]"):
        yield window.json.row(as_row(window.element()))


def _in_object(window: Window, notes: Notes) -> Iterator[dict[str, Any] | str]:
    """The object that starts here as a row (or as columns), or the rows that it wraps."""
    try:
        value, _ = window.ahead()
    except (ValueError, RecursionError):
        value = None  # longer than a row may be, or broken: read part by part, that is said with its place
    if value is None or _lists_of_rows(value):
        yield from _wrapped(window, notes)
    else:
        row = window.json.row(window.element())
        yield from (value for _, value in unwrapped(1, row, notes))


def _wrapped(window: Window, notes: Notes) -> Iterator[dict[str, Any] | str]:
    """The rows in the array of an object that wraps them; the object itself, if it wraps none."""
    window.at += 1
    others: dict[str, Any] = {}
    wraps = twice = ""
    for _ in window.parts("}"):
        name = window.element()
        if not isinstance(name, str):
            raise window.broken(f"a name in double quotes is due, this is {type_name(name)}")
        if window.skip() != ":":
            raise window.broken("a colon is missing")
        window.at += 1
        if window.skip() == "[" and name in WRAPPERS and not _has_prompt(others):
            if wraps:
                raise InvalidInput(
                    f"{window.path.name} holds several lists of rows, {wraps!r} and {name!r}. Save each as a file of "
                    "its own."
                )
            wraps = name
            yield from _listed(window, notes)
        else:
            is_new = name not in others
            others[name] = window.element()
            twice = twice or window.json.twice or ("" if is_new else name)
        if wraps and _has_prompt(others):
            raise window.broken(f"beside the list {wraps!r} it has {name!r}, as a row has, but no row is so long")
    if wraps:
        notes.add(_said(wraps, list(others)))
    elif twice:
        yield stands_twice(twice)
    else:
        yield from (row for _, row in unwrapped(1, others, notes))


def _has_prompt(row: dict[str, Any]) -> bool:
    return not NAMES.isdisjoint(name.strip().lower() for name in row)


def _said(wraps: str, others: list[str]) -> str:
    beside = f"; beside them {', '.join(map(repr, others))} is not imported" if others else ""
    return f"The rows lie under {wraps!r}{beside}"


def _reader(notes: Notes) -> Callable[[Any], Any]:
    """What makes a row of each element of one list: texts are prompts where the first element is a text."""
    are_texts: list[bool] = []

    def as_row(value: Any) -> Any:
        is_text = isinstance(value, str) and not isinstance(value, NumberText)
        if not are_texts:
            are_texts.append(is_text)
            if is_text:
                notes.add("The file is a list of texts; each is a row with one column, text")
        return {"text": value} if is_text and are_texts[0] else _inner(value)

    return as_row


def _inner(value: Any) -> Any:
    """The row in an element of the Hugging Face rows API."""
    return value["row"] if isinstance(value, dict) and {"row_idx", "row"} <= value.keys() else value
