"""Answering prompts batch by batch: shared by the generate stage and by measuring."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Insert, exists, insert, literal, or_, select
from sqlalchemy.orm import Session

from backend import values
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows
from backend.db.many import in_chunks
from backend.engines import Engine
from backend.errors import EngineError, InvalidInput
from backend.pipeline import groups as group_values
from backend.pipeline import left_out
from backend.pipeline.ahead import BatchWindow, BatchWork
from backend.pipeline.groups import StageGroup
from backend.pipeline.left_out import ServedGate
from backend.pipeline.sample_columns import columns_of
from backend.pipeline.split import Parts, SharedBatch
from backend.pipeline.stage import StageContext
from backend.recipes import POLICY
from backend.values import FailureKind, SampleKind, Split

Answer = Callable[[Sequence[values.Prompt], int], list[list[values.Sample]]]
"""Prompts of one batch and the batch's number in; the samples of each prompt out."""
Ready = Callable[[Session, Sequence[StageGroup], Sequence[values.Prompt]], list[values.Prompt]]
"""Groups and their prompts in; the prompts with what a generator reads beside them out."""

MEASURING = 1
"""The step of what is made for measuring, whatever the recipe's steps are; in a recipe of slots it is the generator."""


def answer_missing(
    stage: StageContext,
    rows: Sequence[StageGroup],
    *,
    engine: Engine | None,
    checkpoint_id: int,
    answer: Answer,
    seed: int,
    step: int = MEASURING,
    role: str = POLICY,
    may_overlap: bool = True,
    ready: Ready = lambda _db, _groups, prompts: list(prompts),
) -> None:
    """Answer what has no samples of this step yet and was not left out; of a retry, what was asked for again.

    Batches are cut by position and written whole, with what they left out, so a rerun sees the same batches and makes
    the same samples. may_overlap: `answer` may be called by several threads at a time, where the engine is a server.
    """
    again = AnswerRetry(left_out.asked(stage)) if left_out.is_retry(stage) else None
    skip = left_out.group_ids(stage, checkpoint_id)
    batches = list(in_chunks(rows, stage.recipe.groups_per_batch))

    def count(some: Sequence[StageGroup]) -> dict[int, int]:
        with reading() as db:
            return group_values.sample_counts(db, some, checkpoint_id=checkpoint_id, step=step)

    def todo_of(batch: Sequence[StageGroup], have: dict[int, int]) -> list[StageGroup]:
        return [g for g in batch if (g.id in again.groups if again else g.id not in have and g.id not in skip)]

    # A helper does batches of which another process found that they are due.
    have = count(rows) if stage.helper is None else {}
    due = [number for number, batch in enumerate(batches) if todo_of(batch, have)]
    gate = ServedGate("prompts", anything_yet=bool(have) or again is not None)
    if not again and stage.helper is None:
        is_due = set(due)
        done = [sum(have.get(g.id, 0) for g in batch) for n, batch in enumerate(batches) if n not in is_due]
        stage.progress.advance(sum(done))

    def begin(part: SharedBatch) -> BatchWork[AnsweredBatch]:
        batch = batches[part.number]
        todo = todo_of(batch, count(batch) if stage.helper else have)
        with reading() as db:
            prompts = ready(db, todo, group_values.prompts_of(db, todo))
        return BatchWork(len(todo), partial(_ask, todo, prompts, answer, part.number, checkpoint_id))

    parts = Parts(stage, due, may_share=True, is_served=lambda: gate.is_served)
    with BatchWindow(parts, begin, engine if may_overlap else None) as window:
        for part, asked in window:
            kept = again.missing(asked) if again else asked
            gate.brought = gate.brought or asked.served < sum(map(len, asked.samples))
            place: dict[str, Any] = {"split": batches[part.number][0].split, "checkpoint_id": checkpoint_id}
            place |= {"seed": seed, "step": step, "role": role}
            units = len(asked.groups) if again else sum(map(len, kept.samples)) + len(kept.items)
            gate.pass_batch(
                part.unless_lost(partial(write, part.written(units), kept, again=again, **place)),
                served=kept.served,
                failures=[item.failure for item in asked.items],
            )
            stage.progress.advance(units)
    close(gate, engine)


@dataclass(frozen=True)
class AnsweredBatch:
    """What came of the prompts of one batch: the samples of each group, and what was left out."""

    groups: list[StageGroup]
    samples: list[list[values.Sample]]
    items: list[left_out.LeftOutItem]

    @property
    def served(self) -> int:
        """How many samples a model made; what a file brought says nothing of the server."""
        return sum(sample.kind != SampleKind.imported for several in self.samples for sample in several)


