"""Trees of texts, batch by batch: the groups that a generator makes of its own texts, each batch as a whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import values
from backend.boundary import clean
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows
from backend.db.many import in_chunks
from backend.engines import Engine
from backend.pipeline import groups as group_values
from backend.pipeline import left_out
from backend.pipeline.answer import AnswerRetry, close, empty_labels
from backend.pipeline.groups import StageGroup
from backend.pipeline.left_out import ServedGate
from backend.pipeline.sample_columns import columns_of
from backend.pipeline.stage import StageContext
from backend.values import Split

Grow = Callable[[Sequence[values.Prompt], int], list[list[values.Group]]]
"""Prompts of one batch and the batch's number in; the groups made of each prompt out, as by `Generator.grow`."""


@dataclass(frozen=True)
class Grown:
    """What came of one batch of prompts: the groups of each, and what was left out."""

    rows: list[StageGroup]
    groups: list[list[values.Group]]
    items: list[left_out.LeftOutItem]

    @property
    def served(self) -> int:
        return sum(len(group.samples) for groups in self.groups for group in groups)


def grow_missing(
    stage: StageContext,
    rows: Sequence[StageGroup],
    *,
    engine: Engine | None,
    checkpoint_id: int,
    grow: Grow,
    seed: int,
    role: str,
) -> None:
    """Grow what is not there yet; of a retry, what was asked for again.

    Batches are cut by position and written in order. How many are written stands on the round, since a batch may make
    nothing: a rerun goes on with the next one, and makes the same groups in the same order.
    """
    again = AnswerRetry(left_out.asked(stage)) if left_out.is_retry(stage) else None
    done = batches_done(stage)
    gate = ServedGate("prompts", anything_yet=done > 0 or again is not None, in_order=True)
    for number, batch in enumerate(in_chunks(rows, stage.recipe.groups_per_batch)):
        todo = [row for row in batch if again is None or row.id in again.groups]
        if todo and (again is not None or number >= done):
            grown = _grown(grow, todo, number, checkpoint_id)
            place: dict[str, Any] = {"checkpoint_id": checkpoint_id, "seed": seed, "role": role}
            gate.pass_batch(
                partial(write, stage, grown, number, again=again, **place),
                served=grown.served,
                failures=[item.failure for item in grown.items],
            )
        stage.progress.advance(len(todo))
    close(gate, engine)


def batches_done(stage: StageContext) -> int:
    """How many batches of the step are written."""
    with reading() as db:
        steps = db.scalar(select(tables.Round.steps).where(tables.Round.id == stage.round.id)) or {}
    return int(steps.get(str(stage.step), {}).get("batches", 0))


def _grown(grow: Grow, rows: list[StageGroup], number: int, checkpoint_id: int) -> Grown:
    """Grow a batch, and say what could not be answered."""
    with reading() as db:
        prompts = group_values.prompts_of(db, rows)
    grown, items = [], []
    for row, groups in zip(rows, _groups(grow, prompts, number), strict=True):
        failed = [sample.failure for group in groups for sample in group.samples if sample.failure is not None]
        items += [
            left_out.LeftOutItem(failure, row.id, row.prompt_id, checkpoint_id=checkpoint_id) for failure in failed[:1]
        ]
        grown.append([] if failed else groups)
    return Grown(rows, grown, items)


def _groups(grow: Grow, prompts: list[values.Prompt], number: int) -> list[list[values.Group]]:
    """The groups of each prompt. Where a part raises for the batch, each prompt is asked alone to find the culprit."""
    try:
        return grow(prompts, number)
    except Exception as error:
        first = left_out.failure_of(error)
        if len(prompts) == 1:
            return [_failed(prompts[0], first)]
    groups = []
    for prompt in prompts:
        try:
            groups += grow([prompt], number)
        except Exception as error:
            groups.append(_failed(prompt, left_out.failure_of(error)))
    return groups


def _failed(prompt: values.Prompt, failure: values.Failure) -> list[values.Group]:
    return [values.Group(prompt, (values.Sample(0, prompt.id, "", "error", failure=failure),))]


