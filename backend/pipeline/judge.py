"""Samples without judgments -> judge -> judgments and labels, batch by batch."""

import math
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows, update_rows
from backend.engines import Engine
from backend.errors import ContextOverflow, JudgeError
from backend.judges import Judge
from backend.pipeline import groups as group_values
from backend.pipeline import worth
from backend.pipeline.bind import engine_for
from backend.pipeline.stage import Finish, StageContext, derive_seed
from backend.values import Group, Judgment, LabelSource, Split

ENOUGH_REPLIES = 100
"""Replies after which a judge without verdicts is stopped early."""


def judge_batch(stage: StageContext, engine: Engine | None, groups: Sequence[Group], number: int) -> list[Judgment]:
    """Judge one batch; what does not fit into the judge's context becomes a judgment without a score."""
    judge, seed = stage.recipe.judge, derive_seed(stage.round.seed, "judge", number)
    try:
        return judge.judge(engine, groups, seed=seed)
    except ContextOverflow:
        return [j for i, g in enumerate(groups) for j in judge_alone(stage, engine, g, derive_seed(seed, i))]


def judge_alone(stage: StageContext, engine: Engine | None, group: Group, seed: int) -> list[Judgment]:
    """Judge a group, or, where it does not fit, each of its samples alone."""
    judge, made = stage.recipe.judge, []
    try:
        return judge.judge(engine, [group], seed=seed)
    except ContextOverflow:
        for sample in group.samples:
            try:
                made += judge.judge(
                    engine, [replace(group, samples=(sample,))], seed=derive_seed(seed, sample.position)
                )
            except ContextOverflow as error:
                made.append(Judgment(sample.id, str(judge.name), 0, None, None, error.message, ""))
    return made


def write(stage: StageContext, made: Sequence[Judgment], number: int) -> None:
    """Insert one batch of judgments and set the machine's labels, in one transaction."""
    if not made:
        return
    checkpoint_id = (stage.round.judge_id or stage.round.policy_id) if stage.recipe.judge.needs_engine else None
    written_at = now()
    common = {
        "round_id": stage.round.id,
        "checkpoint_id": checkpoint_id,
        "seed": derive_seed(stage.round.seed, "judge", number),
        "created_at": written_at,
    }
    columns: dict[str, list[Any]] = {
        "sample_id": [j.sample_id for j in made],
        "judge": [j.judge for j in made],
        "position": [j.position for j in made],
        "score": [j.score for j in made],
        "verdict": [j.verdict for j in made],
        "rationale": [clean(j.rationale) for j in made],
        "raw": [clean(j.raw) for j in made],
        "template_hash": [j.template_hash for j in made],
        "num_tokens": [j.n_tokens for j in made],
        "finish_reason": [j.finish_reason for j in made],
    }
    labels = machine_labels(stage, made)
    with stage.writing() as db:
        insert_rows(db, tables.Judgment, common, columns)
        update_rows(db, tables.Label, "sample_id", {"updated_at": written_at}, labels)


def machine_labels(stage: StageContext, made: Sequence[Judgment]) -> dict[str, list[Any]]:
    """The columns of the labels the judge's word alone gives.

    Judging ends before people decide, so the machine's label is the effective one.
    """
    by_sample: dict[int, list[Judgment]] = defaultdict(list)
    for judgment in made:
        by_sample[judgment.sample_id].append(judgment)
    said = [stage.recipe.judge.label(judgments) for judgments in by_sample.values()]
    scores = [[j.score for j in judgments if j.score is not None] for judgments in by_sample.values()]
    columns: dict[str, list[Any]] = {
        "sample_id": [*by_sample],
        "score": [score for score, _ in said],
        "verdict": [verdict for _, verdict in said],
        "source": [LabelSource.judge if some else LabelSource.none for some in scores],
        "machine_spread": [spread(some) for some in scores],
        "is_unparsed": [not some for some in scores],
    }
    return columns | {"machine_score": columns["score"], "machine_verdict": columns["verdict"]}


