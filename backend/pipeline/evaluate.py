"""Answer the held-out prompts with the policy and the new checkpoint; compute the round's metrics."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from backend import values
from backend.db import now, reading, tables
from backend.generators import Generator
from backend.generators.environment_rollout import EnvironmentRollout
from backend.metrics import Evidence, Metric
from backend.pipeline import documents, warn
from backend.pipeline import groups as group_values
from backend.pipeline.answer import answer_missing
from backend.pipeline.bind import opened_for
from backend.pipeline.round_evidence import round_evidence
from backend.pipeline.stage import Finish, StageContext, derive_seed
from backend.pipeline.wrap import plain_of
from backend.trainers.environment_grpo import EnvironmentGRPO
from backend.values import (
    MetricValue,
    RoundStatus,
    Sampling,
    SetUse,
    Split,
)

Measured = tuple[int | None, MetricValue, dict[str, Any]]
"""Checkpoint or None for the round, the number, and what it was measured by."""


def choose_held_out(stage: StageContext) -> list[group_values.StageGroup]:
    """The held-out groups of the round, written once, in order of the prompts."""
    prompt = tables.Prompt
    with reading() as db:
        rows = group_values.group_rows(db, stage.round.id, Split.held_out)
        sets = stage.set_ids(SetUse.held_out)
        ids = list(db.scalars(select(prompt.id).where(prompt.prompt_set_id.in_(sets)).order_by(prompt.id)))
    if rows or not ids:
        return rows
    new = [
        {"round_id": stage.round.id, "prompt_id": i, "split": Split.held_out, "position": n, "created_at": now()}
        for n, i in enumerate(ids)
    ]
    with stage.writing() as db:
        db.execute(insert(tables.Group), new)
    with reading() as db:
        return group_values.group_rows(db, stage.round.id, Split.held_out)


def measured_by(stage: StageContext, metrics: Sequence[Metric]) -> dict[str, Any]:
    """What makes two measurements of a checkpoint the same measurement."""
    by = {
        "prompt_sets": stage.set_ids(SetUse.held_out),
        "metrics": [m.dump() for m in metrics],
        "max_tokens": max_tokens(stage),
    }
    if stage.round.engine is not values.LocalEngine.transformers:
        by["engine"] = stage.round.engine  # its texts are others, by rounding
    engine_json = player(stage)
    if engine_json is None:
        return by
    return (
        by
        | {"plays": engine_json.dump()}
        | ({"documents": stage.set_ids(SetUse.mix)} if engine_json.needs_documents else {})
    )


def player(stage: StageContext) -> Generator | None:
    """The generator whose environment held-out prompts are played in; None where prompts are just answered.

    Where no generator answers prompts, and a trainer plays them itself, they are played as in training.
    """
    answering = stage.recipe.answering()
    if answering:
        return answering[0] if answering[0].plays else None
    for trainer in stage.recipe.of_kind("trainer"):
        if isinstance(trainer, EnvironmentGRPO):
            most = trainer.max_completion_length
            return EnvironmentRollout(environment=trainer.environment, max_turns=trainer.max_turns, max_tokens=most)
    return None


def max_tokens(stage: StageContext) -> int:
    """The longest answer to a held-out prompt: that of the step which answers prompts first."""
    return stage.recipe.most_tokens


def is_measured(stage: StageContext, checkpoint_id: int, by: dict[str, Any]) -> bool:
    """Whether an earlier round measured this checkpoint in the same way."""
    metric = tables.Metric
    with reading() as db:
        query = select(metric.details).where(metric.checkpoint_id == checkpoint_id, metric.round_id != stage.round.id)
        return any(details.get("measured_by") == by for details in db.scalars(query))


def measure(
    stage: StageContext, rows: Sequence[group_values.StageGroup], checkpoint_id: int, metrics: Sequence[Metric]
) -> list[MetricValue]:
    """Answer greedily (position 0) and, where a metric asks for it, at temperature 1; compute the metrics."""
    sampled = max(m.held_out_samples for m in metrics)
    most, plays = max_tokens(stage), player(stage)
    plays = None if plays is None else documents.ready(stage, plays)
    with opened_for(stage, checkpoint_id) as engine:

        def answer(prompts: Sequence[values.Prompt], number: int) -> list[list[values.Sample]]:
            messages, seed = [p.messages for p in prompts], derive_seed(stage.round.seed, "held out", number)
            if plays is not None:
                return plays.held_out(engine, prompts, n=sampled, seed=seed)
            answers = engine.complete(messages, Sampling(temperature=0.0, max_tokens=most, seed=seed))
            if sampled:
                more = engine.complete(messages, Sampling(temperature=1.0, max_tokens=most, n=sampled, seed=seed))
                answers = [first + rest for first, rest in zip(answers, more, strict=True)]
            return [
                [
                    values.Sample(
                        0,
                        p.id,
                        c.text,
                        c.finish_reason,
                        c.num_tokens,
                        c.logprob,
                        position,
                        reasoning=c.reasoning,
                        failure=c.failure,
                    )
                    for position, c in enumerate(completions)
                ]
                for p, completions in zip(prompts, answers, strict=True)
            ]

        answer_missing(
            stage,
            rows,
            engine=engine,
            checkpoint_id=checkpoint_id,
            answer=answer,
            seed=stage.round.seed,
            may_overlap=plays is None,
        )
    with reading() as db:
        answered = group_values.load(db, rows, checkpoint_id=checkpoint_id)
    # Held-out prompts that could not be served stay in: an answer that cannot be given is a wrong one.
    return [value for metric in metrics for value in metric.compute(Evidence(held_out=answered))]


def to_measure(stage: StageContext) -> list[int]:
    """The round's policy and what it made, and of each that wraps another checkpoint that one, the old ones first."""
    ends = [c for c in (stage.round.policy_id, stage.round.checkpoint_id) if c is not None]
    with reading() as db:
        plain = [plain_of(db, c) for c in ends]
    return list(dict.fromkeys([ends[0], *plain, *ends[1:]]))


