"""The answers that stand, for callers that know who may see them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from backend.db import tables
from backend.db.built import built_once, is_any, run
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
        for answer in db.execute(query.where(among(row.sample_id, chunk))):
            answers[answer.sample_id].append(AnswerView(*answer))
    return answers


def count_of(db: Session, round_id: int, user_id: int) -> int:
    """How many answers of this person stand in the round."""
    row = tables.Answer
    theirs = (row.round_id == round_id, row.user_id == user_id, row.is_standing)
    return db.scalar(select(func.count()).where(*theirs)) or 0


def set_aside(db: Session, round_id: int, user_id: int, batch_id: str) -> None:
    """Let nothing stand that this person answered in the round; the rows stay, with the removal that took them out."""
    row = tables.Answer
    stands = (row.round_id == round_id, row.user_id == user_id, row.is_standing)
    db.execute(update(row).where(*stands).values(is_standing=False, batch_id=batch_id))


def bring_back(db: Session, round_id: int, user_id: int, batch_id: str) -> None:
    """Let the answers that this removal took out stand again, but for those that the person replaced or took back
    since.

    A later answer that another removal took out replaces none; where it came back before, it stands.
    """
    row, other = tables.Answer, aliased(tables.Answer)
    theirs = (row.round_id == round_id, row.user_id == user_id)
    same = (other.sample_id == row.sample_id, other.question_id == row.question_id, other.user_id == row.user_id)
    is_word = other.batch_id.is_(None) & (other.is_standing | other.value.is_(None))
    is_replaced = exists().where(*same, other.id > row.id, is_word)
    apart: dict[str, Any] = {"synchronize_session": False}
    back = list(db.scalars(select(row.id).where(*theirs, row.batch_id == batch_id, ~is_replaced)))
    for chunk in in_chunks(back):
        earlier = exists().where(*same, other.id > row.id, other.id.in_(chunk))
        put_down = update(row).where(*theirs, row.is_standing, earlier)
        db.execute(put_down.values(is_standing=False), execution_options=apart)
        db.execute(update(row).where(row.id.in_(chunk)).values(is_standing=True), execution_options=apart)
    db.execute(update(row).where(*theirs, row.batch_id == batch_id).values(batch_id=None), execution_options=apart)


def own(db: Session, user_id: int, sample_ids: Sequence[int]) -> dict[int, dict[int, dict[str, Any]]]:
    """Of each sample what this person answered, by the number of the question."""
    answers: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
    for chunk in in_chunks(sample_ids):
        rows = run(db, _own(), {"user_id": user_id, "sample_ids": chunk})
        for sample_id, question_id, value in rows:
            answers[sample_id][question_id] = value or {}
    return answers


@built_once
def _own() -> Any:
    row = tables.Answer
    query = select(row.sample_id, row.question_id, row.value)
    return query.where(row.user_id == bindparam("user_id"), row.is_standing, is_any(row.sample_id, "sample_ids"))