def spread(scores: Sequence[float]) -> float | None:
    """The scores' standard deviation. Not `statistics.pstdev`: its fractions take longer than writing the row."""
    if len(scores) < 2:
        return 0.0 if scores else None
    mean = math.fsum(scores) / len(scores)
    return math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / len(scores))


def check_parsed(stage: StageContext, *, at_end: bool) -> tuple[int, int]:
    """Return (replies, replies without a verdict); raises `JudgeError` above the recipe's limit."""
    judgment = tables.Judgment
    with reading() as db:
        total, unparsed = db.execute(
            select(func.count(), func.count().filter(judgment.score.is_(None))).where(
                judgment.round_id == stage.round.id
            )
        ).one()
        if stage.recipe.judge.may_be_silent and unparsed < total:
            return total, unparsed
        if total and unparsed / total > stage.recipe.unparsed_limit and (at_end or total >= ENOUGH_REPLIES):
            query = select(judgment.raw, judgment.rationale).where(
                judgment.round_id == stage.round.id, judgment.score.is_(None)
            )
            # A judge that computes replies nothing; why it could not tell is its rationale.
            replies = " | ".join(repr((raw or rationale)[:200]) for raw, rationale in db.execute(query.limit(3)))
            raise JudgeError(
                f"{unparsed} of {total} judge replies have no verdict, more than the recipe's limit of "
                f"{stage.recipe.unparsed_limit:.0%}. Three of them: {replies}. {way_out(stage.recipe.judge)}, or raise "
                "unparsed_limit, in a new round."
            )
    return total, unparsed


def way_out(judge: Judge) -> str:
    """What a person can change about a judge that gave no verdicts."""
    if judge.may_be_silent:
        return "Choose prompt sets whose file notes something on its completions, choose another judge"
    if judge.needs_answer:
        return "Import prompts with an answer column, choose a judge that needs none"
    if judge.needs_engine:
        return "Edit the judge's template, bind another judge"
    return "Change the judge's knobs, choose another judge"


def run(stage: StageContext) -> Finish:
    """Judge every sample that has no judgment yet."""
    with reading() as db:
        rows = group_values.group_rows(db, stage.round.id, Split.train)
    judge = stage.recipe.judge
    stage.progress.start(stage.round.counts.get("samples", 0), "samples")
    binding = engine_for(stage.round.judge_id or stage.round.policy_id) if judge.needs_engine else nullcontext(None)
    with binding as engine:
        replies = mute = 0
        for number, batch in enumerate(group_values.chunks(rows, stage.recipe.groups_per_batch)):
            with reading() as db:
                # A sample that was not judged has no label to read yet.
                groups = [g for g in group_values.load(db, batch, edits=False, labels=False) if g.samples]
                is_judged = bool(groups) and db.scalar(
                    select(tables.Judgment.id).where(tables.Judgment.sample_id == groups[0].samples[0].id).limit(1)
                )
            if groups and not is_judged:
                made = judge_batch(stage, engine, groups, number)
                write(stage, made, number)
                replies, mute = replies + len(made), mute + sum(j.score is None for j in made)
                if (
                    not judge.may_be_silent
                    and replies >= ENOUGH_REPLIES
                    and mute / replies > stage.recipe.unparsed_limit
                ):
                    check_parsed(stage, at_end=False)
            stage.progress.advance(sum(len(g.samples) for g in groups))
    judged, unparsed = check_parsed(stage, at_end=True)
    if stage.round.is_reviewed:
        worth.write(stage)

    def finish(db: Session) -> None:
        found = db.get_one(tables.Round, stage.round.id)
        written = db.scalar(select(func.sum(tables.Judgment.num_tokens)).where(tables.Judgment.round_id == found.id))
        found.counts = found.counts | {"judgments": judged, "unparsed": unparsed, "judge_tokens": int(written or 0)}

    return finish
