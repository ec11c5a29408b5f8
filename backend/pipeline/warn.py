"""What may be going wrong in a round: the rules of its project, asked at its end about all that it left."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.judges import Judge
from backend.judges.pairwise_swapped import PairwiseSwapped, same_winners
from backend.metrics import Evidence
from backend.metrics._verify import is_unreadable, verdicts
from backend.pipeline import groups as group_values
from backend.pipeline import pairs
from backend.pipeline import rows as dataset_rows
from backend.pipeline.chosen import ancestors, trained_steps
from backend.pipeline.stage import StageContext
from backend.recipes import judge_of
from backend.registry import import_all
from backend.values import JSON, Group, MetricValue, Prompt, SetUse, Verdict, WarningLevel
from backend.warning_rules import Finding, Past, TrainedText, WarningEvidence, WarningRule

Judged = list[tuple[WarningRule, Finding, WarningLevel, str]]
"""Each rule with its finding, its light, and why that is amber though it would be red."""


def rules_of(stored: JSON) -> list[WarningRule]:
    """All rules by name, with what a project sets; a rule that is not installed any more is left out."""
    import_all()
    return [WarningRule.load({"name": name, **stored.get(name, {})}) for name in sorted(WarningRule.registry)]


def judged(rules: Sequence[WarningRule], evidence: WarningEvidence) -> Judged:
    """Ask the rules that are on. A red light that another red one explains is amber: one fault, one red light."""
    found = [(rule, rule.find(evidence)) for rule in rules if rule.is_on]
    lights = {str(rule.name): rule.level(finding) for rule, finding in found}
    red = {name for name, level in lights.items() if level is WarningLevel.red}
    made: Judged = []
    for rule, finding in found:
        level = lights[str(rule.name)]
        cause = next((one for one in rule.explained_by if one in red), None) if level is WarningLevel.red else None
        if cause is None:
            made.append((rule, finding, level, finding.missing))
        else:
            title = WarningRule.registry[cause].title  # type: ignore[attr-defined]
            made.append((rule, finding, WarningLevel.amber, f"It is beyond its limit, which follows from: {title}."))
    return made


def look(
    stage: StageContext, evidence: Evidence, found: Sequence[tuple[int | None, MetricValue, Any]]
) -> Callable[[Session], None]:
    """Ask the project's rules; return what writes their findings in the place of those that were there."""
    with reading() as db:
        rules = rules_of(db.get_one(tables.Project, stage.round.project_id).warning_rules)
    made = judged(rules, gathered(stage, evidence, found))

    def write(db: Session) -> None:
        row = tables.RoundWarning
        db.execute(delete(row).where(row.round_id == stage.round.id))
        for rule, finding, level, reason in made:
            db.add(
                row(
                    project_id=stage.round.project_id, round_id=stage.round.id, name=str(rule.name), level=level,
                    value=finding.value, low=finding.low, high=finding.high, limit=rule.limit, amber=rule.amber,
                    n=finding.n, reason=reason, stops=rule.stops, sample_ids=list(finding.sample_ids),
                    prompt_ids=list(finding.prompt_ids), details=finding.details,
                )
            )  # fmt: skip

    return write


def gathered(
    stage: StageContext, evidence: Evidence, found: Sequence[tuple[int | None, MetricValue, Any]]
) -> WarningEvidence:
    """What the rules look at."""
    round_ = stage.round
    ids = [sample.id for group in evidence.round_groups for sample in group.samples]
    above = ancestors_of(round_)
    with reading() as db:
        if not evidence.pairs:
            evidence = _with_pairs(db, evidence, round_.id)
        made = _metrics(found, round_.checkpoint_id)
        return WarningEvidence(
            round=evidence,
            truth=truth_of(stage, evidence),
            votes=_votes(db, ids),
            swapped=_swapped(db, round_.id, evidence.round_groups),
            judge=_judge_key(stage),
            rows=lambda: _rows([round_.id]),
            learned=lambda: _rows(above),
            held_out=_held_out(db, stage),
            made=made if round_.checkpoint_id else {},
            start=_measured_before(db, stage) | _metrics(found, round_.policy_id),
            of_round=_metrics(found, None),
            past=_past(db, above),
            trainers=tuple(str(one.name) for one in stage.recipe.of_kind("trainer")),
            is_verified=any(one.needs_answer for one in stage.recipe.judges),
        )


