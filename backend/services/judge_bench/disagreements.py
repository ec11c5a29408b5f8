"""The samples of a bench on which a judge says something else than people, or than the judge from before."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.errors import NotFound
from backend.judges import Judge
from backend.pipeline import bench_rows
from backend.pipeline.bench_rows import BenchText
from backend.pipeline.judge_bench import loaded
from backend.services.access import Actor
from backend.services.judge_bench.opening import find
from backend.services.judge_bench.results import is_curator_of, refuse_hidden
from backend.values import Messages, Role, Verdict

MOST = 200


class Against(StrEnum):
    """What a judge's verdicts are compared with."""

    people = "people"
    before = "before"
    """The judge that labelled the texts in their round."""


@dataclass(frozen=True)
class BenchReply:
    """One reply of a judge. `failure`: why there is none."""

    position: int
    score: float | None
    verdict: Verdict | None
    rationale: str
    raw: str
    failure: str | None


@dataclass(frozen=True)
class Disagreement:
    """One text. `other`: the verdict that the judge's differs from; the judge's is None where no reply has one.
    `is_gold` is told to curators alone: a branch may show the gold item again."""

    sample_id: int
    round_id: int
    round_number: int
    messages: Messages
    answer: str | None
    text: str
    other: Verdict
    people: Verdict | None
    person_score: float | None
    is_gold: bool
    before: Verdict | None
    score: float | None
    verdict: Verdict | None
    replies: tuple[BenchReply, ...]


@dataclass(frozen=True)
class Disagreements:
    """`total`: all of them; `items`: the first ones. Wrong accepts come first, then wrong rejects, then texts without a
    verdict."""

    bench_id: int
    judge_id: int
    title: str
    against: Against
    total: int
    items: tuple[Disagreement, ...]


def read(
    actor: Actor, bench_id: int, judge_id: int, *, against: Against = Against.people, limit: int = 50
) -> Disagreements:
    """Return where a judge of a bench disagrees; raises `NotFound` for a judge that is not on this bench."""
    boundary.whole(limit, "limit", least=1, most=MOST)
    with reading() as db:
        bench = find(db, actor, bench_id, Role.viewer)
        refuse_hidden(db, actor, bench)
        row = db.get(tables.BenchJudge, judge_id)
        if row is None or row.bench_id != bench_id:
            raise NotFound(f"There is no judge {judge_id} on bench {bench_id}. Choose one from its table.")
        judge = loaded(row)
        if judge is None:
            raise NotFound(f"This version of Rondo has no judge as {row.title!r} was, so its replies cannot be read.")
        texts = bench_rows.texts(db, bench_id)
        is_curator = is_curator_of(db, actor, bench.project_id)
        items = _found(db, row.id, judge, texts, against)
        return Disagreements(
            bench_id, judge_id, row.title, against, len(items), tuple(_shown(db, bench_id, items[:limit], is_curator))
        )


@dataclass(frozen=True)
class _Found:
    text: BenchText
    other: Verdict
    score: float | None
    verdict: Verdict | None
    replies: tuple[BenchReply, ...]


def _found(db: Session, row_id: int, judge: Judge, texts: Sequence[BenchText], against: Against) -> list[_Found]:
    judgments, items = bench_rows.judgments(db, row_id), []
    for text in texts:
        other = _people(text) if against is Against.people else text.first_verdict
        rows = judgments.get(text.sample_id, [])
        if other is None or all(row.failure is not None for row in rows):
            continue
        score, verdict = bench_rows.word(judge, rows)
        if verdict != other:
            replies = [
                BenchReply(row.position, row.score, row.verdict, row.rationale, row.raw, row.failure) for row in rows
            ]
            items.append(_Found(text, other, score, verdict, tuple(replies)))
    order = {Verdict.accept: 0, Verdict.reject: 1, None: 2}
    return sorted(items, key=lambda item: (order[item.verdict], item.text.sample_id))


def _people(text: BenchText) -> Verdict | None:
    return None if text.accepts is None else Verdict.accept if text.accepts else Verdict.reject


def _shown(db: Session, bench_id: int, items: Sequence[_Found], is_curator: bool) -> list[Disagreement]:
    sample, prompt, group, round_ = tables.Sample, tables.Prompt, tables.Group, tables.Round
    mine, columns = tables.BenchSample, dict[int, Any]()
    for some in in_chunks([item.text.sample_id for item in items]):
        query = (
            select(
                sample.id,
                sample.text,
                prompt.messages,
                group.messages,
                prompt.answer,
                group.answer,
                round_.number,
                mine.is_gold,
            )
            .join(prompt, prompt.id == sample.prompt_id)
            .join(group, group.id == sample.group_id)
            .join(round_, round_.id == sample.round_id)
            .join(mine, mine.sample_id == sample.id)
            .where(sample.id.in_(some), mine.bench_id == bench_id)
        )
        columns |= {id_: rest for id_, *rest in db.execute(query)}
    shown = []
    for item in items:
        text, asked, own, answer, own_answer, number, is_gold = columns[item.text.sample_id]
        shown.append(
            Disagreement(
                sample_id=item.text.sample_id,
                round_id=item.text.round_id,
                round_number=number,
                messages=own or asked,
                answer=answer if own_answer is None else own_answer,
                text=text,
                other=item.other,
                people=_people(item.text),
                person_score=item.text.person_score,
                is_gold=is_gold and is_curator,
                before=item.text.first_verdict,
                score=item.score,
                verdict=item.verdict,
                replies=item.replies,
            )
        )
    return shown
