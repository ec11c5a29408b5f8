"""What a judge step has still to look at: the samples without a judgment of its own."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.judges import Judge
from backend.pipeline import groups as group_values
from backend.pipeline.adopt import pool_texts
from backend.pipeline.bind import acting, checkpoint_of
from backend.pipeline.groups import StageGroup
from backend.pipeline.judge_again import JudgeRetry
from backend.pipeline.stage import StageContext
from backend.values import Group


def judge_of(stage: StageContext) -> Judge:
    """The judge of the job's step."""
    judge = stage.place.step.part
    assert isinstance(judge, Judge)
    return judge


def ready(stage: StageContext, groups: Sequence[Group]) -> Judge:
    """The judge of the job's step, given what it compares these groups with."""
    judge = judge_of(stage)
    if not judge.needs_pool and not judge.reads_beside:
        return judge
    with reading() as db:
        if judge.needs_pool:
            judge = judge.with_pool(pool_texts(db, stage))
        if judge.reads_beside:
            judge = judge.with_beside(beside(db, stage, judge.reads_beside, groups))
    return judge


def beside(db: Session, stage: StageContext, name: str, groups: Sequence[Group]) -> list[Group]:
    """The groups that the step of that name answered, about the prompts of these groups, with its own texts alone."""
    place = next(place for place in stage.places if place.step.name == name)
    prompts = sorted({group.prompt.id for group in groups})
    rows = [
        row for some in in_chunks(prompts) for row in group_values.groups_for_step(db, stage, place.index, prompts=some)
    ]
    return [
        replace(group, samples=tuple(sample for sample in group.samples if sample.step == place.index))
        for some in in_chunks(rows)
        for group in group_values.load(db, some, edits=False, labels=False)
    ]


def bound(stage: StageContext) -> int:
    """The checkpoint that judges."""
    return acting(stage.round, stage.place.step.by, stage.step)


def missing(
    stage: StageContext, batch: Sequence[StageGroup], skip: set[int], again: JudgeRetry | None
) -> tuple[list[Group], list[Group], bool]:
    """The batch's groups, what of them is to be judged, and whether any is judged already."""
    judge = judge_of(stage)
    with reading() as db:
        # A sample that was not judged has no label to read yet, unless people decided on it; who judges parents reads
        # those of the children.
        has_edits = may_be_decided(stage)
        groups = group_values.load(
            db, batch, edits=has_edits, labels=has_edits or judge.needs_all_groups, place=stage.place
        )
        groups = [group_values.without_retracted(group) for group in groups] if has_edits else groups
        if judge.judges_parents:
            # Judgments of parents are written in one transaction.
            return groups, [] if _has_judgments(db, stage) else groups, False
        ids = [s.id for g in groups for s in g.samples]
        judged = judged_of(db, stage, ids)
    if again is not None:
        judged -= again.samples
    todo = []
    for group in groups:
        wanted = tuple(s for s in group.samples if s.id not in judged and s.id not in skip)
        if wanted:
            # A judge that computes compares a group's samples with each other, and costs nothing.
            sees_all = not judge.needs_engine or judge.needs_whole_groups
            todo.append(group if sees_all else replace(group, samples=wanted))
    return groups, todo, bool(judged)


def judged_of(db: Session, stage: StageContext, sample_ids: Sequence[int]) -> set[int]:
    """Which of these samples the step's judge has judged, or the same one with the same checkpoint in a step before."""
    judgment, judged = tables.Judgment, set[int]()
    steps = [stage.step, *same_before(db, stage)]
    for ids in in_chunks(sample_ids):
        # Not by the judge's name: those that a sum holds leave judgments of their own names.
        query = select(judgment.sample_id).where(judgment.sample_id.in_(ids), judgment.step.in_(steps))
        judged |= set(db.scalars(query.distinct()))
    return judged


def same_before(db: Session, stage: StageContext) -> list[int]:
    """The steps before in which the same judge, bound to the same checkpoint, judged."""
    step = stage.place.step
    places = [place for place in stage.places[: stage.step] if place.step.part == step.part]
    if not places or not judge_of(stage).needs_engine:
        return [place.index for place in places]
    own = checkpoint_of(db, stage.round, step.by, stage.step)
    return [p.index for p in places if checkpoint_of(db, stage.round, p.step.by, p.index) == own]


def _has_judgments(db: Session, stage: StageContext) -> bool:
    judgment = tables.Judgment
    of_step = select(judgment.id).where(judgment.round_id == stage.round.id, judgment.step == stage.step)
    return db.scalar(of_step.limit(1)) is not None


def batches(stage: StageContext, rows: Sequence[StageGroup]) -> Sequence[Sequence[StageGroup]]:
    """The groups of each call: all at once where the judge has to see all, in order of their parents."""
    if judge_of(stage).needs_all_groups:
        return [sorted(rows, key=lambda row: (row.parent_id or 0, row.position))] if rows else []
    return list(in_chunks(rows, stage.recipe.groups_per_batch))


def expected(stage: StageContext, rows: Sequence[StageGroup]) -> int:
    """How many samples there are to look at."""
    if stage.recipe.is_slots:
        return int(stage.round.counts.get("samples", 0))
    sample, total = tables.Sample, 0
    with reading() as db:
        for some in in_chunks([row.id for row in rows]):
            query = select(func.count()).where(sample.group_id.in_(some), sample.step < stage.step)
            total += db.scalar(query) or 0
    return total


def may_be_decided(stage: StageContext) -> bool:
    """Whether people may have decided on some of the samples by now: their word is never overwritten."""
    gate = stage.recipe.gate(stage.round.phase)
    return stage.round.is_reviewed and gate is not None and stage.step > gate
