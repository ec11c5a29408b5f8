"""What judges answered to a project's questions, as far as one may see it: as the judge's verdicts are seen."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import in_chunks
from backend.services.access import Actor
from backend.services.decisions import own_words
from backend.services.rounds import get_row
from backend.services.samples import visibility
from backend.services.samples.visibility import Hidden


@dataclass(frozen=True)
class JudgeAnswerView:
    """What a judge answered. `key`: the question's. `value`: None where the reply could not be read, and `fault` says
    why; `raw` is the reply. `checkpoint`: the judge's name."""

    id: int
    sample_id: int
    question_id: int
    key: str
    judge: str
    checkpoint_id: int | None
    checkpoint: str | None
    job_id: int | None
    step: int
    value: dict[str, Any] | None
    fault: str
    raw: str
    at: datetime


def of_round(actor: Actor, round_id: int, sample_ids: Sequence[int]) -> list[JudgeAnswerView]:
    """The answers to these samples of the round, by sample and question."""
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        row = tables.Sample
        here = list(db.scalars(select(row.id).where(row.id.in_(sample_ids), row.round_id == round_id)))
        answers = visible_answers(db, actor, visibility.hidden(db, actor, round_), here)
        return [answer for sample_id in sorted(answers) for answer in answers[sample_id]]


def visible_answers(
    db: Session, actor: Actor, kept: Hidden, sample_ids: Sequence[int]
) -> dict[int, list[JudgeAnswerView]]:
    """The answers to each of the samples, but to those whose judgments are hidden."""
    known = own_words.decided(db, actor, list(sample_ids)) if kept.judge and sample_ids else set(sample_ids)
    return of_samples(db, sorted(known))


def of_samples(db: Session, sample_ids: Sequence[int]) -> dict[int, list[JudgeAnswerView]]:
    """The answers to each of these samples, for a caller that knows who may see them."""
    row, question, checkpoint = tables.JudgeAnswer, tables.Question, tables.Checkpoint
    columns = (row.id, row.sample_id, row.question_id, question.key, row.judge, row.checkpoint_id, checkpoint.name)
    more = (row.job_id, row.step, row.value, row.fault, row.raw, row.created_at)
    query = select(*columns, *more).join(question, question.id == row.question_id)
    query = query.outerjoin(checkpoint, checkpoint.id == row.checkpoint_id)
    query = query.order_by(row.sample_id, question.position, row.step, row.id)
    answers: dict[int, list[JudgeAnswerView]] = defaultdict(list)
    for chunk in in_chunks(sample_ids):
        for answer in db.execute(query.where(row.sample_id.in_(chunk))):
            answers[answer.sample_id].append(JudgeAnswerView(*answer))
    return answers
