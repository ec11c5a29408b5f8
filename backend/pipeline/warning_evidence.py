"""What the rules that warn look at: what a round made, what is known of it, and what the rounds above left."""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.generators import Generator
from backend.judges import Judge
from backend.judges.from_children import FromChildren
from backend.judges.pairwise_swapped import PairwiseSwapped, same_winners
from backend.metrics import Evidence
from backend.metrics._verify import verdicts
from backend.pipeline import groups as group_values
from backend.pipeline import losses, pairs
from backend.pipeline import rows as dataset_rows
from backend.pipeline.chosen import ancestors, trained_steps
from backend.pipeline.stage import StageContext
from backend.recipes import judge_of, needs_differences
from backend.trainers import Trainer
from backend.values import JSON, Group, LabelSource, MetricValue, Prompt, Sample, SampleKind, SetUse, Verdict
from backend.warning_rules import ImportedText, PastFindings, TrainedText, WarningEvidence

MOST_SWAPPED = 2000
"""Groups of which pairs shown in both orders are read back."""
MOST_KEPT = 50_000_000
"""Characters of training rows that are kept in memory for the rules that read them again."""


class ReadOnce:
    """Training rows that are read from the database once; again only where they are more than memory should hold."""

    def __init__(self, read: Callable[[], Iterator[TrainedText]], most: int = MOST_KEPT) -> None:
        self._read, self._most = read, most
        self._kept: list[TrainedText] | None = None

    def __call__(self) -> Iterator[TrainedText]:
        if self._kept is not None:
            yield from self._kept
            return
        kept, size = list[TrainedText](), 0
        for row in self._read():
            size += len(row.question) + len(row.context) + len(row.text) + len(row.rejected)
            if size <= self._most:
                kept.append(row)
            else:
                kept.clear()
            yield row
        if size <= self._most:
            self._kept = kept


def gathered(
    stage: StageContext, evidence: Evidence, values: Sequence[tuple[int | None, MetricValue, Any]]
) -> WarningEvidence:
    """What the rules look at."""
    round_, tree_steps = stage.round, tree_steps_of(stage)
    ids = [sample.id for group in evidence.round_groups for sample in group.samples]
    above = ancestors_of(round_)
    with reading() as db:
        if not evidence.pairs:
            evidence = replace(evidence, pairs=pairs.of_round(db, round_.id))
        evidence = with_finite_scores(evidence)
        return WarningEvidence(
            round=evidence,
            truth=truth_of(stage, evidence, tree_steps),
            votes=_votes(db, ids),
            swapped=_swapped(db, round_.id, evidence.round_groups),
            judge=_judge_key(stage),
            rows=ReadOnce(lambda: _rows([round_.id])),
            learned=ReadOnce(lambda: _rows(above)),
            held_out=_held_out(db, stage),
            trained=_metrics(values, round_.checkpoint_id) if round_.checkpoint_id else {},
            start=_measured_before(db, stage, _way(values)) | _metrics(values, round_.policy_id),
            of_round=_metrics(values, None),
            past=_past(db, above),
            is_online=any(
                trainer.trains_on_rewards for trainer in stage.recipe.of_kind("trainer") if isinstance(trainer, Trainer)
            ),
            needs_differences=needs_differences(stage.recipe, round_.phase),
            is_verified=any(judge.needs_answer for judge in stage.recipe.judges),
            tree_steps=tree_steps,
            losses=losses.first_of(db, stage),
            losses_before=losses.before(db, stage),
            imported=imported_of(db, evidence.kept),
        )


def ancestors_of(round_: tables.Round) -> list[int]:
    """Ids of the rounds above, nearest first."""
    with reading() as db:
        return ancestors(db, round_.parent_id)


