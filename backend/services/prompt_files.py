"""Files of prompts as rows: JSONL, a JSON array, CSV, Parquet. Told apart by content, read as a stream.

Each reader yields `(line, row)`: the row as a dict, or the reason it cannot be read. A damage after which nothing
can be told apart any more (a cut-off Parquet file, a quote that is never closed) refuses the file.
"""

import codecs
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from backend.errors import InvalidInput
from backend.services import prompt_parquet_limits

ROW_BYTES = 8 * 1024 * 1024
"""Longest row that is read; a longer one is reported and skipped."""
PARQUET_ROWS = 256
PARQUET_BYTES = 16 * 1024**3
CHUNK = 1 << 18

Row = tuple[int, dict[str, Any] | str]

_ARCHIVES = {b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a gzip archive", b"7z\xbc\xaf": "a 7z archive"}
_WIDE = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16", codecs.BOM_UTF32_BE: "UTF-32"}


def kind_of(path: Path) -> str:
    """Tell `parquet`, `json` (an array), `jsonl` or `csv` by the first bytes; raises `InvalidInput`."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(b"PAR1"):
        return "parquet"
    for magic, name in (_ARCHIVES | _WIDE).items():
        if start.startswith(magic):
            way_out = "Unpack it first" if magic in _ARCHIVES else "Save it as UTF-8"
            raise InvalidInput(f"{path.name} is {name}, which cannot be imported. {way_out}, then import the result.")
    text = start.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text:
        raise _empty(path)
    if b"\x00" in start:
        raise InvalidInput(f"{path.name} is not a text file. Import JSONL, a JSON array, CSV or Parquet.")
    if path.suffix.lower() in (".csv", ".tsv"):
        return "csv"
    if re.match(rb"\[\s*[\[{\]]", text):
        return "json"
    return "jsonl" if text.startswith(b"{") or path.suffix.lower() in (".jsonl", ".ndjson") else "csv"


def read(path: Path) -> Iterator[Row]:
    """Yield `(line, row)` for every row of the file; lines count from 1, the CSV header included."""
    kind = kind_of(path)
    if kind == "parquet":
        yield from _parquet(path)
        return
    with path.open("rb") as file:
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        reader = {"json": _json_array, "jsonl": _json_lines, "csv": _csv}[kind]
        yield from reader(file, path)


def _empty(path: Path) -> InvalidInput:
    return InvalidInput(f"{path.name} is empty. Choose a file with at least one row.")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_no_constant)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines with their number; None for one that is too long, which is skipped in pieces."""
    number = 0
    while line := file.readline(ROW_BYTES + 1):
        number += 1
        if len(line) <= ROW_BYTES:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(CHUNK)
        yield number, None


def _too_long() -> str:
    return f"longer than {ROW_BYTES // 1024**2} MB; shorten it"


def _json_lines(file: BinaryIO, _path: Path) -> Iterator[Row]:
    for number, line in _lines(file):
        if line is None:
            yield number, _too_long()
        elif not line.isspace():
            yield number, _object(line)


def _object(line: bytes) -> dict[str, Any] | str:
    """The JSON object of one line, or why there is none."""
    try:
        text = line.decode("utf-8").strip()
        value, end = _decoder.raw_decode(text)
        if end < len(text):
            return f"broken JSON: more text after the object, at column {end + 1}"
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start + 1}; save the file as UTF-8"
    except json.JSONDecodeError as error:
        return f"broken JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
    except (ValueError, RecursionError) as error:
        return f"broken JSON: {error}"
    return value if isinstance(value, dict) else f"a JSON object is needed, this is {type_name(value)}"