def write(
    stage: StageContext,
    grown: Grown,
    number: int,
    *,
    checkpoint_id: int,
    seed: int,
    role: str,
    again: AnswerRetry | None,
) -> None:
    """Insert the groups and samples of one batch, the empty labels, and what was left out, in one transaction."""
    written_at = now()
    with stage.writing() as db:
        for ids in _insert(db, stage, grown, checkpoint_id=checkpoint_id, seed=seed, role=role):
            for some in in_chunks(ids):
                db.execute(empty_labels(some, checkpoint_id, written_at, step=stage.step))
        if again is not None:
            left_out.rewrite(db, stage, again.ids_of(grown.rows), grown.items)
            return
        left_out.write(db, stage, grown.items)
        round_ = db.get_one(tables.Round, stage.round.id)
        round_.steps = round_.steps | {str(stage.step): {"groups": None, "batches": number + 1}}


def _insert(
    db: Session, stage: StageContext, grown: Grown, *, checkpoint_id: int, seed: int, role: str
) -> list[list[int]]:
    """Insert the groups level by level, parents first; returns the groups' ids of each level.

    Groups stand in order of their prompts, behind those of the batches before.
    """
    group, sample = tables.Group, tables.Sample
    of_step = (group.round_id == stage.round.id, group.split == Split.train, group.step == stage.step)
    first = db.scalar(select(func.coalesce(func.max(group.position) + 1, 0)).where(*of_step)) or 0
    flat = [(row, group) for row, groups in zip(grown.rows, grown.groups, strict=True) for group in groups]
    rest = list(enumerate(flat, start=first))
    common = {"round_id": stage.round.id, "split": Split.train, "step": stage.step, "created_at": now()}
    of_samples = common | {"project_id": stage.round.project_id, "seed": seed, "role": role}
    written: dict[int, int] = {}
    levels = []
    while rest:
        due = [child.parent is None or id(child.parent) in written for _, (_, child) in rest]
        assert any(due), "a group goes on from a sample that is in no group before it"
        level = [item for item, is_due in zip(rest, due, strict=True) if is_due]
        rest = [item for item, is_due in zip(rest, due, strict=True) if not is_due]
        insert_rows(db, group, common, _columns(level, written))
        positions = [position for position, _ in level]
        ids = {
            position: group_id
            for some in in_chunks(positions)
            for position, group_id in db.execute(
                select(group.position, group.id).where(*of_step, group.position.in_(some))
            )
        }
        whose = [(ids[position], row.prompt_id, sample) for position, (row, child) in level for sample in child.samples]
        insert_rows(db, sample, of_samples, columns_of(whose, checkpoint_id))
        places = {(group_id, sample.position): sample for group_id, _, sample in whose}
        for some in in_chunks(list(ids.values())):
            query = select(sample.id, sample.group_id, sample.position).where(sample.group_id.in_(some))
            for sample_id, group_id, position in db.execute(query):
                written[id(places[group_id, position])] = sample_id
        levels.append(list(ids.values()))
    return levels


def _kept(messages: values.Messages) -> values.Messages:
    """The messages as they can be kept: they hold what a model wrote."""
    return [{"role": message["role"], "content": clean(message["content"])} for message in messages]


def _columns(level: Sequence[tuple[int, tuple[StageGroup, values.Group]]], written: dict[int, int]) -> dict[str, Any]:
    """The columns of groups. The first group of a prompt that asks what the prompt says has no messages of its own."""
    columns = [(row, child, child.parent is not None or row.is_own) for _, (row, child) in level]
    return {
        "prompt_id": [row.prompt_id for row, _, _ in columns],
        "position": [position for position, _ in level],
        "parent_id": [written[id(child.parent)] if child.parent is not None else None for _, child, _ in columns],
        "messages": [_kept(child.prompt.messages) if is_own else None for _, child, is_own in columns],
        "answer": [child.prompt.answer if row.is_own else None for row, child, _ in columns],
        "is_stripped": [False] * len(columns),
        "cut": [None] * len(columns),
    }
