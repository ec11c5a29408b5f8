"""Samples without a judge's answers -> the project's questions -> answers, batch by batch. No label is changed."""

from collections.abc import Collection, Sequence
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
from backend.pipeline.groups import StageGroup
from backend.pipeline.left_out import ServedGate
from backend.pipeline.split import Parts, SharedBatch
from backend.pipeline.stage import Finish, StageContext, nothing_more
from backend.values import Group
from backend.values.questions import ANSWERS, KEPT_QUESTIONS, AskedQuestion, QuestionKind, QuestionOptions, in_words


@dataclass(frozen=True)
class QuestionBatch:
    """What came of one batch. `size`: how many samples it has, those answered before included; `had`: whether some
    were."""

    size: int
    rows: Sequence[StageGroup]
    groups: Sequence[Group]
    answers: list[JudgedAnswer]
    had: bool


@dataclass(frozen=True)
class UnansweredBatch:
    """What of a batch is to be asked: of each question the groups with the samples that have no answer to it.

    `had`: whether some of it was answered before.
    """

    groups: list[Group]
    todo: list[tuple[AskedQuestion, list[Group]]]
    had: bool

    @property
    def size(self) -> int:
        return sum(len(group.samples) for group in self.groups)

    @property
    def requests(self) -> int:
        return sum(len(group.samples) for _, groups in self.todo for group in groups)