def ancestors_of(round_: tables.Round) -> list[int]:
    """Ids of the rounds above, nearest first."""
    with reading() as db:
        return ancestors(db, round_.parent_id)


def truth_of(stage: StageContext, evidence: Evidence) -> dict[int, bool]:
    """Whether each text is right: by the recipe's verifier where it can tell, else as people said who decided blind."""
    found = {id_: verdict is Verdict.accept for id_, verdict in evidence.blind.items()}
    verifier = next((one for metric in stage.recipe.metrics if (one := getattr(metric, "verifier", None))), None)
    if not isinstance(verifier, Judge):
        return found
    for group, said in zip(evidence.round_groups, verdicts(verifier, evidence.round_groups), strict=True):
        for sample, verdict in zip(group.samples, said, strict=True):
            if verdict is not None or is_unreadable(verifier, group, verdict):
                found[sample.id] = verdict is Verdict.accept
    return found


def _with_pairs(db: Session, evidence: Evidence, round_id: int) -> Evidence:
    return replace(evidence, pairs=pairs.of_round(db, round_id))


def _metrics(found: Sequence[tuple[int | None, MetricValue, Any]], checkpoint_id: int | None) -> dict[str, MetricValue]:
    return {value.name: value for id_, value, _ in found if id_ == checkpoint_id}


def _measured_before(db: Session, stage: StageContext) -> dict[str, MetricValue]:
    """The newest numbers of the checkpoint that the round started from, which an earlier round measured."""
    row = tables.Metric
    query = select(row).where(row.checkpoint_id == stage.round.policy_id, row.round_id != stage.round.id)
    return {
        one.name: MetricValue(one.name, one.value, one.low, one.high, one.n, one.details)
        for one in db.scalars(query.order_by(row.id))
    }


def _votes(db: Session, ids: Sequence[int]) -> dict[int, tuple[float, ...]]:
    """The scores of the last judge of each text, where it gave several."""
    row, found = tables.Judgment, dict[int, tuple[int, list[float]]]()
    for some in in_chunks(ids):
        query = select(row.sample_id, row.step, row.score).where(row.sample_id.in_(some))
        for sample_id, step, score in db.execute(query.order_by(row.sample_id, row.step, row.position)):
            if found.get(sample_id, (-1, []))[0] != step:
                found[sample_id] = (step, [])
            found[sample_id][1].extend([] if score is None else [score])
    return {sample_id: tuple(scores) for sample_id, (_, scores) in found.items() if len(scores) > 1}


def _swapped(db: Session, round_id: int, groups: Sequence[Group]) -> list[tuple[int, int, bool]]:
    """Of pairs that were shown in both orders whether the same text won."""
    row, raws = tables.Judgment, dict[int, dict[int, str]]()
    query = select(row.sample_id, row.step, row.raw).where(row.round_id == round_id, row.judge == PairwiseSwapped.name)
    for sample_id, step, raw in db.execute(query):
        raws.setdefault(step, {})[sample_id] = raw
    found = []
    for said in raws.values():
        for group in groups:
            ids = [one.id for one in group.samples if one.id in said]
            found += same_winners(ids, [said[one] for one in ids]) if len(ids) > 1 else []
    return found


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
                    question = next((one["content"] for one in reversed(row.messages) if one["role"] == "user"), "")
                    yield TrainedText(row.prompt_id, question, row.said, row.origin, row.sample_id)


def _held_out(db: Session, stage: StageContext) -> list[Prompt]:
    prompt = tables.Prompt
    sets = stage.set_ids(SetUse.held_out)
    query = select(*group_values.PROMPT).where(prompt.prompt_set_id.in_(sets)).order_by(prompt.id)
    return [Prompt(*row) for row in db.execute(query)] if sets else []


def _past(db: Session, round_ids: Sequence[int]) -> list[Past]:
    """What the rules left of the rounds above, oldest first."""
    row, found = tables.RoundWarning, defaultdict[int, dict[str, JSON]](dict)
    numbers = dict[int, int]()
    for some in in_chunks(round_ids):
        query = select(row.round_id, tables.Round.number, row.name, row.details).join(tables.Round)
        for round_id, number, name, details in db.execute(query.where(row.round_id.in_(some))):
            found[round_id][name], numbers[round_id] = details, number
    return [Past(numbers[id_], found[id_]) for id_ in reversed(round_ids) if id_ in found]
