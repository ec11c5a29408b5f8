"""The judged samples of a round, read from the database as far as their informativeness needs them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from backend import answers
from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.pipeline import groups as group_values
from backend.pipeline.informativeness.repeats import identify
from backend.pipeline.informativeness.signs import JudgedSample, is_verifier
from backend.pipeline.stage import StageContext
from backend.prompt_sources import PromptSource
from backend.values import Split

READ = 2_000
"""Characters that are read of a text: its end, where answers and verdicts stand. Set by hand, not measured."""
GROUPS_AT_ONCE = 500
"""Bounds the memory that a statement's rows take. Set by hand, not measured."""


def shown(stage: StageContext) -> list[int]:
    """The groups that people are shown: those that the first step that reads labels works on."""
    gate = stage.recipe.gate(stage.round.phase)
    with reading() as db:
        if gate is None:
            rows = group_values.group_rows(db, stage.round.id, Split.train)
        else:
            rows = group_values.groups_for_step(db, stage, gate)
    return [row.id for row in rows]


def read(ids: Sequence[int], own: str) -> Iterator[list[JudgedSample]]:
    """These groups, each with its completions. `own`: the name of the judge."""
    for some in in_chunks(ids, GROUPS_AT_ONCE):
        with reading() as db:
            by_group: dict[int, list[JudgedSample]] = defaultdict(list)
            for sample in read_samples(db, some, own):
                by_group[sample.group].append(sample)
        yield from by_group.values()


def read_samples(db: Session, group_ids: Sequence[int], own: str) -> list[JudgedSample]:
    sample, label, prompt, group = tables.Sample, tables.Label, tables.Prompt, tables.Group
    query = (
        select(
            sample.id,
            sample.group_id,
            end_of(prompt.text),
            end_of(sample.text),
            sample.logprob,
            sample.num_tokens,
            sample.finish_reason,
            label.machine_score,
            label.machine_verdict,
            label.machine_spread,
            end_of(func.coalesce(group.answer, prompt.answer)),
            func.length(sample.text),
            sample.turns.is_not(None),
        )
        .join(prompt, prompt.id == sample.prompt_id)
        .join(group, group.id == sample.group_id)
        .join(label, label.sample_id == sample.id)
        .where(sample.group_id.in_(group_ids), sample.kind.in_(tables.JUDGED))
        # Not by number: which worker of several wrote first says nothing.
        .order_by(group.position, sample.group_id, sample.step, sample.position, sample.id)
    )
    by_id: dict[int, JudgedSample] = {}
    for id_, group_id, asked, text, logprob, tokens, reason, score, verdict, spread, known, *more in db.execute(query):
        judged = JudgedSample(
            id_, group_id, asked, text, logprob or 0.0, tokens, reason == "length", score, verdict, spread
        )
        judged.answer, judged.known = answers.normalise(answers.extract(text) or ""), known
        judged.length, judged.is_episode = more
        by_id[id_] = judged
    add_judgments(db, group_ids, by_id, own)
    identify(db, by_id.values(), READ)
    return list(by_id.values())


def add_judgments(db: Session, group_ids: Sequence[int], by_id: dict[int, JudgedSample], own: str) -> None:
    """The round's own judge gives its reason; its replies together are the verdict that is there already."""
    sample, judgment = tables.Sample, tables.Judgment
    query = (
        select(judgment.sample_id, judgment.judge, judgment.verdict, end_of(judgment.rationale))
        .join(sample, sample.id == judgment.sample_id)
        .where(sample.group_id.in_(group_ids), judgment.position == 0)
    )
    for sample_id, judge, verdict, rationale in db.execute(query):
        if sample_id in by_id and judge == own:
            by_id[sample_id].rationale = rationale
        elif sample_id in by_id and verdict is not None:
            by_id[sample_id].verdicts[judge] = verdict


def verifiers(stage: StageContext) -> set[str]:
    """Those judges of the round that compute."""
    with reading() as db:
        query = select(tables.Judgment.judge).where(tables.Judgment.round_id == stage.round.id).distinct()
        return {name for name in db.scalars(query) if is_verifier(name)}


def has_answers(stage: StageContext) -> bool:
    """Whether the known answers of the prompts answer what people are shown: not where it is prompts to be."""
    gate, places = stage.recipe.gate(stage.round.phase), stage.places
    asked = places[(places[gate].source if gate is not None else None) or 0].step.part
    return isinstance(asked, PromptSource) and asked.knows_answers


def end_of(column: Any) -> Any:
    """The last characters of a text."""
    length = func.length(column)
    return func.substr(column, case((length > READ, length - READ + 1), else_=1))
