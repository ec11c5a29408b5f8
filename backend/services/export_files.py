"""Rows as TRL reads them, with provenance beside on request, written to JSONL or Parquet a piece at a time."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.services.export_rows import Row, Side
from backend.values import JSON, DatasetType

if TYPE_CHECKING:
    import pyarrow as pa  # in the functions: the web process is a tenth smaller until something is exported

ROWS_AT_ONCE = 500
TABLES_A_GROUP = 20

_MESSAGES = "messages"
_TRL: dict[DatasetType, dict[str, str]] = {
    DatasetType.prompt_completion: {"prompt": _MESSAGES, "completion": _MESSAGES},
    DatasetType.preference: {"prompt": _MESSAGES, "chosen": _MESSAGES, "rejected": _MESSAGES},
    DatasetType.unpaired_preference: {"prompt": _MESSAGES, "completion": _MESSAGES, "label": "bool"},
}
_SINGLE = {"score": "float64", "source": "string", "sample_id": "int64"}
_PAIR = {
    "score_chosen": "float64", "score_rejected": "float64", "margin": "float64", "source_chosen": "string",
    "source_rejected": "string", "chosen_sample_id": "int64", "rejected_sample_id": "int64",
}  # fmt: skip
_EVERY = {
    "prompt_id": "int64", "origin": "string", "weight": "float64", "round": "int64",
    "checkpoint": "string", "judge_template": "string", "snapshot": "string",
}  # fmt: skip


@dataclass(frozen=True)
class Provenance:
    """What is the same for many rows: the dataset's hash and template, number and policy of each round."""

    snapshot: str
    judge_template: str
    rounds: dict[int, tuple[int, str]]

    def columns(self, row: Row) -> JSON:
        """The provenance of a row in flat columns."""
        number, checkpoint = self.rounds.get(row.chosen.round_id or 0, (None, None))
        every = {
            "prompt_id": row.prompt_id, "origin": row.origin, "weight": row.weight, "round": number,
            "checkpoint": checkpoint, "judge_template": self.judge_template, "snapshot": self.snapshot,
        }  # fmt: skip
        return (_pair(row.chosen, row.rejected) if row.rejected else _single(row.chosen)) | every


def _single(side: Side) -> JSON:
    return {"score": side.score, "source": side.source, "sample_id": side.sample_id}


def _pair(chosen: Side, rejected: Side) -> JSON:
    has_both = chosen.score is not None and rejected.score is not None
    return {
        "score_chosen": chosen.score,
        "score_rejected": rejected.score,
        "margin": (chosen.score or 0.0) - (rejected.score or 0.0) if has_both else None,
        "source_chosen": chosen.source,
        "source_rejected": rejected.source,
        "chosen_sample_id": chosen.sample_id,
        "rejected_sample_id": rejected.sample_id,
    }


def trl(row: Row, type: DatasetType) -> JSON:
    """The columns TRL reads, and no other (TRL docs, "Dataset formats and types")."""
    chosen = [{"role": "assistant", "content": row.chosen.text}]
    if type is DatasetType.prompt_completion:
        return {"prompt": row.messages, "completion": chosen}
    if type is DatasetType.unpaired_preference:
        return {"prompt": row.messages, "completion": chosen, "label": row.label}
    rejected = [{"role": "assistant", "content": row.rejected.text if row.rejected else ""}]
    return {"prompt": row.messages, "chosen": chosen, "rejected": rejected}


def shape(type: DatasetType, provenance: Provenance | None) -> Callable[[Row], JSON]:
    """What turns a row into the object that is written."""
    if provenance is None:
        return lambda row: trl(row, type)
    return lambda row: trl(row, type) | provenance.columns(row)


def schema(type: DatasetType, *, is_strict: bool) -> "pa.Schema":
    """The Parquet columns, always the same and in the same order."""
    import pyarrow as pa

    messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    columns = dict(_TRL[type])
    if not is_strict:
        columns |= (_PAIR if type is DatasetType.preference else _SINGLE) | _EVERY
    return pa.schema([(n, messages if t == _MESSAGES else pa.type_for_alias(t)) for n, t in columns.items()])


def write_jsonl(path: Path, objects: Iterator[JSON]) -> int:
    """Write one object a line, UTF-8 as it is; return how many."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    total = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        while lines := [encode(o) for o in islice(objects, ROWS_AT_ONCE)]:
            out.write("\n".join(lines) + "\n")
            total += len(lines)
    return total


def write_parquet(path: Path, objects: Iterable[JSON], columns: "pa.Schema") -> int:
    """Write row groups under one schema; return how many rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    total = 0
    with pq.ParquetWriter(path, columns, compression="zstd") as out:
        tables = _tables(iter(objects), columns)
        while group := list(islice(tables, TABLES_A_GROUP)):
            table = pa.concat_tables(group)
            out.write_table(table)
            total += table.num_rows
    return total


def _tables(objects: Iterator[JSON], columns: "pa.Schema") -> Iterator["pa.Table"]:
    """Few rows at a time: Python's garbage collector walks every row that is alive, again and again."""
    import pyarrow as pa

    while rows := list(islice(objects, ROWS_AT_ONCE)):
        arrays = [_array([row[field.name] for row in rows], field.type) for field in columns]
        yield pa.Table.from_arrays(arrays, schema=columns)


def _array(values: list[Any], type: "pa.DataType") -> "pa.Array":
    """One column. Messages are built from their parts, which takes a third of the time of lists of dicts."""
    import pyarrow as pa

    if not pa.types.is_list(type):
        return pa.array(values, type)
    ends = [0, *accumulate(map(len, values))]
    turns = list(chain.from_iterable(values))
    parts = [pa.array([turn[name] for turn in turns], pa.string()) for name in ("role", "content")]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.StructArray.from_arrays(parts, ["role", "content"]))