def truth_of(stage: StageContext, evidence: Evidence, tree_steps: frozenset[int]) -> dict[int, bool]:
    """Whether each text is right: by the recipe's verifier where it can tell, else as people said who decided blind.

    The verifier is asked only about texts that answer prompts: a critique, or a step of an answer, is not wrong because
    it gives no answer. One that runs programs is not asked again; where it also judged the round, that counts.
    """
    truth = {id_: verdict is Verdict.accept for id_, verdict in evidence.blind.items()}
    verifier = next(
        (candidate for metric in stage.recipe.metrics if (candidate := getattr(metric, "verifier", None))), None
    )
    if not isinstance(verifier, Judge):
        return truth
    groups = [group for group in evidence.round_groups if group.parent is None and group.step not in tree_steps]
    if verifier.needs_sandbox:
        last = judge_of(stage.round.recipe, stage.round.phase)
        return truth | (_as_judged(evidence, groups) if last == verifier.dump() else {})
    for group, row in zip(groups, verdicts(verifier, groups), strict=True):
        for sample, verdict in zip(group.samples, row, strict=True):
            if verdict is not None:
                truth[sample.id] = verdict is Verdict.accept
    return truth


def _as_judged(evidence: Evidence, groups: Sequence[Group]) -> dict[int, bool]:
    verdict_of = {
        sample.id: evidence.machine.get(sample.id, (None, None))[1] for group in groups for sample in group.samples
    }
    return {id_: verdict is Verdict.accept for id_, verdict in verdict_of.items() if verdict is not None}


def tree_steps_of(stage: StageContext) -> frozenset[int]:
    """The steps whose groups a generator made of its own texts, such as those of a tree search."""
    parts = [(place.index, place.step.part) for place in stage.places]
    return frozenset(index for index, part in parts if isinstance(part, Generator) and part.makes_groups)


def with_finite_scores(evidence: Evidence) -> Evidence:
    """Return the evidence with a score that is not a finite number as no score."""

    def finite(sample: Sample) -> Sample:
        return sample if _finite(sample.score) == sample.score else replace(sample, score=None)

    groups = [replace(group, samples=tuple(map(finite, group.samples))) for group in evidence.round_groups]
    return replace(
        evidence,
        round_groups=groups,
        machine={id_: (_finite(score), verdict) for id_, (score, verdict) in evidence.machine.items()},
        pairs=[(finite(a), finite(b)) for a, b in evidence.pairs],
    )


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _metrics(
    values: Sequence[tuple[int | None, MetricValue, Any]], checkpoint_id: int | None
) -> dict[str, MetricValue]:
    """Numbers by name; one that is not finite is not known."""
    return {value.name: _known(value) for id_, value, _ in values if id_ == checkpoint_id}


def _known(value: MetricValue) -> MetricValue:
    return value if _finite(value.value) == value.value else replace(value, value=None, low=None, high=None)


def _way(values: Sequence[tuple[int | None, MetricValue, JSON]]) -> JSON | None:
    """How the round measured its checkpoints; None where it measured none."""
    return next((details.get("measured_by") for id_, _, details in values if id_ is not None), None)


def _measured_before(db: Session, stage: StageContext, way: JSON | None) -> dict[str, MetricValue]:
    """The newest numbers of the checkpoint that the round started from, which an earlier round measured in this way.

    Numbers over other prompts, or of longer answers, compare with nothing of this round.
    """
    row = tables.Metric
    query = select(row).where(row.checkpoint_id == stage.round.policy_id, row.round_id != stage.round.id)
    return {
        scalar.name: _known(MetricValue(scalar.name, scalar.value, scalar.low, scalar.high, scalar.n, scalar.details))
        for scalar in db.scalars(query.order_by(row.id))
        if way is not None and scalar.details.get("measured_by") == way
    }


def _votes(db: Session, ids: Sequence[int]) -> dict[int, tuple[float, ...]]:
    """The scores of the last judge of each text, where it gave several.

    Those that continuations give to several places of one text are no votes on the same thing.
    """
    row, by_sample = tables.Judgment, dict[int, tuple[int, list[float]]]()
    for some in in_chunks(ids):
        query = select(row.sample_id, row.step, row.score).where(
            row.sample_id.in_(some), row.judge != FromChildren.name
        )
        for sample_id, step, score in db.execute(query.order_by(row.sample_id, row.step, row.position)):
            if by_sample.get(sample_id, (-1, []))[0] != step:
                by_sample[sample_id] = (step, [])
            by_sample[sample_id][1].extend([] if score is None or not math.isfinite(score) else [score])
    return {sample_id: tuple(scores) for sample_id, (_, scores) in by_sample.items() if len(scores) > 1}


