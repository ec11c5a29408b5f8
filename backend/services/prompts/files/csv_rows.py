"""CSV as rows: its delimiter, its header, and what stands for a missing value."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from backend.errors import InvalidInput
from backend.services.prompts.files import limits
from backend.services.prompts.files.limits import Notes, Row

MISSING = frozenset(
    [
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "NaT",
        "None",
        "n/a",
        "nan",
        "null",
        "<null>",
    ]
)
"""What pandas, R and databases write into a CSV cell that has no value. Text files of JSON have a null of their own."""
_SEP = re.compile(r"^\"?sep=(.)\"?\s*$", re.IGNORECASE)


def _texts(file: BinaryIO, path: Path) -> Iterator[str]:
    """Decoded lines; bytes that are not UTF-8 become surrogates, which the row check finds and names."""
    for number, line in limits.lines(file):
        if line is None:
            raise InvalidInput(f"{path.name}, line {number}: {limits.too_long()}. Nothing was imported.")
        yield line.decode("utf-8", "surrogateescape")


def header_of(lines: Iterator[str], path: Path) -> tuple[list[str], str, int]:
    """The names of the columns, the delimiter, and how many lines they took; raises `InvalidInput`.

    A column without a name is called `column 3`, by its place. Empty lines above the header are skipped.
    """
    used, delimiter, header_line = 0, "", ""
    for header_line in lines:
        used += 1
        if used == 1 and (match := _SEP.match(header_line)):
            delimiter = match[1]
        elif header_line.strip():
            break
    delimiter = delimiter or max(",;\t", key=header_line.count)
    try:
        names = [name.strip() for name in next(csv.reader([header_line], delimiter=delimiter), [])]
    except csv.Error:
        names = []
    named = [name for name in names if name]
    if not named or len(set(named)) < len(named):
        raise InvalidInput(
            f"{path.name}: the first line must name the columns, each once; it is {header_line.strip()[:80]!r}."
        )
    return [name or f"column {place}" for place, name in enumerate(names, 1)], delimiter, used


def rows(file: BinaryIO, path: Path, notes: Notes) -> Iterator[Row]:
    """Yield every row with its line; a cell that stands for a missing value becomes None."""
    csv.field_size_limit(limits.ROW_BYTES)
    texts = _texts(file, path)
    header, delimiter, used = header_of(texts, path)
    num_named = max(i for i, name in enumerate(header, 1) if name != f"column {i}")
    reader = csv.reader(texts, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + used + 1
        try:
            fields = next(reader, None)
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
        if fields:
            yield line, _row(header, num_named, fields, notes)


def _row(header: list[str], num_named: int, fields: list[str], notes: Notes) -> dict[str, str | None] | str:
    if len(fields) != len(header) or num_named < len(header):
        # Spreadsheets end each line with empty cells; only those may be missing or too many.
        if len(fields) < num_named or any(fields[len(header) :]):
            return f"{len(fields)} fields, but the header names {num_named}"
        header = header[:num_named] + [
            name for name, cell in zip(header[num_named:], fields[num_named:], strict=False) if cell
        ]
        fields = fields[:num_named] + [cell for cell in fields[num_named:] if cell]
    row: dict[str, str | None] = dict(zip(header, fields, strict=True))
    if not MISSING.isdisjoint(fields):
        for name, cell in row.items():
            if cell in MISSING:
                row[name] = None
                notes.add(f"In column {name!r} cells such as {cell!r} are taken as missing")
    return row
