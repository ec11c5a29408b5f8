"""How far the people of a round agree in their answers to the project's questions, question by question."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from backend.db import reading, tables
from backend.metrics import _agreement as measures
from backend.metrics._agreement import Figure, Value
from backend.services import archived, questions
from backend.services.access import Actor
from backend.services.questions import QuestionView
from backend.services.rounds import get_row
from backend.values import JSON, Role
from backend.values.questions import ANSWERS, QuestionKind

Answered = dict[int, dict[int, JSON]]
"""Of each sample what each person answered."""
CHOSEN, NOT_CHOSEN = "chosen", "not chosen"


@dataclass(frozen=True)
class QuestionAgreement:
    """One question over the samples that two or more people answered; of many labels and of spans, one label of it.

    `alpha` is Krippendorff's: ordinal for ratings, else nominal. Of a label: whether each person chose it, or marked a
    place with it. `answers`: how many stand. Free texts are counted alone.
    """

    question_id: int
    key: str
    title: str
    kind: QuestionKind
    label: str
    people: int
    answers: int
    percent: Figure
    alpha: Figure


def measure(actor: Actor, round_id: int) -> list[QuestionAgreement]:
    """Every question that was answered in the round, retired ones too; needs a curator, as all agreement does."""
    row = tables.Answer
    by_question: dict[int, Answered] = defaultdict(lambda: defaultdict(dict))
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse(round_)
        asked = questions.asked(db, round_.project_id)
        query = select(row.question_id, row.sample_id, row.user_id, row.value)
        for question_id, sample_id, user_id, value in db.execute(
            query.where(row.round_id == round_id, row.is_standing)
        ):
            by_question[question_id][sample_id][user_id] = value or {}
    return [line for view in asked for line in _lines(view, by_question.get(view.id, {}))]


def _lines(view: QuestionView, answered: Answered) -> Iterator[QuestionAgreement]:
    if not answered:
        return
    if view.kind in (QuestionKind.labels, QuestionKind.spans):
        for label in view.options.labels:
            yield _line(view, answered, [_of_label(given, label) for given in _shared(view, answered)], label)
    elif view.kind is QuestionKind.text:
        yield _line(view, answered, [])
    else:
        yield _line(view, answered, [tuple(given) for given in _shared(view, answered)])


def _line(
    view: QuestionView, answered: Answered, items: Sequence[tuple[Value, ...]], label: str = ""
) -> QuestionAgreement:
    is_rating = view.kind is QuestionKind.rating
    return QuestionAgreement(
        view.id,
        view.key,
        view.title,
        view.kind,
        label,
        people=len({person for given in answered.values() for person in given}),
        answers=sum(len(given) for given in answered.values()),
        percent=measures.percent(items),
        alpha=measures.ordinal_alpha(items) if is_rating else measures.alpha(items),
    )


def _shared(view: QuestionView, answered: Answered) -> Iterator[list[Value]]:
    """What was answered of each sample that several people answered: a rating, or the chosen labels as one text."""
    for given in answered.values():
        if len(given) > 1:
            values = [ANSWERS[view.kind].model_validate(value) for value in given.values()]
            yield [value.number if value.number is not None else "\n".join(value.chosen) for value in values]


def _of_label(given: Sequence[Value], label: str) -> tuple[Value, ...]:
    return tuple(CHOSEN if label in str(value).split("\n") else NOT_CHOSEN for value in given)
