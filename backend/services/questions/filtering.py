"""The samples of a round by what people answered to the project's questions, as a filter of lists asks for them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import AnswerTest, Filters
from backend.db.listing_scope import Among
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.decisions import decided
from backend.values.questions import QuestionKind


def among(db: Session, actor: Actor, round_: tables.Round, filters: Filters) -> Among | None:
    """The set of samples that no index of labels tells: by who decided, and by answers; None where neither is asked.

    Raises `InvalidInput` for a question that the project does not have, or that is no question of that kind.
    """
    found = decided.among(actor, round_, filters)
    for test in filters.answer_tests:
        query = _passing(db, round_, test)
        found = _alone(round_, query) if found is None else _narrowed(found, query)
    return found


def _passing(db: Session, round_: tables.Round, test: AnswerTest) -> Select[int]:
    """The ids of the samples that pass one test."""
    question, row = tables.Question, tables.Answer
    query = select(question.id, question.kind).where(question.project_id == round_.project_id)
    found = db.execute(query.where(question.key == test.key)).one_or_none()
    if found is None:
        raise InvalidInput(f"This project has no question with the key {test.key!r}. Its Team page lists them.")
    question_id, kind = found
    standing = select(row.sample_id).where(row.question_id == question_id, row.round_id == round_.id, row.is_standing)
    if kind is QuestionKind.rating:
        mean = func.avg(row.number)
        tests = {">=": mean >= test.number, "<=": mean <= test.number, "=": mean == test.number}
        return standing.group_by(row.sample_id).having(tests[test.sign])
    if test.sign != "=":
        raise InvalidInput(f"{test.key} is no rating: only {test.key}=LABEL can be asked of it.")
    if kind is QuestionKind.text:
        raise InvalidInput(f"{test.key} is answered by a free text, which no filter reads. Leave it out.")
    return standing.where(row.words.contains(f"\n{test.word}\n", autoescape=True)).distinct()


def _alone(round_: tables.Round, query: Select[int]) -> Among:
    row = tables.Answer
    read = select(row.id).where(row.round_id == round_.id)
    return Among([query], read, lambda ids: [query.where(row.sample_id.in_(ids))])


def _narrowed(found: Among, query: Select[int]) -> Among:
    """Those of the set that pass the query, too."""

    def both(queries: Sequence[Any]) -> list[Any]:
        parts = [one.subquery() for one in queries]
        return [select(part.c[0]).where(part.c[0].in_(query)) for part in parts]

    return replace(found, every=both(found.every), those=lambda ids: both(found.those(ids)))
