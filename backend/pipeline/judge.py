"""Samples without judgments -> judge -> judgments and labels, batch by batch."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows, update_rows
from backend.engines import Engine
from backend.errors import JudgeError
from backend.judges import Judge
from backend.pipeline import branch_labels, informativeness, judge_answers, left_out
from backend.pipeline import groups as group_values
from backend.pipeline.ahead import BatchWindow, BatchWork
from backend.pipeline.ask import ask_due
from backend.pipeline.bind import opened_for
from backend.pipeline.groups import StageGroup
from backend.pipeline.judge_again import JudgeRetry, shares, unwritten
from backend.pipeline.judge_columns import judgment_columns, machine_labels
from backend.pipeline.judge_missing import batches, bound, expected, judge_of, may_be_decided, missing, ready
from backend.pipeline.left_out import ServedGate
from backend.pipeline.split import Parts, SharedBatch
from backend.pipeline.stage import Finish, StageContext, derive_seed, nothing_more
from backend.values import Failure, Group, Judgment, Sample

ENOUGH_REPLIES = 100
"""Replies after which a judge without verdicts is stopped early."""


@dataclass(frozen=True)
class JudgedBatch:
    """What came of one batch. had: whether some of it was judged before."""

    groups: list[Group]
    todo: list[Group]
    had: bool
    judgments: list[Judgment]
    failed: list[Judgment]


def judge_batch(
    stage: StageContext, engine: Engine | None, groups: Sequence[Group], number: int
) -> tuple[list[Judgment], list[Judgment]]:
    """Judge one batch; return the judgments, and those that could not be given, with their failures.

    Where a judge raises for the batch, each group is judged alone, then each sample, to find the culprit; not by one
    that has to see all groups at once.
    """
    judge, seed = ready(stage, groups), stage.seed("judge", number)
    try:
        judgments = judge.judge(engine, groups, seed=seed)
    except Exception as error:
        left_out.failure_of(error)
        if judge.needs_all_groups:
            raise
        judgments = [j for i, g in enumerate(groups) for j in judge_alone(stage, engine, g, derive_seed(seed, i))]
    return [j for j in judgments if j.failure is None], [j for j in judgments if j.failure is not None]


def judge_alone(stage: StageContext, engine: Engine | None, group: Group, seed: int) -> list[Judgment]:
    """Judge a group, or, where the judge raises, each of its samples alone."""
    return judge_group(ready(stage, [group]), engine, group, seed)


def judge_group(judge: Judge, engine: Engine | None, group: Group, seed: int) -> list[Judgment]:
    """Judge a group, or, where the judge raises, each of its samples alone.

    Who compares the samples of a group says something else of one alone: those for which it does not raise alone are
    judged together, and where it raises for these, too, none has a judgment.
    """
    try:
        return judge.judge(engine, [group], seed=seed)
    except Exception as error:
        failure = left_out.failure_of(error)
    alone: list[Judgment] = []
    rest: list[Sample] = []
    failed: list[Judgment] = []
    for sample in group.samples:
        try:
            alone += judge.judge(engine, [replace(group, samples=(sample,))], seed=derive_seed(seed, sample.position))
            rest.append(sample)
        except Exception as error:
            failed.append(_failed(judge, sample, left_out.failure_of(error)))
    if judge.needs_engine and not judge.needs_whole_groups:
        return [*alone, *failed]
    if failed and rest:
        try:
            return [*judge.judge(engine, [replace(group, samples=tuple(rest))], seed=seed), *failed]
        except Exception as error:
            failure = left_out.failure_of(error)
    return [*(_failed(judge, sample, failure) for sample in rest), *failed]


def _failed(judge: Judge, sample: Sample, failure: Failure) -> Judgment:
    return Judgment(sample.id, str(judge.name), 0, None, None, "", "", failure=failure)


def items_of(
    stage: StageContext,
    judgments: Sequence[Judgment],
    failed: Sequence[Judgment],
    rows: Sequence[StageGroup],
    groups: Sequence[Group],
) -> list[left_out.LeftOutItem]:
    """What the judge left out: a sample without any judgment once, one with some by position."""
    whose = {s.id: row for row, g in zip(rows, groups, strict=True) for s in g.samples}
    judged = {judgment.sample_id for judgment in judgments}
    items: dict[str, left_out.LeftOutItem] = {}
    for failure in failed:
        row = whose.get(failure.sample_id)
        if row is None or failure.failure is None:
            continue
        position = failure.position if failure.sample_id in judged else None
        item = left_out.LeftOutItem(failure.failure, row.id, row.prompt_id, failure.sample_id, position=position)
        items.setdefault(item.key, item)
    return list(items.values())


def write(
    stage: StageContext,
    judgments: Sequence[Judgment],
    number: int,
    items: Sequence[left_out.LeftOutItem],
    again: JudgeRetry | None,
    checkpoint_id: int | None,
) -> None:
    """Insert one batch of judgments, set the machine's labels, and note what was left out, in one transaction."""
    written_at = now()
    common = {
        "round_id": stage.round.id,
        "checkpoint_id": checkpoint_id,
        "step": stage.step,
        "seed": stage.seed("judge", number),
        "created_at": written_at,
    }
    with stage.writing() as db:
        judgments = unwritten(db, judgments, stage.step)
        if again is None:
            labels = machine_labels(stage, judgments)
            if items:
                left_out.rewrite(db, stage, (), items)
        else:
            labels = machine_labels(stage, [*again.earlier(db, judgments, stage.step), *judgments])
            left_out.rewrite(db, stage, again.ids_of(judgments, items), items)
        if not judgments:
            return
        columns = judgment_columns(judgments) | {"template_hash": [j.template_hash for j in judgments]}
        if any(j.reasoning for j in judgments):
            columns["reasoning"] = [clean(j.reasoning) or None for j in judgments]
        insert_rows(db, tables.Judgment, common, columns)
        is_branch = stage.round.branch_of_id is not None
        for some in shares(db, labels) if again or is_branch or may_be_decided(stage) else [labels]:
            update_rows(db, tables.Label, "sample_id", {"updated_at": written_at}, some)
        if is_branch:
            of_people = branch_labels.of_people(db, labels)
            update_rows(db, tables.Label, "sample_id", {"updated_at": written_at}, of_people)


