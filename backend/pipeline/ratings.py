"""What people and judges rated samples in one question of the project, for selectors that go by it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.errors import InvalidInput
from backend.values import Group
from backend.values.questions import QuestionKind, Raters

Given = dict[int, list[tuple[int, float]]]
"""Of each sample who rated it, and how."""


def with_ratings(
    db: Session, groups: Sequence[Group], project_id: int, key: str, of: Raters = Raters.people
) -> list[Group]:
    """The groups, their samples with the ratings that stand, also to a question that is retired.

    Samples of a group with the same text have each other's ratings: one of each person, the mean of all that they gave
    the text, and one of each judge. Of both, a text has the judges' where no person rated it.

    Raises `InvalidInput` where the project has no such question that is answered by ratings.
    """
    question, row, judged = tables.Question, tables.Answer, tables.JudgeAnswer
    query = select(question.key, question.id).where(question.project_id == project_id)
    known = dict(db.execute(query.where(question.kind == QuestionKind.rating)).tuples().all())
    question_id = known.get(key)
    if question_id is None:
        has = ", ".join(known) or "none"
        raise InvalidInput(
            f"This project has no question with the key {key!r} that is answered by ratings; it has {has}. Add it on "
            "the Team page, or name another one in the selector."
        )
    ids = [sample.id for group in groups for sample in group.samples]
    of_people = select(row.sample_id, row.user_id, row.number).where(row.question_id == question_id, row.is_standing)
    of_judges = select(judged.sample_id, judged.step, judged.number).where(judged.question_id == question_id)
    people = _given(db, of_people.order_by(row.id), ids) if of is not Raters.judge else {}
    judges = _given(db, of_judges.order_by(judged.step, judged.id), ids) if of is not Raters.people else {}
    return [_pooled(group, people, judges) for group in groups]


def _given(db: Session, query: Any, sample_ids: Sequence[int]) -> Given:
    """Of each sample who rated it, and how."""
    given: Given = defaultdict(list)
    sample_id = query.selected_columns[0]
    for ids in in_chunks(sample_ids):
        for rated_id, rater, number in db.execute(query.where(sample_id.in_(ids))):
            if number is not None:
                given[rated_id].append((rater, number))
    return given


def _pooled(group: Group, people: Given, judges: Given) -> Group:
    means = _means(group, judges) | _means(group, people)
    samples = (replace(sample, ratings=means.get(sample.full_text.strip(), ())) for sample in group.samples)
    return replace(group, samples=tuple(samples))


def _means(group: Group, given: Given) -> dict[str, tuple[float, ...]]:
    """Of each text the mean of what each rater gave it."""
    by_text: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for sample in group.samples:
        for rater, number in given.get(sample.id, ()):
            by_text[sample.full_text.strip()][rater].append(number)
    return {text: tuple(map(fmean, raters.values())) for text, raters in by_text.items()}
