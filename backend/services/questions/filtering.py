"""The samples of a round by what people answered to the project's questions, as a filter of lists asks for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.filters import AnswerTest, Filters
from backend.db.listing_scope import Among
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.decisions import decided
from backend.values.questions import QuestionKind, QuestionOptions, unknown_label


@dataclass(frozen=True)
class Passing:
    """The samples that pass one test. `query`: their ids; it may be narrowed to some samples by `of`.

    `read`: a row for each answer that the query reads.
    """

    query: Select[int]
    read: Select[int]
    of: Callable[[Sequence[int]], Select[int]]


def among(db: Session, actor: Actor, round_: tables.Round, filters: Filters) -> Among | None:
    """The set of samples that no index of labels tells: by who decided, by answers and by near-duplicates; None
    where none is asked.

    Raises `InvalidInput` for a question that the project does not have, or that is no question of that kind, and for
    a label that it does not have.
    """
    found = decided.among(actor, round_, filters)
    for test in filters.answer_tests:
        passing = _passing(db, round_, test)
        found = _alone(passing) if found is None else _narrowed(found, passing)
    if filters.duplicates:
        passing = _by_duplicates(round_, filters)
        found = _alone(passing) if found is None else _narrowed(found, passing)
    return found


def _by_duplicates(round_: tables.Round, filters: Filters) -> Passing:
    near, label = tables.NearDuplicate, tables.Label
    marked = select(near.sample_id).where(near.round_id == round_.id)
    if filters.duplicates == "marked":
        return Passing(marked, marked, lambda ids: marked.where(near.sample_id.in_(ids)))
    later = marked.where(near.first_id != near.sample_id)
    firsts = select(label.sample_id).where(label.round_id == round_.id, label.sample_id.not_in(later))
    every = select(label.sample_id).where(label.round_id == round_.id)
    return Passing(firsts, every, lambda ids: firsts.where(label.sample_id.in_(ids)))


def _passing(db: Session, round_: tables.Round, test: AnswerTest) -> Passing:
    question, row = tables.Question, tables.Answer
    query = select(question.id, question.kind, question.options).where(question.project_id == round_.project_id)
    found = db.execute(query.where(question.key == test.key)).one_or_none()
    if found is None:
        raise InvalidInput(f"This project has no question with the key {test.key!r}. Its Team page lists them.")
    here = (row.question_id == found.id, row.round_id == round_.id, row.is_standing)
    standing = select(row.sample_id).where(*here)
    if found.kind is QuestionKind.rating:
        if test.number is None:
            raise InvalidInput(f"{test.key} is a rating, and {test.word[:80]!r} is no number. Write {test.key}=4.")
        mean = func.avg(row.number)
        tests = {">=": mean >= test.number, "<=": mean <= test.number, "=": mean == test.number}
        passing = standing.group_by(row.sample_id).having(tests[test.sign])
    else:
        label = _label(found.kind, QuestionOptions.model_validate(found.options), test)
        # Databases differ in the case that LIKE minds; replacing a text minds it in all.
        has = func.replace(row.words, f"\n{label}\n", "") != row.words
        passing = standing.where(has).distinct()
    return Passing(passing, select(row.id).where(*here), lambda ids: passing.where(row.sample_id.in_(ids)))


def _label(kind: QuestionKind, options: QuestionOptions, test: AnswerTest) -> str:
    """The label that a test is about, as the question has it; raises `InvalidInput` where it has none."""
    if test.sign != "=":
        raise InvalidInput(f"{test.key} is no rating: only {test.key}=LABEL can be asked of it.")
    if kind is QuestionKind.text:
        raise InvalidInput(f"{test.key} is answered by a free text, which no filter reads. Leave it out.")
    label = next((label for label in options.labels if label.casefold() == test.word.casefold()), None)
    if label is None:
        raise InvalidInput(f"{test.key}: {unknown_label((test.word,), options)}")
    return label


def _alone(passing: Passing) -> Among:
    return Among([passing.query], passing.read, lambda ids: [passing.of(ids)])


def _narrowed(found: Among, passing: Passing) -> Among:
    """Those of the set that pass, too. Whoever reads the whole set has counted what both read; of some samples, both
    read what is on these."""

    def both(queries: Sequence[Any], also: Select[int]) -> list[Any]:
        parts = [query.subquery() for query in queries]
        return [select(part.c[0]).where(part.c[0].in_(also)) for part in parts]

    return Among(
        both(found.every, passing.query),
        union_all(select(found.read.subquery().c[0]), passing.read),
        lambda ids: both(found.those(ids), passing.of(ids)),
    )
