"""Samples without a judge's answers -> the project's questions -> answers, batch by batch. No label is changed."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.boundary import clean
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows
from backend.db.many import in_chunks
from backend.judges import Judge
from backend.judges.project_questions import JudgedAnswer, ProjectQuestions
from backend.pipeline import groups as group_values
from backend.pipeline import informativeness, left_out
from backend.pipeline.ahead import BatchWindow, BatchWork
from backend.pipeline.ask import ask_due
from backend.pipeline.bind import acting, opened_for
from backend.pipeline.groups import GroupRow
from backend.pipeline.left_out import ServedGate
from backend.pipeline.split import Parts, SharedBatch
from backend.pipeline.stage import Finish, StageContext, nothing_more
from backend.values import Group
from backend.values.questions import ANSWERS, AskedQuestion, QuestionKind, QuestionOptions, in_words

ASKED = "questions"
"""What a step keeps, with the round, of the questions that it asks: they are asked as they were when it began."""


@dataclass(frozen=True)
class AnsweredBatch:
    """What came of one batch; `size`: how many samples it has, those answered before included."""

    size: int
    answers: list[JudgedAnswer]


def run(stage: StageContext) -> Finish:
    """Ask the project's questions about every sample that has no answers of this step."""
    ask_due(stage)
    part = stage.place.step.part
    assert isinstance(part, ProjectQuestions)
    asked = questions_of(stage, part)
    with reading() as db:
        rows = group_values.groups_for_step(db, stage) if asked else []
        total = _count(db, stage, rows)
    stage.progress.start(total if stage.helper is None else 0, "samples")
    checkpoint_id = acting(stage.round, stage.place.step.by, stage.step)
    binding = opened_for(stage, checkpoint_id) if rows else nullcontext(None)
    gate = ServedGate("replies", anything_yet=False)
    cut = list(in_chunks(rows, stage.recipe.groups_per_batch))
    parts = Parts(stage, range(len(cut)), may_share=True, is_served=lambda: gate.is_served)

    def begin(shared: SharedBatch) -> BatchWork[AnsweredBatch]:
        size, todo = _missing(stage, cut[shared.number])

        def ask() -> AnsweredBatch:
            seed = stage.seed("judge", shared.number)
            return AnsweredBatch(size, part.answers(engine, todo, asked, seed=seed) if todo else [])

        return BatchWork(sum(len(group.samples) for group in todo), ask)

    with binding as engine, BatchWindow(parts, begin, engine) as window:
        for shared, done in window:
            if done.answers:
                failures = [answer.failure for answer in done.answers if answer.failure is not None]
                gate.pass_batch(
                    shared.unless_lost(
                        partial(write, shared.written(done.size), part, checkpoint_id, done.answers, shared.number)
                    ),
                    served=len(done.answers) - len(failures),
                    failures=failures,
                )
            else:
                shared.settle(done.size)
            stage.progress.advance(done.size)
    gate.close()
    if stage.helper is not None:
        return nothing_more
    _order_for_people(stage)

    def finish(db: Session) -> None:
        row = tables.JudgeAnswer
        of_step = (row.round_id == stage.round.id, row.step == stage.step)
        answers, unread = db.execute(
            select(func.count(), func.count().filter(row.value.is_(None))).where(*of_step)
        ).one()
        round_ = db.get_one(tables.Round, stage.round.id)
        round_.counts = round_.counts | {"judge_answers": answers, "unread_answers": unread}
        if left_out.is_retry(stage) or stage.round.branch_of_id is not None:
            informativeness.close_decided(db, stage.round.id)

    return finish


