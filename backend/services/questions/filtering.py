"""The samples of a round by what was answered to the project's questions and by metadata, as lists ask for them."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Select, case, func, select, union_all
from sqlalchemy.orm import Session

from backend.db import listing_metadata, tables
from backend.db.filter_tests import AnswerTest
from backend.db.filters import Filters
from backend.db.listing_scope import IdQueries
from backend.db.many import among as among_ids
from backend.errors import InvalidInput
from backend.services.access import Actor
from backend.services.decisions import decided
from backend.services.questions import by_rows, neighbours
from backend.services.questions.by_rows import Passing
from backend.values.questions import QuestionKind, QuestionOptions, unknown_label

TABLES: dict[str, tuple[Any, ...]] = {
    "": (tables.Answer,),
    "judge": (tables.JudgeAnswer,),
    "differ": (tables.Answer, tables.JudgeAnswer),
}
"""Whose answers a test is of; of two, it is of how far these differ."""


def among(db: Session, actor: Actor, round_: tables.Round, filters: Filters) -> IdQueries | None:
    """The set of samples that no index of labels tells: by who decided, wrote or judged, by tags, by answers, by
    metadata, by near-duplicates, by neighbours and by clusters.

    None where none of these is asked for.

    Raises `InvalidInput` for a question that the project does not have, or that is no question of that kind, and for
    a label that it does not have; what `neighbours.of` raises.
    """
    condition = decided.among(actor, round_, filters)
    for passing in by_rows.passing(round_, filters):
        condition = _alone(passing) if condition is None else _narrowed(condition, passing)
    for test in filters.answer_tests:
        passing = _passing(db, round_, test)
        condition = _alone(passing) if condition is None else _narrowed(condition, passing)
    if filters.metadata:
        query, here = listing_metadata.passing(db, filters.metadata_tests), tables.Sample.round_id == round_.id
        passing = Passing(query.where(here), select(tables.Sample.id).where(here), partial(_of, query))
        condition = _alone(passing) if condition is None else _narrowed(condition, passing)
    if filters.duplicates:
        passing = _by_duplicates(round_, filters)
        condition = _alone(passing) if condition is None else _narrowed(condition, passing)
    if filters.cluster is not None:
        passing = _by_cluster(db, round_, filters.cluster)
        condition = _alone(passing) if condition is None else _narrowed(condition, passing)
    if filters.similar is not None:
        known = frozenset(neighbours.of(db, actor, round_, filters.similar))
        near = _alone(_by_ids(round_, known))
        condition = near if condition is None else _of_few(condition, near, known)
    return condition


def _by_cluster(db: Session, round_: tables.Round, cluster: int) -> Passing:
    clustered, job_id = tables.ClusteredSample, neighbours.clustering_of(db, round_)
    here = (clustered.round_id == round_.id, clustered.job_id == job_id, clustered.cluster == cluster)
    query = select(clustered.sample_id).where(*here)
    return Passing(query, query, lambda ids: query.where(clustered.sample_id.in_(ids)))


def _by_ids(round_: tables.Round, known: frozenset[int]) -> Passing:
    label = tables.Label

    def of(ids: Collection[int]) -> Select[int]:
        return select(label.sample_id).where(label.round_id == round_.id, among_ids(label.sample_id, ids))

    return Passing(of(known), of(known), lambda ids: of(known.intersection(ids)))


def _of(query: Select[int], ids: Sequence[int]) -> Select[int]:
    return query.where(tables.Sample.id.in_(ids))


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
    question = tables.Question
    query = select(question.id, question.kind, question.options).where(question.project_id == round_.project_id)
    question_row = db.execute(query.where(question.key == test.key)).one_or_none()
    if question_row is None:
        raise InvalidInput(f"This project has no question with the key {test.key!r}. Its Team page lists them.")
    is_rating, label = question_row.kind is QuestionKind.rating, ""
    if not is_rating:
        label = _label(question_row.kind, QuestionOptions.model_validate(question_row.options), test)
    elif test.number is None:
        raise InvalidInput(f"{test.key} is a rating, and {test.word[:80]!r} is no number. Write {test.key}=4.")
    given = [(table, _here(table, question_row.id, round_.id)) for table in TABLES[test.of]]

    def of(ids: Sequence[int] | None = None) -> Select[int]:
        return _tested([_by_sample(table, here, label, ids) for table, here in given], test, is_rating=is_rating)

    read = [select(table.id).where(*here) for table, here in given]
    return Passing(of(), read[0] if len(read) == 1 else select(union_all(*read).subquery().c.id), of)


def _here(table: Any, question_id: int, round_id: int) -> tuple[Any, ...]:
    """The answers of people, or of judges, that stand and could be read."""
    stands = table.is_standing if table is tables.Answer else table.value.is_not(None)
    return table.question_id == question_id, table.round_id == round_id, stands


def _by_sample(table: Any, here: Sequence[Any], label: str, ids: Sequence[int] | None) -> Any:
    """Of each sample the mean rating, or 1 where somebody chose the label and 0 where nobody did."""
    # Databases differ in the case that LIKE minds; replacing a text minds it in all.
    has = case((func.replace(table.words, f"\n{label}\n", "") != table.words, 1), else_=0)
    value: Any = func.max(has) if label else func.avg(table.number)
    query = select(table.sample_id, value.label("value")).where(*here).group_by(table.sample_id)
    return (query if ids is None else query.where(table.sample_id.in_(ids))).subquery()


def _tested(of_sample: Sequence[Any], test: AnswerTest, *, is_rating: bool) -> Any:
    """The samples whose mean rating, or whose label, passes; of two, whose difference does."""
    first = of_sample[0]
    value: Any = first.c.value
    query = select(first.c.sample_id)
    if len(of_sample) > 1:
        second = of_sample[1]
        value = func.abs(first.c.value - second.c.value)
        query = query.join(second, second.c.sample_id == first.c.sample_id)
    number = test.number if is_rating else 1
    return query.where({">=": value >= number, "<=": value <= number, "=": value == number}[test.sign])


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


def _alone(passing: Passing) -> IdQueries:
    return IdQueries([passing.query], passing.read, lambda ids: [passing.of(ids)])


def _of_few(condition: IdQueries, near: IdQueries, known: frozenset[int]) -> IdQueries:
    """Those of few known samples that are in the set: it is asked about these alone, however large it is."""

    def those(ids: Collection[int]) -> Sequence[Any]:
        both = sorted(known.intersection(ids))
        return condition.those(both) if both else []

    return IdQueries(those(known), near.read, those)


def _narrowed(condition: IdQueries, passing: Passing) -> IdQueries:
    """Those of the set that pass, too. Whoever reads the whole set has counted what both read; of some samples, both
    read what is on these."""

    def both(queries: Sequence[Any], also: Select[int]) -> list[Any]:
        parts = [query.subquery() for query in queries]
        return [select(part.c[0]).where(part.c[0].in_(also)) for part in parts]

    return IdQueries(
        both(condition.every, passing.query),
        union_all(select(condition.read.subquery().c[0]), passing.read),
        lambda ids: both(condition.those(ids), passing.of(ids)),
    )