def check_parsed(stage: StageContext, *, at_end: bool) -> tuple[int, int]:
    """Return (replies, replies without a verdict); raises `JudgeError` above the recipe's limit."""
    judgment, judge = tables.Judgment, judge_of(stage)
    of_step = (judgment.round_id == stage.round.id, judgment.step == stage.step)
    with reading() as db:
        total, unparsed = db.execute(
            select(func.count(), func.count().filter(judgment.score.is_(None))).where(*of_step)
        ).one()
        if judge.may_be_silent and unparsed < total:
            return total, unparsed
        if total and unparsed / total > stage.recipe.unparsed_limit and (at_end or total >= ENOUGH_REPLIES):
            query = select(judgment.raw, judgment.rationale).where(*of_step, judgment.score.is_(None))
            # A judge that computes replies nothing; why it could not tell is its rationale.
            replies = " | ".join(repr((raw or rationale)[:200]) for raw, rationale in db.execute(query.limit(3)))
            cut = select(func.count()).where(*of_step, judgment.score.is_(None), judgment.finish_reason == "length")
            num_cut = db.scalar(cut) or 0
            raise JudgeError(
                f"{unparsed} of {total} judge replies have no verdict, more than the recipe's limit of "
                f"{stage.recipe.unparsed_limit:.0%}. Three of them: {replies}. "
                f"{of_cut(judge, num_cut, unparsed)}{way_out(judge)}, or raise unparsed_limit, in a new round."
            )
    return total, unparsed


def of_cut(judge: Judge, num_cut: int, unparsed: int) -> str:
    """What helps where most replies without a verdict were cut off; empty where few were."""
    if num_cut * 2 <= unparsed:
        return ""
    is_last = getattr(judge, "verdict_first", True) is False
    first = ", or ask for the verdict before its reasons (verdict_first)" if is_last else ""
    return (
        f"{num_cut} of the {unparsed} were cut off at the judge's max_tokens, or where its context was full: raise "
        f"max_tokens{first}. Else: "
    )