def run(stage: StageContext) -> Finish:
    """Measure the policy and the new checkpoint, then the round itself.

    Of a checkpoint that is a way to use weights, the plain one inside, too. An old one is measured only where no
    earlier round did it in the same way. What the project's rules find of the round is written beside the numbers.
    """
    rows = choose_held_out(stage)
    metrics = [m for m in stage.recipe.metrics if m.scope == "checkpoint"]
    by = measured_by(stage, metrics)
    todo = to_measure(stage) if rows and metrics else []
    todo = [c for c in todo if c == stage.round.checkpoint_id or not is_measured(stage, c, by)]
    per_prompt = 1 + max((m.held_out_samples for m in metrics), default=0)
    stage.progress.start(len(todo) * len(rows) * per_prompt, "answers")
    values: list[Measured] = [(c, v, {"measured_by": by}) for c in todo for v in measure(stage, rows, c, metrics)]
    evidence = round_evidence(stage)
    values += [(None, v, {}) for m in stage.recipe.metrics if m.scope == "round" for v in m.compute(evidence)]
    write_warnings = warn.look(stage, evidence, values)

    def finish(db: Session) -> None:
        db.execute(delete(tables.Metric).where(tables.Metric.round_id == stage.round.id))
        for checkpoint_id, v, details in values:
            db.add(
                tables.Metric(
                    project_id=stage.round.project_id,
                    round_id=stage.round.id,
                    checkpoint_id=checkpoint_id,
                    name=v.name,
                    value=v.value,
                    low=v.low,
                    high=v.high,
                    n=v.n,
                    details=v.details | details,
                )
            )
        write_warnings(db)
        ended = db.get_one(tables.Round, stage.round.id)
        ended.status, ended.finished_at = RoundStatus.done, now()

    return finish
