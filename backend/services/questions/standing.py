"""The answers that stand, for callers that know who may see them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among, in_chunks


@dataclass(frozen=True)
class AnswerView:
    """What a person answered. `key`: the question's. `is_standing` False: it was replaced or taken back since;
    `value` None: with it the person took an answer back."""

    id: int
    sample_id: int
    question_id: int
    key: str
    user_id: int
    who: str
    value: dict[str, Any] | None
    is_standing: bool
    at: datetime


def of_samples(
    db: Session, sample_ids: Sequence[int], *, user_id: int | None = None, with_history: bool = False
) -> dict[int, list[AnswerView]]:
    """The answers to each of these samples, oldest first; `user_id`: this person's only."""
    row, question, user = tables.Answer, tables.Question, tables.User
    columns = (row.id, row.sample_id, row.question_id, question.key, row.user_id, user.name, row.value)
    query = select(*columns, row.is_standing, row.created_at).join(question, question.id == row.question_id)
    query = query.join(user, user.id == row.user_id).order_by(row.id)
    if user_id is not None:
        query = query.where(row.user_id == user_id)
    if not with_history:
        query = query.where(row.is_standing)
    answers: dict[int, list[AnswerView]] = defaultdict(list)
    for chunk in in_chunks(sample_ids):
        for found in db.execute(query.where(among(row.sample_id, chunk))):
            answers[found.sample_id].append(AnswerView(*found))
    return answers


def set_aside(db: Session, round_id: int, user_id: int) -> None:
    """Let nothing stand that this person answered in the round; the rows stay."""
    row = tables.Answer
    db.execute(update(row).where(row.round_id == round_id, row.user_id == user_id).values(is_standing=False))


def bring_back(db: Session, round_id: int, user_id: int) -> None:
    """Let the last answer of this person to each question of each sample stand again, but for those taken back."""
    row = tables.Answer
    theirs = (row.round_id == round_id, row.user_id == user_id)
    last = select(func.max(row.id)).where(*theirs).group_by(row.sample_id, row.question_id)
    again = update(row).where(*theirs, row.id.in_(last), row.value.is_not(None))
    db.execute(again.values(is_standing=True), execution_options={"synchronize_session": False})


def own(db: Session, user_id: int, sample_ids: Sequence[int]) -> dict[int, dict[int, dict[str, Any]]]:
    """Of each sample what this person answered, by the number of the question."""
    row = tables.Answer
    query = select(row.sample_id, row.question_id, row.value).where(row.user_id == user_id, row.is_standing)
    answers: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
    for chunk in in_chunks(sample_ids):
        for sample_id, question_id, value in db.execute(query.where(row.sample_id.in_(chunk))):
            answers[sample_id][question_id] = value or {}
    return answers