def way_out(judge: Judge) -> str:
    """What a person can change about a judge that gave no verdicts."""
    if judge.judges_parents:
        return "See what the judge before gave the texts that this one counts"
    if judge.needs_answer:
        return "Import prompts with an answer column, choose a judge that needs none"
    if judge.may_be_silent and not judge.needs_engine:
        return "Choose prompt sets whose file notes something on its completions, choose another judge"
    if judge.needs_engine:
        return "Edit the judge's template, bind another judge"
    return "Change the judge's knobs, choose another judge"


def run(stage: StageContext) -> Finish:
    """Judge every sample without a judgment that was not left out; of a retry, also what was asked for again."""
    judge = judge_of(stage)
    if judge.gives_answers:
        return judge_answers.run(stage)
    ask_due(stage)
    with reading() as db:
        rows = group_values.groups_for_step(db, stage)
    again = JudgeRetry(left_out.asked(stage)) if left_out.is_retry(stage) else None
    skip = left_out.sample_ids(stage) - (again.samples if again else set())
    if again is None:
        stage.progress.start(expected(stage, rows) if stage.helper is None else 0, "samples")
    else:
        stage.progress.start(len(again.samples), "samples")
    checkpoint_id = bound(stage) if judge.needs_engine and rows else None
    binding = nullcontext(None) if checkpoint_id is None else opened_for(stage, checkpoint_id)
    gate = ServedGate("samples", anything_yet=again is not None)
    cut = batches(stage, rows)
    parts = Parts(stage, range(len(cut)), may_share=not judge.needs_all_groups, is_served=lambda: gate.is_served)
    replies = mute = 0

    def begin(part: SharedBatch) -> BatchWork[JudgedBatch]:
        groups, todo, had = missing(stage, cut[part.number], skip, again)

        def ask() -> JudgedBatch:
            judgments, failed = judge_batch(stage, engine, todo, part.number) if todo else ([], [])
            return JudgedBatch(groups, todo, had, judgments, failed)

        return BatchWork(sum(len(g.samples) for g in todo), ask)

    with binding as engine, BatchWindow(parts, begin, engine) as window:
        for part, done in window:
            judgments = done.judgments
            # A helper tells by what it is served itself whether its server is bad.
            gate.anything = gate.anything or (done.had and stage.helper is None)
            units = sum(len(g.samples) for g in (done.todo if again else done.groups))
            if done.todo:
                items = items_of(stage, judgments, done.failed, cut[part.number], done.groups)
                kept = (judgments, part.number, items, again, checkpoint_id)
                gate.pass_batch(
                    part.unless_lost(partial(write, part.written(units), *kept)),
                    served=len(judgments),
                    failures=[item.failure for item in items],
                )
                replies, mute = replies + len(judgments), mute + sum(j.score is None for j in judgments)
                if (
                    not judge.may_be_silent
                    and replies >= ENOUGH_REPLIES
                    and mute / replies > stage.recipe.unparsed_limit
                ):
                    check_parsed(stage, at_end=False)
            else:
                part.settle(units)
            stage.progress.advance(units)
    gate.close()
    if stage.helper is not None:
        return nothing_more
    judged, unparsed = check_parsed(stage, at_end=True)
    if stage.round.is_reviewed and stage.is_before_people:
        informativeness.write(stage, judge)

    def finish(db: Session) -> None:
        round_ = db.get_one(tables.Round, stage.round.id)
        judgment = tables.Judgment
        written = db.scalar(
            select(func.sum(judgment.num_tokens)).where(judgment.round_id == round_.id, judgment.step == stage.step)
        )
        round_.counts = round_.counts | {"judgments": judged, "unparsed": unparsed, "judge_tokens": int(written or 0)}
        if again is not None or stage.round.branch_of_id is not None:
            informativeness.close_decided(db, stage.round.id)

    return finish
