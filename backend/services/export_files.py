"""Rows as TRL reads them, with provenance beside on request, written to JSONL or Parquet a piece at a time."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from backend.services.export_rows import Row, Side
from backend.values import JSON, DatasetType

ROWS_AT_ONCE = 500
TABLES_A_GROUP = 20

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_TRL: dict[DatasetType, dict[str, pa.DataType]] = {
    DatasetType.prompt_completion: {"prompt": _MESSAGES, "completion": _MESSAGES},
    DatasetType.preference: {"prompt": _MESSAGES, "chosen": _MESSAGES, "rejected": _MESSAGES},
    DatasetType.unpaired_preference: {"prompt": _MESSAGES, "completion": _MESSAGES, "label": pa.bool_()},
}
_SINGLE = {"score": pa.float64(), "source": pa.string(), "sample_id": pa.int64()}
_PAIR = {
    "score_chosen": pa.float64(), "score_rejected": pa.float64(), "margin": pa.float64(), "source_chosen": pa.string(),
    "source_rejected": pa.string(), "chosen_sample_id": pa.int64(), "rejected_sample_id": pa.int64(),
}  # fmt: skip
_EVERY = {
    "prompt_id": pa.int64(), "origin": pa.string(), "weight": pa.float64(), "round": pa.int64(),
    "checkpoint": pa.string(), "judge_template": pa.string(), "snapshot": pa.string(),
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


def schema(type: DatasetType, *, is_strict: bool) -> pa.Schema:
    """The Parquet columns, always the same and in the same order."""
    columns = dict(_TRL[type])
    if not is_strict:
        columns |= (_PAIR if type is DatasetType.preference else _SINGLE) | _EVERY
    return pa.schema(list(columns.items()))


def write_jsonl(path: Path, objects: Iterator[JSON]) -> int:
    """Write one object a line, UTF-8 as it is; return how many."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    total = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        while lines := [encode(o) for o in islice(objects, ROWS_AT_ONCE)]:
            out.write("\n".join(lines) + "\n")
            total += len(lines)
    return total


def write_parquet(path: Path, objects: Iterable[JSON], columns: pa.Schema) -> int:
    """Write row groups under one schema; return how many rows."""
    import pyarrow.parquet as pq

    total = 0
    with pq.ParquetWriter(path, columns, compression="zstd") as out:
        tables = _tables(iter(objects), columns)
        while group := list(islice(tables, TABLES_A_GROUP)):
            table = pa.concat_tables(group)
            out.write_table(table)
            total += table.num_rows
    return total


def _tables(objects: Iterator[JSON], columns: pa.Schema) -> Iterator[pa.Table]:
    """Few rows at a time: Python's garbage collector walks every row that is alive, again and again."""
    while rows := list(islice(objects, ROWS_AT_ONCE)):
        arrays = [_array([row[field.name] for row in rows], field.type) for field in columns]
        yield pa.Table.from_arrays(arrays, schema=columns)


def _array(values: list[Any], type: pa.DataType) -> pa.Array:
    """One column. Messages are built from their parts, which takes a third of the time of lists of dicts."""
    if type != _MESSAGES:
        return pa.array(values, type)
    ends = [0, *accumulate(map(len, values))]
    turns = list(chain.from_iterable(values))
    parts = [pa.array([turn[name] for turn in turns], pa.string()) for name in ("role", "content")]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.StructArray.from_arrays(parts, ["role", "content"]))
