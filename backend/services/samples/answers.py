"""What people answered to a project's questions, as far as one may see it: as colleagues' decisions are seen."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import NotFound
from backend.services.access import Actor, require
from backend.services.decisions import own_words
from backend.services.questions import standing
from backend.services.questions.standing import AnswerView
from backend.services.rounds import get_row
from backend.services.samples import judge_answers, visibility
from backend.services.samples.judge_answers import JudgeAnswerView
from backend.services.samples.rows import SampleRow
from backend.services.samples.visibility import Hidden
from backend.values import JSON, Role, mean_score
from backend.values.questions import ANSWERS, QuestionKind

JUDGE = "judge."
"""What stands before a question's key where the judge's answers are meant, as in filters."""


def of_sample(actor: Actor, sample_id: int) -> list[AnswerView]:
    """Every answer to one sample, oldest first, those replaced or taken back among them."""
    with reading() as db:
        sample = db.get(tables.Sample, sample_id)
        if sample is None:
            raise NotFound(f"There is no sample {sample_id}. It may have been deleted with its round.")
        require(db, actor, sample.project_id, Role.viewer)
        round_ = db.get_one(tables.Round, sample.round_id)
        kept = visibility.hidden(db, actor, round_)
        visibility.refuse_hidden(kept, round_, sample)
        return visible_answers(db, actor, kept, [sample_id], with_history=True).get(sample_id, [])


def of_round(actor: Actor, round_id: int, sample_ids: Sequence[int]) -> list[AnswerView]:
    """The answers that stand to these samples of the round."""
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        row = tables.Sample
        here = list(db.scalars(select(row.id).where(row.id.in_(sample_ids), row.round_id == round_id)))
        answers = visible_answers(db, actor, visibility.hidden(db, actor, round_), here)
        return [answer for sample_id in sorted(answers) for answer in answers[sample_id]]


def answered(actor: Actor, round_id: int) -> set[str]:
    """Keys of the questions that somebody answered in the round, those that its judge did with `JUDGE` before them; of
    what is hidden from the actor only what they answered themselves."""
    question, answer, judged = tables.Question, tables.Answer, tables.JudgeAnswer
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        kept = visibility.hidden(db, actor, round_)
        of_people = select(answer.id).where(
            answer.question_id == question.id, answer.round_id == round_id, answer.is_standing
        )
        if kept.others:
            of_people = of_people.where(answer.user_id == actor.user_id)
        of_judge = select(judged.id).where(judged.question_id == question.id, judged.round_id == round_id)
        query = select(question.key, of_people.exists(), of_judge.exists())
        rows = db.execute(query.where(question.project_id == round_.project_id)).all()
    people = {key for key, is_answered, _ in rows if is_answered}
    return people | {f"{JUDGE}{key}" for key, _, is_judged in rows if is_judged and not kept.judge}


def with_answers(
    db: Session, actor: Actor, kept: Hidden, project_id: int, rows: Sequence[SampleRow]
) -> list[SampleRow]:
    """The rows with what was answered of each, in short. A project without questions is asked nothing more."""
    question = tables.Question
    kinds = dict(
        db.execute(select(question.key, question.kind).where(question.project_id == project_id)).tuples().all()
    )
    if not kinds or not rows:
        return list(rows)
    ids = [row.id for row in rows]
    answers, judged = visible_answers(db, actor, kept, ids), judge_answers.visible_answers(db, actor, kept, ids)
    return [
        replace(
            row,
            answers=in_short(answers.get(row.id, []), kinds)
            | {f"{JUDGE}{key}": value for key, value in in_short(read_of(judged.get(row.id, [])), kinds).items()},
        )
        for row in rows
    ]


def read_of(judged: Sequence[JudgeAnswerView]) -> list[JudgeAnswerView]:
    """Those of the judge's replies that could be read."""
    return [answer for answer in judged if answer.value is not None]


def in_short(given: Sequence[AnswerView | JudgeAnswerView], kinds: Mapping[str, QuestionKind]) -> JSON:
    """By key: the mean rating, how often each label was chosen or marked, or the texts."""
    values: dict[str, list[JSON]] = defaultdict(list)
    for answer in given:
        values[answer.key].append(answer.value or {})
    return {key: _of_kind(kinds[key], some) for key, some in values.items()}


def _of_kind(kind: QuestionKind, values: Sequence[JSON]) -> Any:
    if kind is QuestionKind.rating:
        return mean_score([value["rating"] for value in values])
    if kind is QuestionKind.text:
        return [value["text"] for value in values]
    return dict(Counter(label for value in values for label in ANSWERS[kind].model_validate(value).chosen))


def visible_answers(
    db: Session, actor: Actor, kept: Hidden, sample_ids: Sequence[int], *, with_history: bool = False
) -> dict[int, list[AnswerView]]:
    """The answers to each of the samples. While colleagues' decisions on a sample are hidden, one's own only."""
    answers = standing.of_samples(db, sample_ids, with_history=with_history)
    known = own_words.decided(db, actor, list(answers)) if kept.others and answers else set(answers)
    own = {
        sample_id: [answer for answer in given if sample_id in known or answer.user_id == actor.user_id]
        for sample_id, given in answers.items()
    }
    return {sample_id: given for sample_id, given in own.items() if given}
