"""JSON as rows: one object a line, arrays, objects one after the other, and rows wrapped in an object."""

import codecs
import json
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from backend.errors import InvalidInput
from backend.services.prompts.files import limits
from backend.services.prompts.files.limits import Notes, NumberText, Row, WrittenNumber, type_name

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


class Decoder:
    """Decodes JSON values: numbers as written, NaN as missing, and no key twice."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.twice = ""
        self._json = json.JSONDecoder(
            parse_constant=self._constant, parse_float=_number, object_pairs_hook=self._object
        )

    def decode(self, text: str, at: int = 0) -> tuple[Any, int]:
        """The value that starts here and where it ends; raises `ValueError` or `RecursionError`."""
        self.twice = ""
        return self._json.raw_decode(text, at)

    def row(self, value: Any) -> dict[str, Any] | str:
        """The value just decoded as a row, or why it is none."""
        if self.twice:
            return _stands_twice(self.twice)
        return value if isinstance(value, dict) else f"a JSON object is needed, this is {type_name(value)}"

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            names = [name for name, _ in pairs]
            self.twice = next(name for name in names if names.count(name) > 1)
        return fields

    def _constant(self, name: str) -> Any:
        if name == "NaN":
            self.notes.add("NaN is taken as missing")
            return None
        return NumberText(name)


def _stands_twice(name: str) -> str:
    return f"the key {name!r} stands twice in one object; keep one of them"


def _number(written: str) -> float | NumberText:
    """A float that knows how it is written; as text where a float would be another number."""
    value = WrittenNumber(written)
    value.text = written
    if not math.isfinite(value) or (len(written) > 15 and Decimal(written) != Decimal(repr(float(value)))):
        return NumberText(written)
    return value


def lines(file: BinaryIO, _path: Path, notes: Notes) -> Iterator[Row]:
    """One object a line. Where a single line is all there is, it may wrap the rows."""
    decoder = Decoder(notes)
    rows = (
        (number, limits.too_long() if line is None else _object(line, decoder))
        for number, line in limits.lines(file)
        if line is None or not line.isspace()
    )
    first = next(rows, None)
    if first is None:
        return
    second = next(rows, None)
    if second is None:
        yield from unwrapped(*first, notes)
        return
    yield first
    yield second
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


def _object(line: bytes, decoder: Decoder) -> dict[str, Any] | str:
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


class _Window:
    """A piece of the file as text, so that one element after the other can be decoded from an array of any size."""

    def __init__(self, file: BinaryIO, path: Path, decoder: Decoder) -> None:
        self.file, self.path, self.json = file, path, decoder
        self.utf8 = codecs.getincrementaldecoder("utf-8")()
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def grow(self) -> None:
        """Drop what was used and read on: as much again as is waiting, so that a long element costs linear time."""
        self.text, self.at = self.text[self.at :], 0
        data = self.file.read(max(limits.CHUNK, len(self.text)))
        self.ended = not data
        try:
            self.text += self.utf8.decode(data, final=self.ended)
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{self.path.name} is not UTF-8 after line {self.line}. Save it as UTF-8.") from error

    def skip(self) -> str:
        """Move past blanks; return the next character, or "" at the end."""
        while True:
            while self.at < len(self.text) and (c := self.text[self.at]) in " \t\r\n":
                self.line += c == "\n"
                self.at += 1
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self.grow()

    def element(self) -> Any:
        """Decode the element that starts here; raises `InvalidInput` where the file breaks off."""
        try:
            value, end = self.ahead()
        except (ValueError, RecursionError) as error:
            raise self.broken(str(error)) from error
        self.line += self.text.count("\n", self.at, end)
        self.at = end
        return value

    def ahead(self) -> tuple[Any, int]:
        """The element that starts here and where it ends, not moving there; raises `ValueError`, `RecursionError`."""
        while True:
            try:
                value, end = self.json.decode(self.text, self.at)
            except (ValueError, RecursionError) as error:
                if self.ended or len(self.text) - self.at > limits.ROW_BYTES or isinstance(error, RecursionError):
                    raise
            else:
                if end < len(self.text) or self.ended:
                    return value, end
            self.grow()

    def parts(self, end: str) -> Iterator[None]:
        """Stop before each part of the array or object that was just opened, and move past its end."""
        is_first = True
        while (c := self.skip()) != end:
            if not is_first:
                if c != ",":
                    raise self.broken(f"a comma or {end} is missing" if c else "the file ends here")
                self.at += 1
                c = self.skip()
            if not c:
                raise self.broken("the file ends here")
            is_first = False
            yield
        self.at += 1

    def broken(self, why: str) -> InvalidInput:
        return InvalidInput(
            f"{self.path.name}: the JSON array breaks in the row that starts on line {self.line} ({why}). Nothing was "
            "imported. Mend the file, or write one JSON object per line: then only the broken line is left out."
        )


def document(file: BinaryIO, path: Path, notes: Notes) -> Iterator[Row]:
    """Arrays and objects one after the other, and the rows that an object wraps. Rows are numbered from 1."""
    window = _Window(file, path, Decoder(notes))
    number = 0
    while c := window.skip():
        if c not in ("[", "{"):
            raise window.broken("a [ or { is due here")
        for row in _listed(window, notes) if c == "[" else _in_object(window, notes):
            number += 1
            yield number, row


def _listed(window: _Window, notes: Notes) -> Iterator[dict[str, Any] | str]:
    """The rows of the array that starts here."""
    window.at += 1
    as_row = _reader(notes)
    for _ in window.parts("]"):
        yield window.json.row(as_row(window.element()))


def _in_object(window: _Window, notes: Notes) -> Iterator[dict[str, Any] | str]:
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


def _wrapped(window: _Window, notes: Notes) -> Iterator[dict[str, Any] | str]:
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
        yield _stands_twice(twice)
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