def type_name(value: Any) -> str:
    """What a JSON value is called in a message."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


class _Window:
    """A piece of the file as text, so that one element after the other can be decoded from an array of any size."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file, self.path = file, path
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def grow(self) -> None:
        """Drop what was used and read on: as much again as is waiting, so that a long element costs linear time."""
        self.text, self.at = self.text[self.at :], 0
        data = self.file.read(max(CHUNK, len(self.text)))
        self.ended = not data
        try:
            self.text += self.decoder.decode(data, final=self.ended)
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{self.path.name} is not UTF-8 after line {self.line}. Save it as UTF-8.") from error

    def skip(self, characters: str) -> str:
        """Move past blanks and the given characters; return the next one, or "" at the end."""
        while True:
            while self.at < len(self.text) and (c := self.text[self.at]) in characters + " \t\r\n":
                self.line += c == "\n"
                self.at += 1
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self.grow()

    def element(self) -> Any:
        """Decode the element that starts here; raises `InvalidInput` where the file breaks off."""
        while True:
            try:
                value, end = _decoder.raw_decode(self.text, self.at)
            except (ValueError, RecursionError) as error:
                if self.ended or len(self.text) - self.at > ROW_BYTES or isinstance(error, RecursionError):
                    raise self.broken(str(error)) from error
            else:
                if end < len(self.text) or self.ended:
                    self.line += self.text.count("\n", self.at, end)
                    self.at = end
                    return value
            self.grow()

    def broken(self, why: str) -> InvalidInput:
        return InvalidInput(
            f"{self.path.name}: the JSON array breaks in the row that starts on line {self.line} ({why}). Nothing was "
            "imported. Mend the file, or write one JSON object per line: then only the broken line is left out."
        )


def _json_array(file: BinaryIO, path: Path) -> Iterator[Row]:
    window = _Window(file, path)
    window.skip("")
    window.at += 1
    first = True
    while (c := window.skip("")) != "]":
        if not first:
            if c != ",":
                raise window.broken("a comma or ] is missing")
            window.at += 1
            c = window.skip("")
        first, line = False, window.line
        if not c:
            raise window.broken("the file ends here")
        value = window.element()
        yield line, value if isinstance(value, dict) else f"a JSON object is needed, this is {type_name(value)}"


def _texts(file: BinaryIO, path: Path) -> Iterator[str]:
    """Decoded lines; bytes that are not UTF-8 become surrogates, which the row check finds and names."""
    for number, line in _lines(file):
        if line is None:
            raise InvalidInput(f"{path.name}, line {number}: {_too_long()}. Nothing was imported.")
        yield line.decode("utf-8", "surrogateescape")


def _csv(file: BinaryIO, path: Path) -> Iterator[Row]:
    csv.field_size_limit(ROW_BYTES)
    lines = _texts(file, path)
    header_line = next(lines, "")
    delimiter = max(",;\t", key=header_line.count)
    header = [name.strip() for name in next(csv.reader([header_line], delimiter=delimiter), [])]
    if not any(header) or len(set(header)) < len(header):
        raise InvalidInput(
            f"{path.name}: the first line must name the columns, each once; it is {header_line.strip()[:80]!r}."
        )
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = rows.line_num + 2
        try:
            fields = next(rows, None)
        except csv.Error as error:
            if "unexpected end" in str(error) or "field limit" in str(error):
                raise InvalidInput(
                    f"{path.name}: a quote opened in the row on line {line} is never closed. Nothing was imported. "
                    "Close it, or write a quote inside a field twice."
                ) from error
            yield line, f"broken CSV: {error}"
            continue
        if fields is None:
            return
        if len(fields) == len(header):
            yield line, dict(zip(header, fields, strict=True))
        elif fields:
            yield line, f"{len(fields)} fields, but the header names {len(header)}"


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow as pa

    try:
        with prompt_parquet_limits.opened(path, memory_map=True, buffer_size=CHUNK, pre_buffer=False) as file:
            _check_parquet(path, file.metadata)
            number = 0
            for batch in file.iter_batches(PARQUET_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        why = str(error).splitlines()[0]
        raise InvalidInput(
            f"{path.name} cannot be read as Parquet ({why}). It may be cut off; nothing was imported. Write it again."
        ) from error


def _check_parquet(path: Path, metadata: Any) -> None:
    """Refuse an empty file and one that would unpack to more than any data folder should take."""
    if metadata.num_rows == 0:
        raise _empty(path)
    unpacked = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    if unpacked > PARQUET_BYTES:
        raise InvalidInput(
            f"{path.name} would unpack to {unpacked / 1024**3:.0f} GB; the limit is {PARQUET_BYTES // 1024**3} GB. "
            "Split it into several files."
        )
