"""What people rated samples in one question of the project, for selectors that go by it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.errors import InvalidInput
from backend.values import Group
from backend.values.questions import QuestionKind


def with_ratings(db: Session, groups: Sequence[Group], project_id: int, key: str) -> list[Group]:
    """The groups, their samples with the ratings that stand, also to a question that is retired.

    Samples of a group with the same text have each other's ratings: one of each person, the mean of all that they gave
    the text.

    Raises `InvalidInput` where the project has no such question that is answered by ratings.
    """
    question, row = tables.Question, tables.Answer
    query = select(question.key, question.id).where(question.project_id == project_id)
    known = dict(db.execute(query.where(question.kind == QuestionKind.rating)).tuples().all())
    question_id = known.get(key)
    if question_id is None:
        has = ", ".join(known) or "none"
        raise InvalidInput(
            f"This project has no question with the key {key!r} that is answered by ratings; it has {has}. Add it on "
            "the Team page, or name another one in the selector."
        )
    given: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for ids in in_chunks([sample.id for group in groups for sample in group.samples]):
        rated = select(row.sample_id, row.user_id, row.number).where(row.question_id == question_id, row.is_standing)
        for sample_id, user_id, number in db.execute(rated.where(row.sample_id.in_(ids)).order_by(row.id)):
            if number is not None:
                given[sample_id].append((user_id, number))
    return [_pooled(group, given) for group in groups]


def _pooled(group: Group, given: dict[int, list[tuple[int, float]]]) -> Group:
    by_text: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for sample in group.samples:
        for user_id, number in given[sample.id]:
            by_text[sample.full_text.strip()][user_id].append(number)
    means = {text: tuple(map(fmean, people.values())) for text, people in by_text.items()}
    samples = (replace(sample, ratings=means.get(sample.full_text.strip(), ())) for sample in group.samples)
    return replace(group, samples=tuple(samples))
