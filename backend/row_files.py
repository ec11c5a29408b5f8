"""Files of rows under fixed columns: JSONL, Parquet or CSV, written a piece at a time, and whole or not at all."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain
from json.encoder import encode_basestring
from math import isfinite
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from backend import whole_files
from backend.values import Messages

if TYPE_CHECKING:
    import pyarrow as pa  # in the functions: the web process is a tenth smaller until something is exported

Format = Literal["jsonl", "parquet", "csv"]
Values = tuple[Any, ...]
"""One row as it is written: a value for each column, in their order."""
Columns = dict[str, str]
"""What each column holds: messages, chat (messages as JSON), json (a text that is JSON already), or of Arrow's types
string, int64, float64 and bool. Columns of numbers hold nothing else: what stands there is written as it is, and looked
at by nobody."""

Line = TypeVar("Line", str, bytes)

ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 8 << 20
"""Few long rows are as many as 500 short ones."""
WRITTEN_AT_ONCE = 1 << 20
"""Characters of lines that go to the file together."""
TABLES_A_GROUP = 20
BYTES_A_GROUP = 64 << 20
_decode = json.JSONDecoder().raw_decode

MESSAGES = "messages"
CHAT = "chat"
JSON_TEXT = "json"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins so is run as a formula by spreadsheets; some read the wide signs as the plain ones."""
SPLIT = re.compile(f"(?<=[;\t])(?=[\"' ]*[{re.escape(''.join(FORMULA[:4] + FORMULA[7:]))}])")
"""Where a spreadsheet that splits at semicolons or tabs would begin such a cell within a text."""


def write(path: Path, format: Format, rows: Iterable[Values], columns: Columns) -> int:
    """Write the file as `whole_files.write` does; return how many rows."""
    return whole_files.write(path, lambda part: _WRITERS[format](part, rows, columns))


def schema(columns: Columns) -> "pa.Schema":
    """The same for Parquet."""
    import pyarrow as pa

    messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    types = {MESSAGES: messages, CHAT: messages, JSON_TEXT: pa.string()}
    return pa.schema(
        [(name, types[type_] if type_ in types else pa.type_for_alias(type_)) for name, type_ in columns.items()]
    )


def at_once(rows: Iterable[Values], columns: Columns) -> Iterator[list[Values]]:
    """A few rows at a time: `ROWS_AT_ONCE`, or as many as are `BYTES_AT_ONCE` together."""
    texts = [place for place, held in enumerate(columns.values()) if held in ("string", JSON_TEXT, CHAT)]
    chats = [place for place, held in enumerate(columns.values()) if held == MESSAGES]
    # Of one place alone `itemgetter` returns no tuple; an empty slice has no length.
    texts_of = itemgetter(slice(0), *texts)
    some: list[Values] = []
    size = 0
    for row in rows:
        some.append(row)
        size += sum(map(len, filter(None, texts_of(row))))
        for place in chats:
            size += sum([len(message["content"]) for message in row[place]])
        if len(some) == ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def write_jsonl(path: Path, rows: Iterable[Values], columns: Columns) -> int:
    """Write one object a line, UTF-8 as it is; return how many."""
    total = 0
    with path.open("wb") as out:
        for lines in _together(map(as_json(columns), rows)):
            out.write(("\n".join(lines) + "\n").encode())
            total += len(lines)
    return total


def write_lines(path: Path, lines: Iterable[bytes]) -> int:
    """Write lines that are made already, as `write_jsonl` does; return how many."""
    total = 0
    with path.open("wb") as out:
        for some in _together(lines):
            some.append(b"")
            out.write(b"\n".join(some))
            total += len(some) - 1
    return total


