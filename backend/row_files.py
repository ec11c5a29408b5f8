"""Files of rows under fixed columns: JSONL, Parquet or CSV, written a piece at a time, and whole or not at all."""

import csv
import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import accumulate, chain
from json.encoder import encode_basestring
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from backend import private
from backend.errors import MissingPrerequisite
from backend.values import Messages

if TYPE_CHECKING:
    import pyarrow as pa  # in the functions: the web process is a tenth smaller until something is exported

Format = Literal["jsonl", "parquet", "csv"]
Values = tuple[Any, ...]
"""One row as it is written: a value for each column, in their order."""
Columns = dict[str, str]
"""What each column holds: messages, json (a text that is JSON already), or Arrow's name of a type."""

ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 8 << 20
"""Few long rows are as many as 500 short ones."""
TABLES_A_GROUP = 20
BYTES_A_GROUP = 64 << 20
PART = ".part-"

MESSAGES = "messages"
JSON_TEXT = "json"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins so is run as a formula by spreadsheets; some read the wide signs as the plain ones."""
SPLIT = re.compile(f"(?<=[;\t])(?=[\"' ]*[{re.escape(''.join(FORMULA[:4] + FORMULA[7:]))}])")
"""Where a spreadsheet that splits at semicolons or tabs would begin such a cell within a text."""


def write(path: Path, format: Format, rows: Iterator[Values], columns: Columns) -> int:
    """Write beside the target and rename, so that a reader sees a whole file or none; return how many rows.

    A process that is killed leaves its part: `forget_parts`. Raises `MissingPrerequisite` where the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_part(path))
    os.close(handle)
    part = Path(name)
    try:
        num_rows = _WRITERS[format](part, rows, columns)
        private.share(part)
        part.replace(path)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(path.parent).free // 1024**2
        raise MissingPrerequisite(
            f"The disk of {path.parent} is full ({free} MB free); {path.name} is not written. Free space and retry."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return num_rows


def forget_parts(path: Path) -> None:
    """Delete what killed processes wrote of this file. One that still writes it fails at its end."""
    for part in path.parent.glob(f"{_part(path)}*"):
        with suppress(OSError):
            part.unlink()


def _part(path: Path) -> str:
    """How the names of its parts begin; short enough for every file system."""
    return f"{PART}{path.name[:60]}-"


def schema(columns: Columns) -> "pa.Schema":
    """The same for Parquet."""
    import pyarrow as pa

    messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    types = {MESSAGES: messages, JSON_TEXT: pa.string()}
    return pa.schema(
        [(name, types[type_] if type_ in types else pa.type_for_alias(type_)) for name, type_ in columns.items()]
    )


def at_once(rows: Iterable[Values]) -> Iterator[list[Values]]:
    """A few rows at a time: `ROWS_AT_ONCE`, or as many as are `BYTES_AT_ONCE` together."""
    some: list[Values] = []
    size = 0
    for row in rows:
        some.append(row)
        size += sum([len(value) for value in row if value.__class__ is str])
        size += sum([len(m["content"]) for value in row if value.__class__ is list for m in value])
        if len(some) == ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def write_jsonl(path: Path, rows: Iterator[Values], columns: Columns) -> int:
    """Write one object a line, UTF-8 as it is; return how many."""
    write, total = as_json(columns), 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for some in at_once(rows):
            out.write("\n".join(map(write, some)) + "\n")
            total += len(some)
    return total


def as_json(columns: Columns) -> Callable[[Values], str]:
    """What writes a row as `json` with `ensure_ascii=False` would write its object, in less than a third of the time.

    What is no number is null, which every reader of JSON takes.

    The function is put together for these columns, as `dataclasses` puts `__init__` together: a call for each value
    would take most of the time.
    """
    names = [f"v{number}" for number in range(len(columns))]
    written = [_IN_JSON[held].format(v=name) for name, held in zip(names, columns.values(), strict=True)]
    template = ", ".join(f"{encode_basestring(name).replace('%', '%%')}: %s" for name in columns)
    source = f"def write(row):\n    {', '.join(names)}, = row\n    return template % ({', '.join(written)},)"
    namespace: dict[str, Any] = {}
    known = {"text": encode_basestring, "turns": _turns, "isfinite": isfinite}
    exec(source, known | {"template": f"{{{template}}}"}, namespace)
    write: Callable[[Values], str] = namespace["write"]
    return write


_IN_JSON = {
    MESSAGES: "turns({v})",
    JSON_TEXT: "{v} or 'null'",
    "string": "'null' if {v} is None else text({v})",
    "int64": "'null' if {v} is None else {v}",
    "float64": "'null' if {v} is None or not isfinite({v}) else {v}",
    "bool": "'null' if {v} is None else 'true' if {v} else 'false'",
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
        for table in _tables(iter(rows), as_arrow):
            group.append(table)
            total += table.num_rows
            if len(group) == TABLES_A_GROUP or sum(table.nbytes for table in group) >= BYTES_A_GROUP:
                out.write_table(pa.concat_tables(group))
                group.clear()
        if group:
            out.write_table(pa.concat_tables(group))
    return total


def _tables(batches: Iterator[Values], columns: "pa.Schema") -> Iterator["pa.Table"]:
    """Few rows at a time: Python's garbage collector walks every row that is alive, again and again."""
    import pyarrow as pa

    for rows in at_once(batches):
        arrays = [_array(values, field.type) for values, field in zip(zip(*rows, strict=True), columns, strict=True)]
        yield pa.Table.from_arrays(arrays, schema=columns)


def _array(values: Values, type: "pa.DataType") -> "pa.Array":
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
    makers, total = [_CELLS.get(held) for held in columns.values()], 0
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(columns)
        for row in rows:
            cells = zip(makers, row, strict=True)
            writer.writerow([value if make is None or value is None else make(value) for make, value in cells])
            total += 1
    return total


def in_cell(text: str) -> str:
    """The text as a cell of a spreadsheet may hold it: behind an apostrophe where it begins as a formula does."""
    text = SPLIT.sub("'", text)
    return f"'{text}" if text.startswith(FORMULA) else text


_CELLS: dict[str, Callable[[Any], str]] = {
    MESSAGES: _turns,
    JSON_TEXT: in_cell,
    "string": in_cell,
    "bool": json.dumps,
}
_WRITERS: dict[str, Callable[[Path, Iterator[Values], Columns], int]] = {
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "csv": write_csv,
}
