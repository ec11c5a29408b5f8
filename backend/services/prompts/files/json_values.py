"""JSON values of a file: numbers as they are written, and one element after the other of an array of any size."""

import codecs
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from backend.errors import InvalidInput
from backend.services.prompts.files import limits
from backend.services.prompts.files.limits import Notes, NumberText, WrittenNumber, type_name


class JsonDecoder:
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
            return stands_twice(self.twice)
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


def stands_twice(name: str) -> str:
    return f"the key {name!r} stands twice in one object; keep one of them"


def _number(written: str) -> float | NumberText:
    """A float that knows how it is written; as text where a float would be another number."""
    value = WrittenNumber(written)
    value.text = written
    if not math.isfinite(value) or (len(written) > 15 and Decimal(written) != Decimal(repr(float(value)))):
        return NumberText(written)
    return value


class Window:
    """A piece of the file as text, so that one element after the other can be decoded from an array of any size."""

    def __init__(self, file: BinaryIO, path: Path, decoder: JsonDecoder) -> None:
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
