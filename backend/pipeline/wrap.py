"""Checkpoints that are weights and how they are used: what is inside one, and what a trainer that makes one left."""

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import tables
from backend.db.many import in_chunks
from backend.engines._wrapper import is_wrapper, wrapped
from backend.pipeline.stage import StageContext
from backend.trainers._engine import ENGINE_FILE
from backend.values import JSON, WRAPPER

logger = logging.getLogger("rondo.pipeline")


def plain_of(db: Session, checkpoint_id: int) -> int:
    """The checkpoint whose weights one uses, as it answers by itself: the nearest above it that wraps nothing."""
    row = db.get_one(tables.Checkpoint, checkpoint_id)
    while is_wrapper(row.engine) and row.parent_id is not None:
        row = db.get_one(tables.Checkpoint, row.parent_id)
    return row.id


def report(stage: StageContext, final: Path, step: int) -> None:
    """Say what the training counted, in the log and among the job's metrics."""
    if counts := counts_of(final):
        logger.info("%s", ", ".join(f"{name.replace('_', ' ')}: {count:,}" for name, count in counts.items()))
        stage.progress.metrics(step, counts)


def counts_of(final: Path) -> dict[str, int]:
    """What the training counted."""
    counts: dict[str, int] = json.loads((final / "train.json").read_text(encoding="utf-8"))["counts"]
    return counts


def columns(db: Session, parent: tables.Checkpoint, final: Path, dataset_id: int | None) -> dict[str, Any]:
    """The columns of the checkpoint that a training made by putting an engine around its parent's.

    final: its folder, below the data folder. Rows that lessons cite become the samples that these rows are about.
    """
    folder = settings().folder / final
    engine = json.loads((folder / ENGINE_FILE).read_text(encoding="utf-8"))
    knobs = engine["knobs"] | {
        name: list(_cited(db, passages, dataset_id)) for name, passages in engine["knobs"].items() if name == "entries"
    }
    checks = {name: value for name, value in parent.details.items() if name == "checks"}
    return {
        "kind": WRAPPER,
        "role": "policy",
        "engine": wrapped(parent.engine, engine["name"], knobs),
        "details": counts_of(folder) | checks,
    }


def _cited(db: Session, entries: Sequence[JSON], dataset_id: int | None) -> Iterator[JSON]:
    """The entries with the samples that their rows are about among their sources, instead of these rows."""
    traces = (
        traces_of(db, dataset_id, sorted({row for entry in entries for row in entry["rows"]})) if dataset_id else {}
    )
    for entry in entries:
        sources = dict.fromkeys([*entry["sources"], *(traces[row] for row in entry["rows"] if row in traces)])
        yield {name: value for name, value in entry.items() if name != "rows"} | {"sources": list(sources)}


def traces_of(db: Session, dataset_id: int, positions: Sequence[int]) -> dict[int, int]:
    """By position of a row of a dataset the sample that the chain of questions which led to its text began with."""
    row, sample, group = tables.Example, tables.Sample, tables.Group
    traces: dict[int, int] = {}
    for some in in_chunks(positions):
        query = select(row.position, row.sample_id).where(row.dataset_id == dataset_id, row.position.in_(some))
        traces |= {position: sample_id for position, sample_id in db.execute(query) if sample_id is not None}
    above, level = dict[int, int](), set(traces.values())
    while level:
        parents: dict[int, int] = {}
        for ids in in_chunks(sorted(level)):
            asked = select(sample.id, group.parent_id).join(group, group.id == sample.group_id)
            known = db.execute(asked.where(sample.id.in_(ids), group.parent_id.is_not(None))).tuples()
            parents |= {id_: parent for id_, parent in known if parent is not None}
        above |= parents
        level = set(parents.values()) - above.keys()
    return {position: _first(sample_id, above) for position, sample_id in traces.items()}


def _first(sample_id: int, above: dict[int, int]) -> int:
    while sample_id in above:
        sample_id = above[sample_id]
    return sample_id
