"""How far the people of a round agree in their answers to the project's questions, question by question."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.metrics import _agreement as measures
from backend.metrics._agreement import Figure, Value
from backend.pipeline.health import questions as judged
from backend.pipeline.health.questions import JudgeAgreement
from backend.services import archived, questions
from backend.services.access import Actor
from backend.services.questions import QuestionView
from backend.services.rounds import get_row
from backend.values import Role
from backend.values.questions import QuestionKind

__all__ = ["JudgeAgreement", "QuestionAgreement", "measure", "with_judges"]

CHOSEN, NOT_CHOSEN = "chosen", "not chosen"
ON_GOLD, SEEING = "on gold items", "given when others' answers could be seen"
"""Why an answer is in no figure."""
MOST_INTERVALS = 12
"""Where there are more lines none has an interval: each takes up to half a second."""


@dataclass(frozen=True)
class QuestionAgreement:
    """One question over the samples that two or more people answered; of many labels and of spans, one label of it.

    `alpha` is Krippendorff's: ordinal for ratings, else nominal. Of a label: whether each person chose it, or marked a
    place with it. `answers`: how many stand and count. `left_out` counts those of the question that do not, by reason:
    on gold items, and given when the person could see colleagues' answers. Free texts are counted alone. Where a round
    has many lines, none has an interval.
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
    left_out: dict[str, int]


@dataclass
class QuestionCounts:
    """The answers to one question. `by_sample`: of each sample what each person answered, a rating or the chosen
    labels as one text."""

    by_sample: dict[int, dict[int, Value]] = field(default_factory=lambda: defaultdict(dict))
    people: int = 0
    answers: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def shared(self) -> list[list[Value]]:
        """What was answered of each sample that several people answered."""
        return [list(given.values()) for given in self.by_sample.values() if len(given) > 1]


def measure(actor: Actor, round_id: int) -> list[QuestionAgreement]:
    """Every question that was answered in the round, retired ones too; needs a curator, as all agreement does."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse(round_)
        asked = questions.asked(db, round_.project_id)
        texts = [view.id for view in asked if view.kind is QuestionKind.text]
        counted = _read(db, round_id, texts) | _count(db, round_id, texts)
    lines = [line for view in asked if view.id in counted for line in _lines(view, counted[view.id])]
    resamples = measures.RESAMPLES if len(lines) <= MOST_INTERVALS else 0
    return [_measured(*line, resamples=resamples) for line in lines]


def with_judges(actor: Actor, round_id: int) -> list[JudgeAgreement]:
    """How far people agree with the judge, and judges with each other, in each question that a judge answered; needs a
    curator."""
    with reading() as db:
        round_ = get_row(db, actor, round_id, Role.curator)
        archived.refuse(round_)
        return judged.agreement(db, round_)


def _read(db: Session, round_id: int, texts: Sequence[int]) -> dict[int, QuestionCounts]:
    """The answers by question, but for those of free texts."""
    row = tables.Answer
    query = select(row.question_id, row.sample_id, row.user_id, row.number, row.words, row.is_gold, row.is_blind)
    counted: dict[int, QuestionCounts] = defaultdict(QuestionCounts)
    stands = query.where(row.round_id == round_id, row.is_standing, row.question_id.not_in(texts))
    for question_id, sample_id, user_id, number, words, is_gold, is_blind in db.execute(stands):
        question = counted[question_id]
        if is_gold or not is_blind:
            question.left_out[ON_GOLD if is_gold else SEEING] += 1
        else:
            question.by_sample[sample_id][user_id] = words.strip("\n") if number is None else number
    for question in counted.values():
        question.people = len({person for given in question.by_sample.values() for person in given})
        question.answers = sum(map(len, question.by_sample.values()))
    return counted


def _count(db: Session, round_id: int, texts: Sequence[int]) -> dict[int, QuestionCounts]:
    """How many free texts there are, by question: nobody compares them."""
    row = tables.Answer

    def number_of(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    counts = row.is_blind & ~row.is_gold
    people = func.count(case((counts, row.user_id)).distinct())
    query = select(
        row.question_id, people, number_of(counts), number_of(row.is_gold), number_of(~row.is_blind & ~row.is_gold)
    )
    stands = query.where(row.round_id == round_id, row.is_standing, row.question_id.in_(texts))
    return {
        question_id: QuestionCounts(
            people=people, answers=answers, left_out=+Counter({ON_GOLD: on_gold, SEEING: seeing})
        )
        for question_id, people, answers, on_gold, seeing in db.execute(stands.group_by(row.question_id))
    }


def _lines(view: QuestionView, counted: QuestionCounts) -> Iterator[tuple[QuestionView, QuestionCounts, str]]:
    labels = view.options.labels if view.kind in (QuestionKind.labels, QuestionKind.spans) else ("",)
    for label in labels:
        yield view, counted, label


def _measured(view: QuestionView, counted: QuestionCounts, label: str, *, resamples: int) -> QuestionAgreement:
    items = [_of_label(given, label) if label else tuple(given) for given in counted.shared()]
    alpha = measures.ordinal_alpha if view.kind is QuestionKind.rating else measures.alpha
    return QuestionAgreement(
        view.id,
        view.key,
        view.title,
        view.kind,
        label,
        people=counted.people,
        answers=counted.answers,
        percent=measures.percent(items, resamples=resamples),
        alpha=alpha(items, resamples=resamples),
        left_out=dict(sorted(counted.left_out.items())),
    )


def _of_label(given: Sequence[Value], label: str) -> tuple[Value, ...]:
    return tuple(CHOSEN if label in str(value).split("\n") else NOT_CHOSEN for value in given)