def run(stage: StageContext) -> Finish:
    """Ask the project's questions about every sample that has no answers of this step and was not left out; of a
    retry, also what was asked for again."""
    ask_due(stage)
    part = stage.place.step.part
    assert isinstance(part, ProjectQuestions)
    asked = questions_of(stage, part)
    with reading() as db:
        rows = group_values.groups_for_step(db, stage) if asked else []
        total = _count(db, stage, rows)
    again = left_out.asked(stage) if left_out.is_retry(stage) else None
    skip = left_out.replies(stage) - {(row.sample_id, row.position) for row in again or ()}
    stage.progress.start(total if stage.helper is None else 0, "samples")
    checkpoint_id = acting(stage.round, stage.place.step.by, stage.step)
    binding = opened_for(stage, checkpoint_id) if rows else nullcontext(None)
    gate = ServedGate("replies", anything_yet=again is not None)
    cut = list(in_chunks(rows, stage.recipe.groups_per_batch))
    parts = Parts(stage, range(len(cut)), may_share=True, is_served=lambda: gate.is_served)

    def begin(shared: SharedBatch) -> BatchWork[QuestionBatch]:
        left = _missing(stage, cut[shared.number], asked, skip)

        def ask() -> QuestionBatch:
            seed = stage.seed("judge", shared.number)
            answers = [
                answer
                for question, groups in left.todo
                for answer in part.answers(engine, groups, [question], seed=seed)
            ]
            return QuestionBatch(left.size, cut[shared.number], left.groups, answers, left.had)

        return BatchWork(left.requests, ask)

    with binding as engine, BatchWindow(parts, begin, engine) as window:
        for shared, done in window:
            gate.anything = gate.anything or (done.had and stage.helper is None)
            if done.answers:
                served = [answer for answer in done.answers if answer.failure is None]
                items = _items(done, asked)
                writing = partial(
                    write, shared.written(done.size), part, checkpoint_id, served, shared.number, items, again
                )
                gate.pass_batch(
                    shared.unless_lost(writing), served=len(served), failures=[item.failure for item in items]
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
        numbers = select(func.count(), func.count().filter(row.value.is_(None)))
        answers, unread = db.execute(numbers.where(row.round_id == stage.round.id)).one()
        round_ = db.get_one(tables.Round, stage.round.id)
        round_.counts = round_.counts | {"judge_answers": answers, "unread_answers": unread}
        if left_out.is_retry(stage) or stage.round.branch_of_id is not None:
            informativeness.close_decided(db, stage.round.id)

    return finish


def questions_of(stage: StageContext, part: ProjectQuestions) -> list[AskedQuestion]:
    """What the step asks: those of the project's active questions that the part names, or all.

    They are kept with the round when the step begins, so that whoever goes on with it asks the same.
    """
    with reading() as db:
        kept = _kept(db.get_one(tables.Round, stage.round.id), stage.step)
    if kept is None:
        with stage.writing() as db:
            round_ = db.get_one(tables.Round, stage.round.id, with_for_update=True)
            kept = _kept(round_, stage.step)  # another process may have begun the step, too
            if kept is None:
                kept = _read(db, stage.project_id, part.questions)
                left = round_.steps.get(str(stage.step), {})
                round_.steps = round_.steps | {str(stage.step): {"groups": None} | left | {KEPT_QUESTIONS: kept}}
    return [
        AskedQuestion(
            question["id"],
            question["key"],
            QuestionKind(question["kind"]),
            question["title"],
            question["help"],
            QuestionOptions.model_validate(question["options"]),
        )
        for question in kept
    ]


def write(
    stage: StageContext,
    part: ProjectQuestions,
    checkpoint_id: int,
    answers: Sequence[JudgedAnswer],
    number: int,
    items: Sequence[left_out.LeftOutItem] = (),
    again: Sequence[tables.LeftOut] | None = None,
) -> None:
    """Insert one batch of answers, and note what was left out, in one transaction."""
    with stage.writing() as db:
        if again is None:
            left_out.write(db, stage, items)
        else:
            here = {answer.sample_id for answer in answers} | {item.sample_id for item in items}
            left_out.rewrite(db, stage, [row.id for row in again if row.sample_id in here], items)
        # A question without answers could be deleted before rounds said that they ask it.
        known = _known(db, {answer.question.id for answer in answers})
        _insert(db, stage, part, checkpoint_id, [answer for answer in answers if answer.question.id in known], number)


def _known(db: Session, question_ids: Collection[int]) -> set[int]:
    row = tables.Question
    held = select(row.id).where(row.id.in_(question_ids)).order_by(row.id).with_for_update(read=True)
    return set(db.scalars(held))


def _insert(
    db: Session,
    stage: StageContext,
    part: ProjectQuestions,
    checkpoint_id: int,
    answers: Sequence[JudgedAnswer],
    number: int,
) -> None:
    if not answers:
        return
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
    values = [
        None if answer.value is None else ANSWERS[answer.question.kind].model_validate(answer.value)
        for answer in answers
    ]
    columns: dict[str, list[Any]] = {
        "sample_id": [answer.sample_id for answer in answers],
        "question_id": [answer.question.id for answer in answers],
        "value": [answer.value for answer in answers],
        "number": [value.number if value else None for value in values],
        "words": [in_words(value) if value else "" for value in values],
        "fault": [clean(answer.fault) for answer in answers],
        "raw": [clean(answer.raw) for answer in answers],
        "reasoning": [clean(answer.reasoning) or None for answer in answers],
        "num_tokens": [answer.num_tokens for answer in answers],
        "finish_reason": [answer.finish_reason for answer in answers],
    }
    insert_rows(db, tables.JudgeAnswer, common, columns)


def _items(batch: QuestionBatch, asked: Sequence[AskedQuestion]) -> list[left_out.LeftOutItem]:
    """What could not be asked: each question of a sample, by its place. None of it is a sample that was not judged."""
    whose = {s.id: row for row, group in zip(batch.rows, batch.groups, strict=True) for s in group.samples}
    places = {question.id: number for number, question in enumerate(asked)}
    items = []
    for answer in batch.answers:
        if answer.failure is not None:
            row, number = whose[answer.sample_id], places[answer.question.id]
            items.append(left_out.LeftOutItem(answer.failure, row.id, row.prompt_id, answer.sample_id, position=number))
    return items


def _kept(round_: tables.Round, step: int) -> list[Any] | None:
    kept = round_.steps.get(str(step), {}).get(KEPT_QUESTIONS)
    return None if kept is None else list(kept)


def _read(db: Session, project_id: int, keys: Sequence[str]) -> list[dict[str, Any]]:
    row = tables.Question
    query = select(row).where(row.project_id == project_id, row.is_active)
    # Held in order of their number, as those do who change them: none is deleted before the round has noted it.
    held = db.scalars(query.order_by(row.id).with_for_update(read=True)).all()
    return [
        {name: getattr(question, name) for name in ("id", "key", "title", "help", "options")}
        | {"kind": str(question.kind)}
        for question in sorted(held, key=lambda sample: (sample.position, sample.id))
        if not keys or question.key in keys
    ]


def _missing(
    stage: StageContext,
    batch: Sequence[StageGroup],
    asked: Sequence[AskedQuestion],
    skip: Collection[tuple[int | None, int | None]],
) -> UnansweredBatch:
    """The batch's groups, and which questions about which of their samples have no answer of this step."""
    row = tables.JudgeAnswer
    with reading() as db:
        groups = group_values.load(db, batch, edits=False, labels=False, place=stage.place)
        answered: set[tuple[int, int]] = set()
        for some in in_chunks([sample.id for group in groups for sample in group.samples]):
            query = select(row.sample_id, row.question_id).where(row.sample_id.in_(some), row.step == stage.step)
            answered |= set(db.execute(query).tuples())
    todo = []
    for number, question in enumerate(asked):
        done = {id_ for id_, question_id in answered if question_id == question.id}
        done |= {id_ for id_, place in skip if place == number and id_ is not None}
        left = [replace(group, samples=tuple(s for s in group.samples if s.id not in done)) for group in groups]
        if some_left := [group for group in left if group.samples]:
            todo.append((question, some_left))
    return UnansweredBatch(groups, todo, bool(answered))


def _count(db: Session, stage: StageContext, rows: Sequence[StageGroup]) -> int:
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
