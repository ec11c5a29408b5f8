"""How far a round's judges agree with people, and with each other, in the project's own questions.

Of a sample that several people answered their word is the median rating, or what most of them chose. People's answers
count where they saw neither a colleague's answer nor the judge's, and not on gold items.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.metrics import _agreement as measures
from backend.metrics._agreement import UNKNOWN, Figure, Value
from backend.pipeline.health.lights import few_of, measure
from backend.pipeline.health.limits import HealthLimits
from backend.pipeline.health.shapes import Estimate, HealthMeasure
from backend.values.questions import QuestionKind, QuestionOptions

PEOPLE = "people"
CHOSEN, NOT_CHOSEN = "chosen", "not chosen"
SEEN = "given when the judge's or others' answers could be seen"
GOLD = "on gold items"
TIED = "people did not agree on one word"
UNREAD = "replies of the judge that could not be read"
MOST_INTERVALS = 12
"""Where there are more lines none has an interval: each takes up to half a second."""
BOTH = "samples that people and the judge answered"
ANSWER_MORE = "Let people answer more samples before they see the judge's view."


@dataclass(frozen=True)
class JudgeAgreement:
    """How far two answer one question alike: people and a judge, or two judges; of many labels and of spans, one label.

    `first`: `people`, or the name of a judge. `kappa` is Cohen's, of labels only; `alpha` Krippendorff's, ordinal for
    ratings, else nominal. `left_out` counts answers and replies that are in no figure, by reason.
    """

    question_id: int
    key: str
    title: str
    kind: QuestionKind
    label: str
    first: str
    second: str
    percent: Figure
    kappa: Figure
    alpha: Figure
    left_out: dict[str, int]


@dataclass
class QuestionWords:
    """What was said to one question: of each sample what people answered, and what each judge did."""

    people: dict[int, list[Value]] = field(default_factory=lambda: defaultdict(list))
    judges: dict[str, dict[int, Value]] = field(default_factory=lambda: defaultdict(dict))
    left_out: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)


def agreement(db: Session, round_: tables.Round) -> list[JudgeAgreement]:
    """Each question that a judge answered in the round, retired ones too, in their order; free texts are left out."""
    words = _words(db, round_)
    if not words:
        return []
    row = tables.Question
    query = select(row).where(row.id.in_(words), row.kind != QuestionKind.text)
    asked = db.scalars(query.order_by(row.is_active.desc(), row.position, row.id)).all()
    lines = [
        (question, words[question.id], label, pair)
        for question in asked
        for label in _labels(question)
        for pair in _pairs(words[question.id])
    ]
    resamples = measures.RESAMPLES if len(lines) <= MOST_INTERVALS else 0
    return [_measured(*line, resamples=resamples) for line in lines]


def health_measures(db: Session, round_: tables.Round, limits: HealthLimits) -> Iterator[HealthMeasure]:
    """Alpha of people with the judge in each question, as measures of its health that have no limit."""
    for line in agreement(db, round_):
        if line.first != PEOPLE:
            continue
        what = f"{line.title}, {line.label}" if line.label else line.title
        value = line.alpha
        yield measure(
            ", ".join(filter(None, (f"question_{line.key}", line.label, line.second))),
            f"Krippendorff's alpha with people in {what!r}, {line.second}",
            BOTH,
            Estimate(value.value, value.low, value.high, value.n),
            limits,
            few=few_of(value.n, BOTH, limits, ANSWER_MORE),
            below=True,
            is_share=False,
        )


def _words(db: Session, round_: tables.Round) -> dict[int, QuestionWords]:
    """What was said to each question that a judge answered, but for those that are answered by free texts."""
    words: dict[int, QuestionWords] = defaultdict(QuestionWords)
    row, checkpoint, question = tables.JudgeAnswer, tables.Checkpoint, tables.Question
    query = select(
        row.question_id, row.sample_id, row.step, checkpoint.name, row.value.is_(None), row.number, row.words
    )
    query = query.outerjoin(checkpoint, checkpoint.id == row.checkpoint_id).where(row.round_id == round_.id)
    query = query.join(question, question.id == row.question_id).where(question.kind != QuestionKind.text)
    steps = db.scalar(select(func.count(row.step.distinct())).where(row.round_id == round_.id)) or 0
    for question_id, sample_id, step, name, is_unread, number, chosen in db.execute(query.order_by(row.step)):
        judge = f"{name}, step {step + 1}" if steps > 1 else str(name)
        if is_unread:
            words[question_id].unread[judge] += 1
        else:
            words[question_id].judges[judge][sample_id] = _value(number, chosen)
    if not words:
        return {}
    given, is_hidden = tables.Answer, _hides_judge(db, round_)
    answers = select(given.question_id, given.sample_id, given.number, given.words, given.is_gold, given.is_blind)
    answers = answers.where(given.round_id == round_.id, given.is_standing, given.question_id.in_(words))
    for question_id, sample_id, number, chosen, is_gold, is_blind in db.execute(answers.order_by(given.id)):
        of_question = words[question_id]
        if is_gold or not (is_blind and is_hidden):
            of_question.left_out[GOLD if is_gold else SEEN] += 1
        else:
            of_question.people[sample_id].append(_value(number, chosen))
    return words


def _hides_judge(db: Session, round_: tables.Round) -> bool:
    """Whether people could not see the judge's answers when they gave theirs. In a branch those count that were given
    in the round that the first of its origins is."""
    asked = round_
    while asked.branch_of_id is not None and (origin := db.get(tables.Round, asked.branch_of_id)) is not None:
        asked = origin
    return bool(asked.is_blind and asked.review.get("mode") != "judgment")


def _value(number: float | None, chosen: str) -> Value:
    return chosen.strip("\n") if number is None else number


def _labels(question: tables.Question) -> tuple[str, ...]:
    many = question.kind in (QuestionKind.labels, QuestionKind.spans)
    return QuestionOptions.model_validate(question.options).labels if many else ("",)


def _pairs(words: QuestionWords) -> Iterator[tuple[str, str]]:
    """Who is compared: people with each judge, then judges with each other."""
    judges = sorted({*words.judges, *words.unread})
    yield from ((PEOPLE, judge) for judge in judges)
    yield from combinations(judges, 2)


def _measured(
    question: tables.Question, words: QuestionWords, label: str, pair: tuple[str, str], *, resamples: int
) -> JudgeAgreement:
    first, second = pair
    left_out = Counter({UNREAD: sum(words.unread[judge] for judge in pair)})
    if first == PEOPLE:
        own, tied = _of_people(words.people, label)
        left_out += words.left_out + Counter({TIED: tied})
    else:
        own = _of_label(words.judges[first], label)
    other = _of_label(words.judges[second], label)
    items = [(own[sample_id], other[sample_id]) for sample_id in sorted(own.keys() & other.keys())]
    is_rating = question.kind is QuestionKind.rating
    alpha = measures.ordinal_alpha if is_rating else measures.alpha
    return JudgeAgreement(
        question.id,
        question.key,
        question.title,
        question.kind,
        label,
        first,
        second,
        percent=measures.percent(items, resamples=resamples),
        kappa=UNKNOWN if is_rating or not resamples else measures.cohen(items),
        alpha=alpha(items, resamples=resamples),
        left_out=dict(sorted((+left_out).items())),
    )


def _of_label(answers: Mapping[int, Value], label: str) -> dict[int, Value]:
    return {sample_id: _as_label(value, label) for sample_id, value in answers.items()}


def _as_label(value: Value, label: str) -> Value:
    if not label:
        return value
    return CHOSEN if label in str(value).split("\n") else NOT_CHOSEN


def _of_people(people: Mapping[int, list[Value]], label: str) -> tuple[dict[int, Value], int]:
    """One word of people for each sample, and of how many samples they have none."""
    merged = {sample_id: _one_word([_as_label(value, label) for value in given]) for sample_id, given in people.items()}
    agreed = {sample_id: word for sample_id, word in merged.items() if word is not None}
    return agreed, len(merged) - len(agreed)


def _one_word(given: Iterable[Any]) -> Value | None:
    values = list(given)
    if isinstance(values[0], float):
        return float(median(values))
    (word, number), *_ = Counter(values).most_common(1)
    return word if 2 * number > len(values) else None
