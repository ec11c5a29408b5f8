"""Answer the held-out prompts with the policy and the new checkpoint; compute the round's metrics."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from backend import values
from backend.db import now, reading, standing, tables
from backend.generators import Generator
from backend.generators.environment_rollout import EnvironmentRollout
from backend.metrics import Evidence, Metric
from backend.pipeline import documents, pairs, warn
from backend.pipeline import groups as group_values
from backend.pipeline.answer import answer_missing
from backend.pipeline.bind import opened_for
from backend.pipeline.stage import Finish, StageContext, derive_seed
from backend.pipeline.wrap import plain_of
from backend.prompt_sources import PromptSource
from backend.recipes import StepPlace, cut_of, judge_of
from backend.selectors import Selector
from backend.trainers.environment_grpo import EnvironmentGRPO
from backend.values import (
    DecisionKind,
    LabelSource,
    MetricValue,
    RoundStatus,
    SampleKind,
    Sampling,
    SetUse,
    Split,
    Verdict,
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


def round_evidence(stage: StageContext) -> Evidence:
    """The round's own data: its groups, what the machine said, what people said."""
    label = tables.Label
    with reading() as db:
        # What people wrote says nothing about the policy or its judge.
        groups = group_values.load(
            db,
            group_values.group_rows(db, stage.round.id, Split.train, step=looked_at(stage.places)),
            edits=False,
            imported=False,
        )
        query = select(
            label.sample_id,
            label.machine_score,
            label.machine_verdict,
            label.verdict,
            label.source,
            label.is_overridden,
        )
        query = query.join(tables.Sample, tables.Sample.id == label.sample_id)
        of_policy = (label.round_id == stage.round.id, tables.Sample.kind == SampleKind.completion)
        labels = db.execute(query.where(*of_policy)).all()
        # A label that was known from the start is nothing that a reviewer decided.
        known = set(db.scalars(select(tables.GoldItem.sample_id).where(tables.GoldItem.round_id == stage.round.id)))
        blind, drawn = blind_verdicts(db, stage)
        kept = kept_samples(db, stage.round.id)
        sides = pairs.of_round(db, stage.round.id) if any(metric.reads_pairs for metric in stage.recipe.metrics) else []
    machine: dict[int, tuple[float | None, Verdict | None]] = {i: (score, verdict) for i, score, verdict, *_ in labels}
    by_people = [
        row
        for row in labels
        if row.source is LabelSource.person and row.verdict is not None and row.sample_id not in known
    ]
    people = {row.sample_id: row.verdict for row in by_people}
    overridden = frozenset(row.sample_id for row in by_people if row.is_overridden)
    return Evidence(
        round_groups=groups,
        machine=machine,
        people=people,
        overridden=overridden,
        blind=blind,
        drawn=drawn,
        kept=kept,
        turns=turns_of(stage),
        pairs=sides,
    )


def looked_at(places: Sequence[StepPlace]) -> int:
    """The step whose groups hold a round's own texts: that of the groups which the first selector of texts reads.

    A selector of texts that nobody wrote in the round, as of known answers, does not count. Where no other one is
    there, those of the first step that asks a model; without any, those of the first step.
    """
    wrote = {place.index for place in places if isinstance(place.step.part, Generator) and place.step.part.needs_engine}
    selectors = [place for place in places if isinstance(place.step.part, Selector) and place.step.part.needs_texts]
    read = [selector.source for selector in selectors if wrote & {*selector.texts}]
    for place in (places[n] for n in sorted(wrote)):
        read.append(place.index if _makes_groups(place) else place.source)
    return next((n for n in read if n is not None), places[0].index)


def _makes_groups(place: StepPlace) -> bool:
    return isinstance(place.step.part, Generator) and place.step.part.makes_groups


def turns_of(stage: StageContext) -> dict[str, Sequence[values.Group]]:
    """What the metrics want to see of later turns, by the name of the step that wrote them."""
    by_name: dict[str, Sequence[values.Group]] = {}
    for name in {name for metric in stage.recipe.metrics for name in metric.turns}:
        writers = [place for place in stage.places if is_turn(stage, place) and name in ("", place.step.name)]
        if not writers:
            continue
        with reading() as db:
            rows = group_values.group_rows(db, stage.round.id, Split.train, step=writers[-1].source)
            groups = group_values.load(db, rows, edits=False, imported=False)
        step = writers[-1].index
        by_name[name] = [replace(group, samples=tuple(s for s in group.samples if s.step == step)) for group in groups]
    return by_name


def is_turn(stage: StageContext, place: StepPlace) -> bool:
    """Whether a step writes texts that answer questions about texts."""
    asked = stage.places[place.source or 0].step.part
    return isinstance(place.step.part, Generator) and isinstance(asked, PromptSource) and asked.has_parents


def kept_samples(db: Session, round_id: int) -> frozenset[int]:
    """Ids of the samples that the round's selectors kept, of a pair the chosen one."""
    row = tables.Example
    query = (
        select(row.sample_id)
        .join(tables.Dataset)
        .where(tables.Dataset.round_id == round_id, row.origin == "selected", row.label.is_distinct_from(False))
    )
    return frozenset(n for n in db.scalars(query) if n is not None)


def blind_verdicts(db: Session, stage: StageContext) -> tuple[dict[int, Verdict], frozenset[int]]:
    """What people said of samples before they saw the judge, where most agree; and which samples were drawn at random.

    Each person's last standing word counts, and only if it was blind: who decided again had seen the judge's. Gold
    items are chosen, not drawn, and neither a bulk action nor an adjudication is a witness.
    """
    decision = tables.Decision
    query = (
        standing.votes(decision, kinds=standing.LABELLING)
        .where(decision.round_id == stage.round.id)
        .order_by(decision.id)
    )
    last = {(row.sample_id, row.user_id): row for row in db.scalars(query)}
    cut = cut_of(judge_of(stage.round.recipe, stage.round.phase))
    by_sample: dict[int, list[bool]] = defaultdict(list)
    drawn = set()
    for (sample_id, _), row in last.items():
        if row.is_blind:
            is_good = row.score is not None and row.score >= cut
            by_sample[sample_id].append(is_good if row.kind is DecisionKind.score else row.kind is DecisionKind.accept)
            drawn |= {sample_id} if row.is_random else set()
    clear = {n: sum(votes) for n, votes in by_sample.items() if 2 * sum(votes) != len(votes)}
    verdicts = {n: Verdict.accept if 2 * good > len(by_sample[n]) else Verdict.reject for n, good in clear.items()}
    return verdicts, frozenset(drawn)


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