def _swapped(db: Session, round_id: int, groups: Sequence[Group]) -> list[tuple[int, int, bool]]:
    """Of pairs that were shown in both orders whether the same text won; of an even draw of `MOST_SWAPPED` groups.

    Replies are long and read back whole, so that a few groups are held at a time.
    """
    row, swaps = tables.Judgment, list[tuple[int, int, bool]]()
    groups = groups[:: max(1, -(-len(groups) // MOST_SWAPPED))]
    for start in range(0, len(groups), 50):
        some = groups[start : start + 50]
        ids = [sample.id for group in some for sample in group.samples]
        raws = dict[int, dict[int, str]]()
        for chunk in in_chunks(ids):
            query = select(row.sample_id, row.step, row.raw).where(
                row.round_id == round_id, row.judge == PairwiseSwapped.name, row.sample_id.in_(chunk)
            )
            for sample_id, step, raw in db.execute(query):
                raws.setdefault(step, {})[sample_id] = raw
        for replies in raws.values():
            for group in some:
                judged = [sample.id for sample in group.samples if sample.id in replies]
                swaps += same_winners(judged, [replies[sample_id] for sample_id in judged]) if len(judged) > 1 else []
    return swaps


def _judge_key(stage: StageContext) -> str:
    """Equal for rounds whose labels are of the same judge with the same knobs."""
    judge = judge_of(stage.round.recipe, stage.round.phase)
    return hashlib.sha256(json.dumps(judge, sort_keys=True).encode()).hexdigest()[:16]


def _rows(round_ids: Sequence[int]) -> Iterator[TrainedText]:
    """The rows that the trainings of these rounds read, read in pages."""
    dataset = tables.Dataset
    with reading() as db:
        for round_id in round_ids:
            steps = trained_steps(db, round_id)
            query = select(dataset.id).where(dataset.round_id == round_id, dataset.step.in_(steps))
            for dataset_id in list(db.scalars(query.order_by(dataset.step))):
                for row in dataset_rows.rows(db, dataset_id):
                    question = next(
                        (message["content"] for message in reversed(row.messages) if message["role"] == "user"), ""
                    )
                    context = "\n\n".join(message["content"] for message in row.messages)
                    about = (row.prompt_id, question, row.trained_text, row.origin, row.sample_id)
                    yield TrainedText(*about, context=context, rejected=row.rejected or "", label=row.label)


def imported_of(db: Session, kept: Collection[int]) -> list[ImportedText]:
    """Those of the kept samples that a file brought."""
    sample, set_, label = tables.Sample, tables.PromptSet, tables.Label
    query = (
        select(sample.id, set_.id, set_.name, label.source, sample.prompt_id)
        .join(tables.Prompt, tables.Prompt.id == sample.prompt_id)
        .join(set_, set_.id == tables.Prompt.prompt_set_id)
        .outerjoin(label, label.sample_id == sample.id)
        .where(sample.kind == SampleKind.imported)
        .order_by(sample.id)
    )
    return [
        ImportedText(id_, set_id, name, source is LabelSource.person, prompt_id)
        for some in in_chunks(sorted(kept))
        for id_, set_id, name, source, prompt_id in db.execute(query.where(sample.id.in_(some)))
    ]


def _held_out(db: Session, stage: StageContext) -> list[Prompt]:
    prompt = tables.Prompt
    sets = stage.set_ids(SetUse.held_out)
    query = select(*group_values.PROMPT).where(prompt.prompt_set_id.in_(sets)).order_by(prompt.id)
    return [Prompt(*row) for row in db.execute(query)] if sets else []


def _past(db: Session, round_ids: Sequence[int]) -> list[PastFindings]:
    """What the rules left of the rounds above, oldest first; of the nearest one also where they left nothing."""
    row, by_round = tables.RoundWarning, defaultdict[int, dict[str, JSON]](dict)
    numbers = dict[int, int]()
    for some in in_chunks(round_ids):
        query = select(row.round_id, tables.Round.number, row.name, row.details).join(tables.Round)
        for round_id, number, name, details in db.execute(query.where(row.round_id.in_(some))):
            by_round[round_id][name], numbers[round_id] = details, number
    for parent_id in round_ids[:1]:
        numbers[parent_id] = db.get_one(tables.Round, parent_id).number
    return [PastFindings(numbers[id_], by_round.get(id_, {})) for id_ in reversed(round_ids) if id_ in numbers]