def questions_of(stage: StageContext, part: ProjectQuestions) -> list[AskedQuestion]:
    """What the step asks: those of the project's active questions that the part names, or all.

    They are kept with the round when the step begins, so that whoever goes on with it asks the same.
    """
    kept = _kept(stage)
    if kept is None:
        with stage.writing() as db:
            kept = _read(db, stage.project_id, part.questions)
            round_ = db.get_one(tables.Round, stage.round.id)
            left = round_.steps.get(str(stage.step), {})
            round_.steps = round_.steps | {str(stage.step): {"groups": None} | left | {ASKED: kept}}
    return [
        AskedQuestion(
            one["id"],
            one["key"],
            QuestionKind(one["kind"]),
            one["title"],
            one["help"],
            QuestionOptions.model_validate(one["options"]),
        )
        for one in kept
    ]


def write(
    stage: StageContext, part: ProjectQuestions, checkpoint_id: int, answers: Sequence[JudgedAnswer], number: int
) -> None:
    """Insert one batch of answers."""
    common: dict[str, Any] = {
        "round_id": stage.round.id,
        "checkpoint_id": checkpoint_id,
        "job_id": stage.job_id,
        "step": stage.step,
        "judge": str(part.name),
        "template_hash": part.template_hash,
        "seed": stage.seed("judge", number),
        "created_at": now(),
    }
    values = [None if one.value is None else ANSWERS[one.question.kind].model_validate(one.value) for one in answers]
    columns: dict[str, list[Any]] = {
        "sample_id": [one.sample_id for one in answers],
        "question_id": [one.question.id for one in answers],
        "value": [one.value for one in answers],
        "number": [value.number if value else None for value in values],
        "words": [in_words(value) if value else "" for value in values],
        "fault": [clean(one.fault) for one in answers],
        "raw": [clean(one.raw) for one in answers],
        "reasoning": [clean(one.reasoning) or None for one in answers],
        "num_tokens": [one.num_tokens for one in answers],
        "finish_reason": [one.finish_reason for one in answers],
    }
    with stage.writing() as db:
        insert_rows(db, tables.JudgeAnswer, common, columns)


def _kept(stage: StageContext) -> list[Any] | None:
    with reading() as db:
        steps = db.scalar(select(tables.Round.steps).where(tables.Round.id == stage.round.id)) or {}
    kept = steps.get(str(stage.step), {}).get(ASKED)
    return None if kept is None else list(kept)


def _read(db: Session, project_id: int, keys: Sequence[str]) -> list[dict[str, Any]]:
    row = tables.Question
    query = select(row).where(row.project_id == project_id, row.is_active).order_by(row.position, row.id)
    return [
        {name: getattr(one, name) for name in ("id", "key", "title", "help", "options")} | {"kind": str(one.kind)}
        for one in db.scalars(query)
        if not keys or one.key in keys
    ]


def _missing(stage: StageContext, batch: Sequence[GroupRow]) -> tuple[int, list[Group]]:
    """How many samples the batch has, and its groups with those that have no answers of this step."""
    row = tables.JudgeAnswer
    with reading() as db:
        groups = group_values.load(db, batch, edits=False, labels=False, place=stage.place)
        ids = [sample.id for group in groups for sample in group.samples]
        answered: set[int] = set()
        for some in in_chunks(ids):
            query = select(row.sample_id).where(row.sample_id.in_(some), row.step == stage.step)
            answered |= set(db.scalars(query.distinct()))
    left = [replace(group, samples=tuple(one for one in group.samples if one.id not in answered)) for group in groups]
    return len(ids), [group for group in left if group.samples]


def _count(db: Session, stage: StageContext, rows: Sequence[GroupRow]) -> int:
    sample, total = tables.Sample, 0
    for some in in_chunks([row.id for row in rows]):
        query = select(func.count()).where(sample.group_id.in_(some), sample.step < stage.step)
        total += db.scalar(query) or 0
    return total


def _order_for_people(stage: StageContext) -> None:
    """Write what the review queue goes by, where people decide right after this step: the judge before it did not."""
    place = recipes.judge_place(stage.recipe, stage.round.phase)
    if not stage.round.is_reviewed or not stage.is_before_people or place is None:
        return
    judge = place.step.part
    assert isinstance(judge, Judge)
    informativeness.write(stage, judge)
