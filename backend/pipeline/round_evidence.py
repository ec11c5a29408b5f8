"""What a round's own metrics are computed of: its groups, what the machine said, what people said."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import values
from backend.db import reading, standing, tables
from backend.generators import Generator
from backend.metrics import Evidence
from backend.pipeline import groups as group_values
from backend.pipeline import pairs
from backend.pipeline.stage import StageContext
from backend.prompt_sources import PromptSource
from backend.recipes import StepPlace, cut_of, judge_of
from backend.selectors import Selector
from backend.values import (
    DecisionKind,
    LabelSource,
    SampleKind,
    Split,
    Verdict,
)


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
    return frozenset(sample_id for sample_id in db.scalars(query) if sample_id is not None)


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
    clear = {sample_id: sum(votes) for sample_id, votes in by_sample.items() if 2 * sum(votes) != len(votes)}
    verdicts = {
        sample_id: Verdict.accept if 2 * good > len(by_sample[sample_id]) else Verdict.reject
        for sample_id, good in clear.items()
    }
    return verdicts, frozenset(drawn)