class AnswerRetry:
    """What a retry asks for: groups, and of each the positions that are missing (None: all of them)."""

    def __init__(self, rows: Sequence[tables.LeftOut]) -> None:
        self.rows = rows
        self.groups: dict[int, set[int | None]] = defaultdict(set)
        for row in rows:
            if row.group_id is not None:
                self.groups[row.group_id].add(row.position)

    def missing(self, asked: AnsweredBatch) -> AnsweredBatch:
        """Leave out what the round has already."""
        samples_of = []
        for group, samples in zip(asked.groups, asked.samples, strict=True):
            wanted = self.groups[group.id]
            # Where some of a group were served, so was what files brought.
            samples_of.append(
                [
                    sample
                    for sample in samples
                    if None in wanted or (sample.kind != SampleKind.imported and sample.position in wanted)
                ]
            )
        return replace(asked, samples=samples_of)

    def ids_of(self, groups: Sequence[StageGroup]) -> list[int]:
        """The rows about these groups."""
        ids = {group.id for group in groups}
        return [row.id for row in self.rows if row.group_id in ids]


def _ask(
    groups: list[StageGroup], prompts: list[values.Prompt], answer: Answer, number: int, checkpoint_id: int
) -> AnsweredBatch:
    """Answer a batch, and say what could not be answered."""
    good_ones, items = [], []
    for group, samples in zip(groups, _answers(answer, prompts, number), strict=True):
        good = [sample for sample in samples if sample.failure is None]
        bad = [(None if not good else sample.position, sample.failure) for sample in samples if sample.failure]
        good_ones.append(good)
        items += [
            left_out.LeftOutItem(failure, group.id, group.prompt_id, checkpoint_id=checkpoint_id, position=position)
            for position, failure in (bad if good else bad[:1])
        ]
    return AnsweredBatch(groups, good_ones, items)


def _answers(answer: Answer, prompts: list[values.Prompt], number: int) -> list[list[values.Sample]]:
    """The samples of each prompt. Where a part raises for the batch, each prompt is asked alone to find the culprit."""
    try:
        return answer(prompts, number)
    except Exception as error:
        first = left_out.failure_of(error)
        if len(prompts) == 1:
            return [[_failed(prompts[0], first)]]
    answers = []
    for prompt in prompts:
        try:
            answers += answer([prompt], number)
        except Exception as error:
            answers.append([_failed(prompt, left_out.failure_of(error))])
    return answers


def _failed(prompt: values.Prompt, failure: values.Failure) -> values.Sample:
    return values.Sample(0, prompt.id, "", "error", failure=failure)


def close(gate: ServedGate, engine: Engine | None) -> None:
    try:
        gate.close()
    except EngineError as error:
        if gate.kinds != {FailureKind.context}:
            raise
        context = engine.context_length if engine else "unknown"
        raise InvalidInput(
            f"None of the {sum(gate.reasons.values())} prompts fits into the model's context of {context} tokens. "
            "Choose shorter prompts or a model with a longer context."
        ) from error


def write(
    stage: StageContext,
    asked: AnsweredBatch,
    *,
    split: Split,
    checkpoint_id: int,
    seed: int,
    step: int = MEASURING,
    role: str = POLICY,
    again: AnswerRetry | None = None,
) -> None:
    """Insert one batch of samples, the empty labels of training samples, and what was left out, in one transaction.

    Labels are made from the samples by one statement: beside a small model every row counts.
    """
    written_at = now()
    common = {
        "project_id": stage.round.project_id,
        "round_id": stage.round.id,
        "split": split,
        "seed": seed,
        "step": step,
        "role": role,
        "created_at": written_at,
    }
    pairs = zip(asked.groups, asked.samples, strict=True)
    columns = columns_of([(g.id, g.prompt_id, sample) for g, several in pairs for sample in several], checkpoint_id)
    with stage.writing() as db:
        insert_rows(db, tables.Sample, common, columns)
        if split is Split.train:
            for ids in in_chunks([group.id for group in asked.groups]):
                db.execute(empty_labels(ids, checkpoint_id, written_at, step=step, only_missing=again is not None))
        if again is None:
            left_out.write(db, stage, asked.items)
        else:
            left_out.rewrite(db, stage, again.ids_of(asked.groups), asked.items)


def empty_labels(
    group_ids: Sequence[int], checkpoint_id: int, at: datetime, *, step: int = MEASURING, only_missing: bool = False
) -> Insert:
    """The statement that gives each new sample of a step in these groups its label, without a word yet."""
    sample, label = tables.Sample, tables.Label
    is_truncated = sample.finish_reason == "length"
    values_of = select(
        sample.id,
        sample.round_id,
        is_truncated,
        sample.num_tokens,
        literal(at, label.updated_at.type),
        sample.kind,
        sample.step,
    ).where(
        sample.group_id.in_(group_ids),
        sample.step == step,
        or_(sample.checkpoint_id == checkpoint_id, sample.checkpoint_id.is_(None)),
        sample.kind.in_(tables.JUDGED),
    )
    if only_missing:
        values_of = values_of.where(~exists().where(label.sample_id == sample.id))
    columns = [
        label.sample_id,
        label.round_id,
        label.is_truncated,
        label.num_tokens,
        label.updated_at,
        label.kind,
        label.step,
    ]
    return insert(label).from_select(columns, values_of)
