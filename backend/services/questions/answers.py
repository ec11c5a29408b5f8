"""Writing answers to a project's questions: appended once each; of one person the last answer stands.

An answer takes no slot of an item and changes no label: it stands beside the verdict, as a note does. Who may decide on
the round may answer, for as long as it is in review.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.boundary import Data, Id, Line
from backend.db import session, tables
from backend.errors import Conflict, InvalidInput, NotFound, RondoError
from backend.services import review_settings
from backend.services.access import Actor, role_of
from backend.services.decisions import group_decisions, lock_round, own_words, pausing
from backend.services.decisions.acts import MAX_SECONDS
from backend.services.decisions.locks import lock_labels
from backend.services.rounds import review_scope
from backend.values import Role
from backend.values.questions import AnswerValue, QuestionOptions, in_words, read_answer


@dataclass(frozen=True)
class NewAnswer:
    """An answer as it is sent. `client_id` is made where it was given: a repeated send is one answer.

    `value`: one field, named as the kind of the question; null takes one's answer back.
    """

    client_id: Line
    sample_id: Id
    question_id: Id
    value: Data | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Given:
    """An answer that was written. `is_new`: this call wrote it."""

    client_id: str
    sample_id: int
    question_id: int
    value: dict[str, Any] | None
    is_new: bool


def give(actor: Actor, round_id: int, answers: Sequence[NewAnswer]) -> list[Given | RondoError]:
    """Write these answers in order; what came of each: the answer, or why it was not written.

    Raises `NotFound`, `PermissionDenied`, also where the person is paused, `NotSignedIn`, and `LabelsFrozen` where the
    round is not in review: these speak of all.
    """
    with session() as db:
        return _give_each(db, actor, lock_round(db, actor, round_id), answers)


def give_by_key(
    db: Session, actor: Actor, round_: tables.Round, sample_id: int, client_id: str, values: Mapping[str, Any]
) -> None:
    """Write the answers that go with an act, by the keys of the questions; the round is locked.

    Raises for the first that cannot be written: nothing of the transaction is to stand then.
    """
    row = tables.Question
    query = select(row.key, row.id).where(row.project_id == round_.project_id, row.is_active)
    ids = dict(db.execute(query.order_by(row.position)).tuples().all())
    if unknown := sorted(values.keys() - ids.keys()):
        known = ", ".join(ids) or "none"
        raise InvalidInput(f"The project asks no {unknown[0][:80]!r}. Its questions are: {known}.")
    sent = [
        NewAnswer(sha256(f"{client_id}:{key}".encode()).hexdigest(), sample_id, ids[key], value)
        for key, value in values.items()
    ]
    for outcome in _give_each(db, actor, round_, sent):
        if isinstance(outcome, RondoError):
            raise outcome


def _give_each(
    db: Session, actor: Actor, round_: tables.Round, answers: Sequence[NewAnswer]
) -> list[Given | RondoError]:
    pausing.refuse_paused(db, actor, round_.id)
    asked = _Asked(db, actor, round_, answers)
    before = _written_before(db, [answer.client_id for answer in answers])
    outcomes: list[Given | RondoError] = []
    for answer in answers:
        try:
            outcomes.append(_give(db, actor, round_, answer, asked, before))
        except (Conflict, InvalidInput, NotFound) as error:
            outcomes.append(error)
    return outcomes


class _Asked:
    """The questions and the samples that answers are about, held until the transaction ends."""

    def __init__(self, db: Session, actor: Actor, round_: tables.Round, answers: Sequence[NewAnswer]) -> None:
        question, sample, gold = tables.Question, tables.Sample, tables.GoldItem
        # Shared: others answer at the same time, and nobody retires or changes a question meanwhile. In order of their
        # number, so that no two wait for each other.
        query = select(question).where(question.id.in_({answer.question_id for answer in answers}))
        here = query.where(question.project_id == round_.project_id).order_by(question.id)
        rows = db.scalars(here.with_for_update(read=True))
        self.questions = {row.id: row for row in rows}
        ids = {answer.sample_id for answer in answers}
        texts = select(sample.id, func.length(sample.text)).where(sample.id.in_(ids), sample.round_id == round_.id)
        self.lengths: dict[int, int] = dict(db.execute(texts).tuples().all())
        self.shown = review_scope.only_shown(db, round_, self.lengths)
        lock_labels(db, round_.id, self.lengths)
        self.gold = set(db.scalars(select(gold.sample_id).where(gold.sample_id.in_(self.lengths))))
        self.blind = _blind(db, actor, round_, list(self.lengths))


def _blind(db: Session, actor: Actor, round_: tables.Round, sample_ids: Sequence[int]) -> set[int]:
    """Those of the samples of which the person could see no colleague's answer.

    To whoever decided, the others' are shown. A curator's lists show all: of theirs count the items that a desk drew
    for them, as nobody else's answers are shown there, and none on which they look back or settle a dispute.
    """
    # What was answered of a branch's texts can be read in the round it comes from.
    settings = review_settings.read(round_.review)
    if round_.branch_of_id is not None or settings.others_visible:
        return set()
    blind, lease = set(sample_ids) - own_words.decided(db, actor, sample_ids), tables.Lease
    role = role_of(db, actor, round_.project_id)
    if role is None or role.rank < Role.curator.rank:
        return blind
    items = group_decisions.first_of(db, list(blind)) if settings.by_group else {id_: id_ for id_ in blind}
    mine = select(lease.sample_id).where(lease.user_id == actor.user_id, lease.sample_id.in_(set(items.values())))
    drawn = set(db.scalars(mine))
    return {sample_id for sample_id, item_id in items.items() if item_id in drawn}


def _give(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    answer: NewAnswer,
    asked: _Asked,
    before: dict[str, tables.Answer],
) -> Given:
    if not 8 <= len(answer.client_id) <= 64 or not answer.client_id.isprintable():
        raise InvalidInput("An answer needs a client_id of 8 to 64 characters, a new one for each. Use a UUID.")
    if answer.seconds is not None and not 0 <= answer.seconds <= MAX_SECONDS:
        raise InvalidInput(f"The seconds spent on an answer are 0 to {MAX_SECONDS:,.0f}. Send one of these, or none.")
    done = before.get(answer.client_id)
    if done is not None:
        if (done.user_id, done.sample_id, done.question_id) != (actor.user_id, answer.sample_id, answer.question_id):
            raise Conflict("This client_id belongs to another answer. Send a new one.")
        return Given(done.client_id, done.sample_id, done.question_id, done.value, is_new=False)
    value = _read(round_, answer, asked)
    for earlier in db.scalars(_standing(actor, answer)):
        earlier.is_standing = False
    # What stood before has to be gone: the database keeps one that stands.
    db.flush()
    row = tables.Answer(
        client_id=answer.client_id,
        question_id=answer.question_id,
        round_id=round_.id,
        sample_id=answer.sample_id,
        user_id=actor.user_id,
        value=value.model_dump(mode="json") if value else None,
        number=value.number if value else None,
        words=in_words(value) if value else "",
        is_standing=value is not None,
        is_blind=answer.sample_id in asked.blind,
        is_gold=answer.sample_id in asked.gold,
        seconds=answer.seconds,
        via=actor.via,
    )
    db.add(row)
    before[answer.client_id] = row
    return Given(answer.client_id, answer.sample_id, answer.question_id, row.value, is_new=True)


def _read(round_: tables.Round, answer: NewAnswer, asked: _Asked) -> AnswerValue | None:
    """The answer's value; raises where it answers nothing that is asked here."""
    question = asked.questions.get(answer.question_id)
    if question is None:
        raise Conflict("This question was deleted, or is another project's. The answer was not kept: reload the page.")
    if not question.is_active:
        raise Conflict(f"{question.title!r} is not asked any more. The answer was not kept: reload the page.")
    if answer.sample_id not in asked.lengths:
        raise NotFound(f"Sample {answer.sample_id} is not in round {round_.number}. Reload the page.")
    if answer.sample_id not in asked.shown:
        raise Conflict(f"Sample {answer.sample_id} is not among those that people decide on. Reload the page.")
    if answer.value is None:
        return None
    options = QuestionOptions.model_validate(question.options)
    try:
        return read_answer(question.kind, options, answer.value, asked.lengths[answer.sample_id])
    except ValueError as error:
        raise InvalidInput(f"{question.title}: {error}") from error


def _standing(actor: Actor, answer: NewAnswer) -> Any:
    row = tables.Answer
    of_theirs = (row.user_id == actor.user_id, row.sample_id == answer.sample_id)
    return select(row).where(*of_theirs, row.question_id == answer.question_id, row.is_standing)


def _written_before(db: Session, client_ids: Sequence[str]) -> dict[str, tables.Answer]:
    rows = db.scalars(select(tables.Answer).where(tables.Answer.client_id.in_(client_ids)))
    return {row.client_id: row for row in rows}
