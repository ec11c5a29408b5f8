"""The rows of a bench as values: its samples, what each judge said of them, and the groups that a judge is shown."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.judges import Judge
from backend.pipeline import groups as group_values
from backend.pipeline.bench_figures import BenchWord
from backend.pipeline.health.shapes import JudgedText
from backend.values import Group, Judgment, Split, Verdict


@dataclass(frozen=True)
class BenchText:
    """A sample of a bench, with what was known of it when the bench was opened."""

    sample_id: int
    group_id: int
    round_id: int
    prompt_id: int
    step: int
    position: int
    num_tokens: int
    author_id: int | None
    accepts: bool | None
    person_score: float | None
    first_score: float | None
    first_verdict: Verdict | None
    first_is_unparsed: bool


def texts(db: Session, bench_id: int) -> list[BenchText]:
    """The samples of a bench, those of a group after each other."""
    sample, row = tables.Sample, tables.BenchSample
    query = (
        select(
            sample.id,
            sample.group_id,
            sample.round_id,
            sample.prompt_id,
            sample.step,
            sample.position,
            sample.num_tokens,
            sample.checkpoint_id,
            row.accepts,
            row.person_score,
            row.first_score,
            row.first_verdict,
            row.first_is_unparsed,
        )
        .join(row, row.sample_id == sample.id)
        .where(row.bench_id == bench_id)
        .order_by(sample.group_id, sample.id)
    )
    rows: Any = db.execute(query)
    return [BenchText(*row) for row in rows]


def groups_of(some: Sequence[BenchText]) -> list[list[BenchText]]:
    """The texts of each group."""
    by_group: dict[int, list[BenchText]] = defaultdict(list)
    for text in some:
        by_group[text.group_id].append(text)
    return list(by_group.values())


def shown_groups(db: Session, judge: Judge, some: Sequence[BenchText]) -> list[Group]:
    """The groups with these texts, as the judge is shown them: who compares the texts of a group gets all that stand
    beside these, others these alone."""
    wanted = {text.sample_id for text in some}
    steps = {(text.group_id, text.step) for text in some}
    group_ids = {text.group_id for text in some}
    rows = [
        row
        for round_id in sorted({text.round_id for text in some})
        for row in group_values.group_rows(db, round_id, Split.train, prompts=sorted({text.prompt_id for text in some}))
        if row.id in group_ids
    ]
    sees_all = judge.needs_whole_groups or not judge.needs_engine
    groups = []
    for group in group_values.load(db, rows, edits=False, labels=False):
        beside = [
            sample for sample in group.samples if (group.id, sample.step) in steps and sample.kind in tables.JUDGED
        ]
        samples = tuple(sample for sample in beside if sees_all or sample.id in wanted)
        groups.append(replace(group, samples=samples))
    return groups


def judgments(db: Session, bench_judge_id: int) -> dict[int, list[tables.BenchJudgment]]:
    """What a judge of a bench said, by sample."""
    row, by_sample = tables.BenchJudgment, defaultdict[int, list[tables.BenchJudgment]](list)
    query = select(row).where(row.bench_judge_id == bench_judge_id)
    for scalar in db.scalars(query.order_by(row.sample_id, row.judge, row.position)):
        by_sample[scalar.sample_id].append(scalar)
    return by_sample


def judged_ids(db: Session, bench_judge_id: int, sample_ids: Sequence[int]) -> set[int]:
    """Those of the samples about which the judge was asked."""
    row, judged = tables.BenchJudgment, set[int]()
    for some in in_chunks(sample_ids):
        query = select(row.sample_id).where(row.bench_judge_id == bench_judge_id, row.sample_id.in_(some))
        judged |= set(db.scalars(query.distinct()))
    return judged


def word(judge: Judge, rows: Iterable[tables.BenchJudgment]) -> tuple[float | None, Verdict | None]:
    """The label that a judge's replies about one sample come to, as a round would take it."""
    served = [
        Judgment(row.sample_id, row.judge, row.position, row.score, row.verdict, row.rationale, row.raw)
        for row in rows
        if row.failure is None
    ]
    return judge.label(served) if served else (None, None)


def said_by(
    judge: Judge, by_sample: dict[int, list[tables.BenchJudgment]], some: Sequence[BenchText]
) -> list[BenchWord]:
    """The texts about which the judge was asked, with its word; those without any reply are left out."""
    replies = []
    for text in some:
        served = [row for row in by_sample.get(text.sample_id, ()) if row.failure is None]
        if served:
            score, verdict = word(judge, served)
            scores = [row.score for row in served if row.score is not None]
            replies.append(_said(text, score, verdict, spread=spread(scores), votes=len(served)))
    return replies


def num_before(replies: Sequence[BenchWord], some: Sequence[BenchText]) -> int | None:
    """How many of the texts the judge from before labelled otherwise; None where it gave none of them a verdict."""
    first = {text.sample_id: text.first_verdict is Verdict.accept for text in some if text.first_verdict is not None}
    both = [reply.text for reply in replies if reply.text.id in first]
    return sum(text.accepted != first[text.id] for text in both) if both else None


def said_before(some: Sequence[BenchText]) -> list[BenchWord]:
    """The texts that a judge labelled in their round, with that label."""
    labelled = [text for text in some if text.first_verdict is not None or text.first_is_unparsed]
    return [_said(text, text.first_score, text.first_verdict) for text in labelled]


def spread(scores: Sequence[float]) -> float | None:
    """The scores' standard deviation."""
    if not scores:
        return None
    mean = sum(scores) / len(scores)
    return float((sum((score - mean) ** 2 for score in scores) / len(scores)) ** 0.5)


def _said(
    sample: BenchText, score: float | None, verdict: Verdict | None, *, spread: float | None = None, votes: int = 1
) -> BenchWord:
    accepted = None if verdict is None else verdict is Verdict.accept
    text = JudgedText(
        sample.sample_id,
        sample.group_id,
        sample.position,
        score,
        accepted,
        spread,
        score is None and verdict is None,
        sample.num_tokens,
        sample.author_id,
        votes,
    )
    return BenchWord(text, sample.accepts, sample.person_score)
