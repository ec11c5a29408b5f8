"""Judging again what the judge could not be asked about: beside earlier judgments, with people's words untouched."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.pipeline import left_out
from backend.values import Judgment, LabelSource

BY_MACHINE = ("sample_id", "machine_score", "machine_verdict", "machine_spread", "is_unparsed")


def unwritten(db: Session, judgments: Sequence[Judgment], step: int) -> list[Judgment]:
    """The judgments that have no row of this step yet. A judge that computes judges a group whole, some of it again."""
    judgment = tables.Judgment
    known = set()
    for ids in in_chunks(sorted({judgment.sample_id for judgment in judgments})):
        query = select(judgment.sample_id, judgment.judge, judgment.position)
        query = query.where(judgment.sample_id.in_(ids), judgment.step == step)
        known |= {tuple(row) for row in db.execute(query)}
    return [judgment for judgment in judgments if (judgment.sample_id, judgment.judge, judgment.position) not in known]


class JudgeRetry:
    """What a retry of the judge asks for, and what is known of these samples."""

    def __init__(self, rows: Sequence[tables.LeftOut]) -> None:
        self.rows = rows
        self.samples = {row.sample_id for row in rows if row.sample_id is not None}

    def earlier(self, db: Session, judgments_now: Sequence[Judgment], step: int) -> list[Judgment]:
        """What was said before in this step of the samples that are judged now."""
        row, judgments = tables.Judgment, []
        for ids in in_chunks(sorted({judgment.sample_id for judgment in judgments_now})):
            for old in db.scalars(select(row).where(row.sample_id.in_(ids), row.step == step).order_by(row.id)):
                judgments.append(
                    Judgment(old.sample_id, old.judge, old.position, old.score, old.verdict, old.rationale, old.raw)
                )
        return judgments

    def ids_of(self, judgments: Sequence[Judgment], items: Sequence[left_out.LeftOutItem]) -> list[int]:
        """The rows about samples that were asked about now."""
        asked = {judgment.sample_id for judgment in judgments} | {item.sample_id for item in items}
        return [row.id for row in self.rows if row.sample_id in asked]


def shares(db: Session, labels: dict[str, list[Any]]) -> Iterator[dict[str, list[Any]]]:
    """The labels' columns, apart for samples that people have labelled: of these only the machine's word."""
    label = tables.Label
    by_people: set[int] = set()
    for ids in in_chunks(labels["sample_id"]):
        query = select(label.sample_id).where(label.sample_id.in_(ids), label.source == LabelSource.person)
        by_people |= set(db.scalars(query))
    mine = [sample_id not in by_people for sample_id in labels["sample_id"]]
    yield {name: [v for v, own in zip(column, mine, strict=True) if own] for name, column in labels.items()}
    yield {name: [v for v, own in zip(labels[name], mine, strict=True) if not own] for name in BY_MACHINE}