def _together(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The lines, about `WRITTEN_AT_ONCE` characters or bytes at a time."""
    some: list[Line] = []
    size = 0
    for line in lines:
        some.append(line)
        size += len(line)
        if size >= WRITTEN_AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def as_json(columns: Columns) -> Callable[[Values], str]:
    """What writes a row as `json` with `ensure_ascii=False` would write its object, in less than a quarter of the time.

    What is no number is null, which every reader of JSON takes.
    """
    names = [encode_basestring(name) for name in columns]
    parts = [f"{{{_IN_JSON[held].format(v=f'v{number}')}}}" for number, held in enumerate(columns.values())]
    pieces = [f"{_literal(f'{name}: ')}{part}" for name, part in zip(names, parts, strict=True)]
    known: dict[str, Any] = {"text": encode_basestring, "turns": _turns, "isfinite": isfinite}
    known |= {"null": "null", "true": "true", "false": "false"}
    write: Callable[[Values], str] = _of_row(columns, f"f'{{{{{', '.join(pieces)}}}}}'", known)
    return write


def _literal(text: str) -> str:
    """A text with double quotes as it stands in an f-string between single ones."""
    return repr(text)[1:-1].replace("{", "{{").replace("}", "}}")


def _of_row(columns: Columns, result: str, known: dict[str, Any]) -> Callable[[Values], Any]:
    """A function of a row that returns what `result` says in Python, of its values v0, v1 and so on.

    It is put together for these columns, as `dataclasses` puts `__init__` together: a call for each value would take
    most of the time.
    """
    names = "".join(f"v{number}, " for number in range(len(columns)))
    namespace: dict[str, Any] = {}
    exec(f"def make(row):\n    {names}= row\n    return {result}", dict(known), namespace)
    make: Callable[[Values], Any] = namespace["make"]
    return make


_IN_JSON = {
    MESSAGES: "turns({v})",
    JSON_TEXT: "{v} or null",
    "string": "null if {v} is None else text({v})",
    "int64": "null if {v} is None else {v}",
    "float64": "null if {v} is None or not isfinite({v}) else {v}",
    "bool": "null if {v} is None else true if {v} else false",
}
"""What a value `v` is written as, in Python."""


def _turns(messages: Messages) -> str:
    turns = [
        f'{{"role": {encode_basestring(m["role"])}, "content": {encode_basestring(m["content"])}}}' for m in messages
    ]
    return f"[{', '.join(turns)}]"


def write_parquet(path: Path, rows: Iterable[Values], columns: Columns) -> int:
    """Write row groups under one schema; return how many rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    as_arrow, total = schema(columns), 0
    with pq.ParquetWriter(path, as_arrow, compression="zstd") as out:
        group: list[pa.Table] = []
        num_bytes = 0
        for table in _tables(rows, columns):
            group.append(table)
            total += table.num_rows
            num_bytes += table.nbytes
            if len(group) == TABLES_A_GROUP or num_bytes >= BYTES_A_GROUP:
                out.write_table(pa.concat_tables(group))
                group.clear()
                num_bytes = 0
        if group:
            out.write_table(pa.concat_tables(group))
    return total


def _tables(rows: Iterable[Values], columns: Columns) -> Iterator["pa.Table"]:
    """Few rows at a time, so that memory stays flat."""
    import pyarrow as pa

    as_arrow = schema(columns)
    for some in at_once(rows, columns):
        by_column = zip(zip(*some, strict=True), as_arrow.types, columns.values(), strict=True)
        arrays = [_array(_chats(values) if held == CHAT else values, type) for values, type, held in by_column]
        yield pa.Table.from_arrays(arrays, schema=as_arrow)


def _chats(texts: Sequence[str]) -> list[Messages]:
    """The messages in these texts; each text, which many rows may share, is read once."""
    chats = {text: _decode(text)[0] for text in set(texts)}
    return [chats[text] for text in texts]


def _array(values: Sequence[Any], type: "pa.DataType") -> "pa.Array":
    """One column. Messages are built from their parts, which takes a third of the time of lists of dicts."""
    import pyarrow as pa

    if not pa.types.is_list(type):
        return pa.array(values, type)
    ends = [0, *accumulate(map(len, values))]
    turns = list(chain.from_iterable(values))
    parts = [pa.array([turn[name] for turn in turns], pa.string()) for name in ("role", "content")]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.StructArray.from_arrays(parts, ["role", "content"]))


def write_csv(path: Path, rows: Iterable[Values], columns: Columns) -> int:
    """Write a head and a line for each row, as RFC 4180 has it; return how many rows.

    No cell of text begins as a formula does, also where it is read as split at semicolons or tabs: `in_cell`. Cells of
    text are quoted. Messages are JSON.
    """
    total = 0
    with path.open("wb") as out:
        out.write((",".join(map(_quoted, columns)) + "\r\n").encode())
        for lines in _together(map(_as_line(columns), rows)):
            out.write(("\r\n".join(lines) + "\r\n").encode())
            total += len(lines)
    return total


def _as_line(columns: Columns) -> Callable[[Values], str]:
    """What writes a row as `csv` with `QUOTE_NONNUMERIC` would, which looks at each character of a text by itself."""
    parts = [f"{{{_IN_CSV[held].format(v=f'v{number}')}}}" for number, held in enumerate(columns.values())]
    known: dict[str, Any] = {"quoted": _quoted, "turns": _turns, "safe": in_cell}
    known |= {"nothing": '""', "true": '"true"', "false": '"false"'}
    write: Callable[[Values], str] = _of_row(columns, f"f'{','.join(parts)}'", known)
    return write


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def in_cell(text: str) -> str:
    """The text as a cell of a spreadsheet may hold it: behind an apostrophe where it begins as a formula does."""
    if ";" in text or "\t" in text:
        text = SPLIT.sub("'", text)
    return f"'{text}" if text[:1] in _BEGINS else text


_BEGINS = frozenset(FORMULA)
_IN_CSV = {
    MESSAGES: "nothing if {v} is None else quoted(turns({v}))",
    JSON_TEXT: "nothing if {v} is None else quoted(safe({v}))",
    "string": "nothing if {v} is None else quoted(safe({v}))",
    "int64": "nothing if {v} is None else {v}",
    "float64": "nothing if {v} is None else {v}",
    "bool": "nothing if {v} is None else true if {v} else false",
}
"""What a value `v` is as a cell, in Python."""
_WRITERS: dict[str, Callable[[Path, Iterable[Values], Columns], int]] = {
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "csv": write_csv,
}
