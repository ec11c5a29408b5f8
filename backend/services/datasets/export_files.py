"""Rows as TRL reads them, with provenance beside on request, written to JSONL or Parquet a piece at a time."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from json.encoder import encode_basestring
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.pipeline.rows import plain
from backend.services.datasets.export_rows import DECISION, NO_SIDE, ExportRow, Side
from backend.values import DatasetType, Messages

if TYPE_CHECKING:
    import pyarrow as pa  # in the functions: the web process is a tenth smaller until something is exported

Values = tuple[Any, ...]
"""One row as it is written: a value for each of `columns`, in their order."""
Columns = dict[str, str]
"""What each column holds: messages, or Arrow's name of a type."""

ROWS_AT_ONCE = 500
TABLES_A_GROUP = 20

_MESSAGES = "messages"
_TRL: dict[DatasetType, dict[str, str]] = {
    DatasetType.prompt_completion: {"prompt": _MESSAGES, "completion": _MESSAGES},
    DatasetType.preference: {"prompt": _MESSAGES, "chosen": _MESSAGES, "rejected": _MESSAGES},
    DatasetType.unpaired_preference: {"prompt": _MESSAGES, "completion": _MESSAGES, "label": "bool"},
    DatasetType.prompt_only: {"prompt": _MESSAGES},
    DatasetType.language_modeling: {"text": "string"},
}
_SINGLE = {"score": "float64", "source": "string", "sample_id": "int64"}
_PAIR = {
    "score_chosen": "float64",
    "score_rejected": "float64",
    "margin": "float64",
    "source_chosen": "string",
    "source_rejected": "string",
    "chosen_sample_id": "int64",
    "rejected_sample_id": "int64",
}
_EVERY = {
    "prompt_id": "int64",
    "origin": "string",
    "weight": "float64",
    "round": "int64",
    "checkpoint": "string",
    "judge_template": "string",
    "snapshot": "string",
}


@dataclass(frozen=True)
class Provenance:
    """What is the same for many rows: the dataset's hash and template, number and policy of each round."""

    snapshot: str
    judge_template: str
    rounds: dict[int, tuple[int, str]]

    def values(self, row: ExportRow, type: DatasetType) -> Values:
        """The provenance of a row in flat columns."""
        number, checkpoint = self.rounds.get(row.chosen.round_id or 0, (None, None))
        if row.chosen.kind == "import" or row.origin == DECISION:
            checkpoint = None  # a file brought it, or it is what a judge should have said
        sides = _pair(row.chosen, row.rejected or NO_SIDE) if type is DatasetType.preference else _single(row.chosen)
        every = row.prompt_id, row.origin, row.weight, number, checkpoint, self.judge_template, self.snapshot
        return sides + every


def _single(side: Side) -> Values:
    return side.score, side.source, side.sample_id


def _pair(chosen: Side, rejected: Side) -> Values:
    margin = None if chosen.score is None or rejected.score is None else chosen.score - rejected.score
    sources = chosen.source, rejected.source
    return chosen.score, rejected.score, margin, *sources, chosen.sample_id, rejected.sample_id


def trl(row: ExportRow, type: DatasetType) -> Values:
    """The columns TRL reads, and no other (TRL docs, "Dataset formats and types")."""
    if type is DatasetType.prompt_only:
        return (row.messages,)
    if type is DatasetType.language_modeling:
        return (plain(row.messages, row.chosen.text),)
    chosen = row.turns or [{"role": "assistant", "content": row.chosen.text}]
    if type is DatasetType.prompt_completion:
        return row.messages, chosen
    if type is DatasetType.unpaired_preference:
        return row.messages, chosen, row.label
    return row.messages, chosen, [{"role": "assistant", "content": (row.rejected or NO_SIDE).text}]


def shape(type: DatasetType, provenance: Provenance | None) -> Callable[[ExportRow], Values]:
    """What turns a row into the values that are written."""
    if provenance is None:
        return lambda row: trl(row, type)
    return lambda row: trl(row, type) + provenance.values(row, type)


def columns(type: DatasetType, *, is_strict: bool) -> Columns:
    """What is written, always the same and in the same order."""
    if is_strict:
        return dict(_TRL[type])
    return _TRL[type] | (_PAIR if type is DatasetType.preference else _SINGLE) | _EVERY


def schema(columns: Columns) -> "pa.Schema":
    """The same for Parquet."""
    import pyarrow as pa

    messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    return pa.schema([(n, messages if t == _MESSAGES else pa.type_for_alias(t)) for n, t in columns.items()])


def write_jsonl(path: Path, rows: Iterator[Values], columns: Columns) -> int:
    """Write one object a line, UTF-8 as it is; return how many."""
    write, total = as_json(columns), 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        while lines := [write(row) for row in islice(rows, ROWS_AT_ONCE)]:
            out.write("\n".join(lines) + "\n")
            total += len(lines)
    return total


def as_json(columns: Columns) -> Callable[[Values], str]:
    """What writes a row as `json` with `ensure_ascii=False` would write its object, in less than half the time."""
    template = ", ".join(f"{encode_basestring(name)}: %s" for name in columns)
    writers = [_IN_JSON[held] for held in columns.values()]

    def write(row: Values) -> str:
        return f"{{{template % tuple([in_json(value) for in_json, value in zip(writers, row, strict=True)])}}}"

    return write


def _turns(messages: Messages) -> str:
    turns = [
        f'{{"role": {encode_basestring(m["role"])}, "content": {encode_basestring(m["content"])}}}' for m in messages
    ]
    return f"[{', '.join(turns)}]"


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def _whole(value: int | None) -> str:
    return "null" if value is None else repr(value)


def _number(value: float | None) -> str:
    return "null" if value is None else repr(value) if isfinite(value) else json.dumps(value)


_IN_JSON: dict[str, Callable[[Any], str]] = {
    _MESSAGES: _turns,
    "string": _text,
    "float64": _number,
    "int64": _whole,
    "bool": json.dumps,
}


def write_parquet(path: Path, rows: Iterable[Values], columns: Columns) -> int:
    """Write row groups under one schema; return how many rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    as_arrow, total = schema(columns), 0
    with pq.ParquetWriter(path, as_arrow, compression="zstd") as out:
        tables = _tables(iter(rows), as_arrow)
        while group := list(islice(tables, TABLES_A_GROUP)):
            table = pa.concat_tables(group)
            out.write_table(table)
            total += table.num_rows
    return total


def _tables(found: Iterator[Values], columns: "pa.Schema") -> Iterator["pa.Table"]:
    """Few rows at a time: Python's garbage collector walks every row that is alive, again and again."""
    import pyarrow as pa

    while rows := list(islice(found, ROWS_AT_ONCE)):
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
