"""The texts that a trainer wrote itself, as samples of kind rollout in groups of its step."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows
from backend.pipeline.stage import StageContext
from backend.values import JSON, SampleKind, Split

FILE = "samples.jsonl"
FOLDER = "folder"
"""The key of a job's spec under which its training's folder stands, below the data folder."""
LINES_AT_ONCE = 1000
NOTED = ("reward", "advantage", "turns", "components", "said", "guided")


def announce(stage: StageContext, folder: Path) -> None:
    """Note on the job where its training writes, so that people can look at the texts while it runs."""
    with reading() as db:
        if db.get_one(tables.Job, stage.job_id).spec.get(FOLDER) == str(folder):
            return  # an attempt before this one said so
    with stage.writing() as db:
        job = db.get_one(tables.Job, stage.job_id)
        job.spec = job.spec | {FOLDER: str(folder)}


def write(db: Session, stage: StageContext, dataset_id: int, checkpoint_id: int, folder: Path) -> None:
    """Insert all texts of a finished training, in its order. They have no labels: no judge's step, selector or
    reviewer sees them."""
    texts = groups = 0
    for lines in _chunks(folder / FILE):
        starts = [line for line in lines if line["position"] == 0]
        _write_groups(db, stage, dataset_id, starts, groups)
        places = _places(db, stage, max(groups - 1, 0), groups + len(starts))
        _write_samples(db, stage, checkpoint_id, lines, places, groups - 1)
        texts, groups = texts + len(lines), groups + len(starts)
    round_ = db.get_one(tables.Round, stage.round.id)
    round_.counts = round_.counts | {"rollouts": round_.counts.get("rollouts", 0) + texts}


def _chunks(file: Path) -> Iterator[list[JSON]]:
    if not file.exists():
        return
    with file.open(encoding="utf-8") as lines:
        while some := [json.loads(line) for line in islice(lines, LINES_AT_ONCE)]:
            yield some


def _write_groups(db: Session, stage: StageContext, dataset_id: int, starts: Sequence[JSON], first: int) -> None:
    """A group for each prompt at each time it was answered, numbered from `first`."""
    row = tables.Example
    query = select(row.position, row.prompt_id, row.messages).where(
        row.dataset_id == dataset_id, row.position.in_({line["row"] for line in starts})
    )
    asked = {position: (prompt_id, messages) for position, prompt_id, messages in db.execute(query)}
    columns: dict[str, Sequence[Any]] = {
        "prompt_id": [asked[line["row"]][0] for line in starts],
        "messages": [asked[line["row"]][1] for line in starts],
        "position": range(first, first + len(starts)),
    }
    common = {"round_id": stage.round.id, "split": Split.train, "step": stage.step, "created_at": now()}
    insert_rows(db, tables.Group, common | {"is_stripped": False}, columns)


def _places(db: Session, stage: StageContext, first: int, end: int) -> dict[int, tuple[int, int]]:
    """Ids and prompts of the groups at these positions."""
    group = tables.Group
    of_step = (group.round_id == stage.round.id, group.split == Split.train, group.step == stage.step)
    query = select(group.position, group.id, group.prompt_id).where(
        *of_step, group.position >= first, group.position < end
    )
    return {position: (id_, prompt_id) for position, id_, prompt_id in db.execute(query)}


def _write_samples(
    db: Session,
    stage: StageContext,
    checkpoint_id: int,
    lines: Sequence[JSON],
    places: dict[int, tuple[int, int]],
    at: int,
) -> None:
    """at: the group that the lines before belong to; a line at position 0 begins the next."""
    whose = []
    for line in lines:
        at += line["position"] == 0
        whose.append(places[at])
    common = {
        "project_id": stage.round.project_id,
        "round_id": stage.round.id,
        "split": Split.train,
        "seed": 0,
        "step": stage.step,
        "role": stage.place.step.makes,
        "kind": SampleKind.rollout.value,
        "checkpoint_id": checkpoint_id,
        "score_like": False,
        "created_at": now(),
    }
    columns: dict[str, Sequence[Any]] = {
        "group_id": [group_id for group_id, _ in whose],
        "prompt_id": [prompt_id for _, prompt_id in whose],
        "position": [line["position"] for line in lines],
        "text": [clean(line["text"]) for line in lines],
        "finish_reason": [line["finish_reason"] for line in lines],
        "num_tokens": [line["num_tokens"] for line in lines],
        "extra": [_noted(line) for line in lines],
    }
    insert_rows(db, tables.Sample, common, columns)


def _noted(line: JSON) -> JSON:
    """What a sample keeps of its line: the optimizer step, the reward, and the reasons for it."""
    kept = {name: line[name] for name in NOTED if line.get(name) not in (None, {}, "")}
    if "said" in kept:
        kept["said"] = clean(kept["said"])
    return kept | {"optimizer_step": line["step"]}
