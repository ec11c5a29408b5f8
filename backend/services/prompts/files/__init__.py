"""Files of prompts as rows: JSONL, JSON, CSV, plain text, Parquet, Arrow and saved datasets, text also packed as .gz.

Told apart by content and read as a stream. Each reader yields `(number, row)`: the row as a dict, or the reason it
cannot be read. A damage after which nothing can be told apart any more (a cut-off Parquet file, a quote that is never
closed) refuses the file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from backend.errors import InvalidInput
from backend.services.prompts.files import arrow_rows, csv_rows, json_rows, limits, opening
from backend.services.prompts.files.limits import Notes, Row, Wanted, empty, every
from backend.services.prompts.files.opening import Opened

__all__ = ["PACKED_SUFFIX", "PromptFile", "Row", "open_file", "read"]

PACKED_SUFFIX = ".gz"
TEXT_SUFFIXES = (".txt", ".text")
KINDS = {
    "jsonl": "JSON lines",
    "json": "JSON",
    "csv": "CSV",
    "text": "plain text lines",
    "parquet": "Parquet",
    "arrow": "Arrow",
    "folder": "a dataset saved to disk",
}
_ARCHIVES = {
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"BZh91AY": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}
HEADERS = frozenset(
    [
        "prompt",
        "text",
        "question",
        "problem",
        "instruction",
        "input",
        "messages",
        "conversations",
        "chosen",
        "rejected",
        "completion",
        "answer",
        "query",
    ]
)
"""Names by which a first line of a .txt file is the header of a CSV."""


@dataclass
class PromptFile:
    """A file that was looked at: its kind, and its rows on demand. `notes` fills while rows are read."""

    path: Path
    kind: str
    opened: Opened | None = None
    notes: Notes = field(default_factory=Notes)

    @property
    def unit(self) -> str:
        """What the number of a row counts."""
        return "line" if self.kind in ("jsonl", "csv", "text") else "row"

    @property
    def is_table(self) -> bool:
        """Whether every row has the same columns."""
        return self.kind in ("csv", "text", "parquet", "arrow", "folder")

    @property
    def title(self) -> str:
        """The kind in words."""
        return KINDS[self.kind] + (", packed" if self.opened and self.opened.is_packed else "")

    def rows(self, wanted: Wanted = every) -> Iterator[Row]:
        """Yield `(number, row)` for every row; lines count from 1, the CSV header included.

        wanted: tells of a number whether its row is; of JSON lines the others are not even decoded.
        """
        self.notes.counts.clear()
        if self.kind == "jsonl" and self.opened is not None:
            with opening.binary(self.path, self.opened) as file:
                yield from json_rows.lines(file, self.notes, wanted)
            return
        yield from self._all_rows() if wanted is every else (row for row in self._all_rows() if wanted(row[0]))

    def _all_rows(self) -> Iterator[Row]:
        if self.opened is None:
            readers = {"parquet": arrow_rows.parquet, "arrow": arrow_rows.arrow, "folder": arrow_rows.folder}
            yield from readers[self.kind](self.path, self.notes)
            return
        texts = {"json": json_rows.document, "csv": csv_rows.rows, "text": _lines_of_text}
        with opening.binary(self.path, self.opened) as file:
            yield from texts[self.kind](file, self.path, self.notes)


def open_file(path: Path) -> PromptFile:
    """Tell what kind of file this is by its first bytes; raises `InvalidInput`."""
    if path.is_dir():
        return PromptFile(path, "folder")
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(b"PAR1"):
        return PromptFile(path, "parquet")
    if start.startswith((arrow_rows.IPC_FILE, arrow_rows.IPC_STREAM)):
        return PromptFile(path, "arrow")
    for magic, name in _ARCHIVES.items():
        if start.startswith(magic):
            raise InvalidInput(
                f"{path.name} is {name}, which cannot be imported. Unpack it first, then import the result."
            )
    opened = opening.look(path)
    return PromptFile(path, _kind_of_text(path, opened), opened)


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a file; see `PromptFile.rows`."""
    yield from open_file(path).rows()


def _kind_of_text(path: Path, opened: Opened) -> str:
    text = opened.start.lstrip()
    if not text:
        raise empty(path)
    if opened.is_packed and text.startswith(b"PAR1"):
        raise InvalidInput(f"{path.name} is a Parquet file packed as gzip. Unpack it first, then import the result.")
    if b"\x00" in opened.start[:4096]:
        raise InvalidInput(
            f"{path.name} is not a text file. Import JSONL, a JSON array, CSV, plain text, Parquet or Arrow."
        )
    suffix = (Path(path.stem) if path.suffix.lower() == PACKED_SUFFIX else path).suffix.lower()
    if suffix in (".csv", ".tsv"):
        return "csv"
    if _is_array(text, suffix) or json_rows.PRETTY.match(text):
        return "json"
    if json_rows.WRAPPED.match(text):
        return "jsonl" if json_rows.are_lines(*_first_lines(path, opened)) else "json"
    if text.startswith(b"{") or suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    return "text" if suffix in TEXT_SUFFIXES and not _has_header(text) else "csv"


def _is_array(text: bytes, suffix: str) -> bool:
    """Whether this is a JSON array. A line of plain text may begin with a bracket, too."""
    if suffix == ".json":
        return not text.startswith(b"{")
    begins = rb"\[\s*[\[{\]]" if suffix in (*TEXT_SUFFIXES, ".jsonl", ".ndjson") else rb"\[\s*[\[{\]\"]"
    return re.match(begins, text) is not None


def _first_lines(path: Path, opened: Opened) -> tuple[bytes, bytes]:
    """The first two lines that are not blank; of a longer one the beginning, which is no whole object."""
    with opening.binary(path, opened) as file:
        lines = (line or b"{" for _, line in limits.lines(file) if line is None or not line.isspace())
        return next(lines, b""), next(lines, b"")


def _has_header(text: bytes) -> bool:
    first = text.splitlines()[0].decode("utf-8", "replace").lower()
    return not HEADERS.isdisjoint(name.strip().strip('"') for name in re.split("[,;\t]", first))


def _lines_of_text(file: BinaryIO, path: Path, notes: Notes) -> Iterator[Row]:
    """Every line that is not blank, as a row with one column `text`."""
    for number, line in limits.lines(file):
        if line is None:
            yield number, limits.too_long()
        elif not line.isspace():
            try:
                yield number, {"text": line.decode("utf-8").rstrip("\r\n")}
            except UnicodeDecodeError as error:
                yield number, f"not UTF-8 at byte {error.start + 1}; save the file as UTF-8"
