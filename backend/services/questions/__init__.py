"""A project's own questions about samples: what is asked at the desk beside the verdict."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services import events, stale
from backend.services.access import Actor, require
from backend.services.questions.presets import PRESETS, NewQuestion
from backend.values import JSON, Role
from backend.values.questions import KEPT_QUESTIONS, KEY, QuestionKind, QuestionOptions

__all__ = [
    "PRESETS",
    "NewQuestion",
    "QuestionView",
    "add",
    "add_preset",
    "asked",
    "change",
    "delete",
    "list_questions",
    "order",
]

MOST = 40
"""Active questions of a project: a desk shows them all."""
MOST_TITLE, MOST_HELP = 200, 4_000


@dataclass(frozen=True)
class QuestionView:
    """A question of a project. `is_active`: it is asked; a retired one is kept with its answers.

    `has_answers`: somebody answered it, so that its scale stays and its labels can only become more.
    """

    id: int
    project_id: int
    key: str
    kind: QuestionKind
    title: str
    help: str
    options: QuestionOptions
    is_required: bool
    position: int
    is_active: bool
    has_answers: bool
    created_at: datetime
    version: int = 1
    """Counts its changes; its place among the others is none."""


def list_questions(actor: Actor, project_id: int, *, with_retired: bool = True) -> list[QuestionView]:
    """Return the project's questions in their order, the retired ones last."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        views = asked(db, project_id)
    return [view for view in views if view.is_active or with_retired]


def asked(db: Session, project_id: int) -> list[QuestionView]:
    """The questions of a project, for a caller that checked the role."""
    row = tables.Question
    query = select(row, _has_answers()).where(row.project_id == project_id)
    rows = db.execute(query.order_by(row.is_active.desc(), row.position, row.id))
    return [view_of(question, has_answers) for question, has_answers in rows]


def add(actor: Actor, project_id: int, new: NewQuestion) -> QuestionView:
    """Ask one more question, after the others; it takes a curator.

    Raises `Conflict` where the project has a question with this key, retired or not, and where it asks too many.
    """
    with session() as db:
        _hold(db, actor, project_id)
        return _find_view(db, _add(db, actor, project_id, new))


def add_preset(actor: Actor, project_id: int, name: str) -> list[QuestionView]:
    """Ask the questions of a preset; those whose key the project has already stay as they are."""
    if name not in PRESETS:
        raise InvalidInput(f"There is no preset {name[:80]!r}. Choose from {', '.join(PRESETS)}.")
    with session() as db:
        _hold(db, actor, project_id)
        known = {view.key for view in asked(db, project_id)}
        new = [question for question in PRESETS[name] if question.key not in known]
        if not new:
            raise Conflict("This project has all questions of the preset already. Bring a retired one back instead.")
        for question in new:
            _add(db, actor, project_id, question)
        return [view for view in asked(db, project_id) if view.is_active]


def change(
    actor: Actor,
    question_id: int,
    *,
    title: str | None = None,
    help: str | None = None,
    options: QuestionOptions | None = None,
    is_required: bool | None = None,
    is_active: bool | None = None,
    version: int | None = None,
) -> QuestionView:
    """Change a question, retire it or bring it back; what is not given stays. It takes a curator.

    `version`: the one that was read; raises `Stale` where the question has another one now.

    Raises `Conflict` for options that answers which were given would not fit.
    """
    with session() as db:
        row = _find(db, actor, question_id, Role.curator)
        before = view_of(row, _is_answered(db, question_id))
        given: JSON = {"title": title, "help": help, "is_required": is_required, "is_active": is_active}
        given["options"] = None if options is None else options.model_dump(mode="json")
        current = {name: getattr(row, name) for name in given} | {"options": before.options.model_dump(mode="json")}
        stale.refuse(f"The question {row.title!r}", version, row.version, current, given)
        if options is not None and options != before.options:
            _refuse_options(before, options)
            row.options = options.model_dump(mode="json")
        if title is not None:
            row.title = boundary.name(title, "The question", MOST_TITLE)
        if help is not None:
            boundary.text(help, "The help", MOST_HELP)
            row.help = help
        row.is_required = row.is_required if is_required is None else is_required
        if is_active is not None and is_active != row.is_active:
            if is_active:
                _refuse_more(db, row.project_id)
            row.is_active = is_active
        row.version += 1
        verb = {True: "bring back question", False: "retire question", None: "change question"}[is_active]
        events.note(db, actor, verb, row.title, project_id=row.project_id, question=row.key)
        db.flush()
        return _find_view(db, row.id)


def delete(actor: Actor, question_id: int) -> QuestionView | None:
    """Delete a question that nobody answered; one with answers, or that a judge is asked, is retired, and returned. It
    takes a curator."""
    with session() as db:
        row = _find(db, actor, question_id, Role.curator)
        has_answers = _is_answered(db, question_id)
        verb = "retire question" if has_answers else "delete question"
        events.note(db, actor, verb, row.title, project_id=row.project_id, question=row.key)
        if not has_answers:
            db.delete(row)
            return None
        row.is_active, row.version = False, row.version + 1
        db.flush()
        return view_of(row, has_answers)


def order(actor: Actor, project_id: int, ids: Sequence[int]) -> list[QuestionView]:
    """Ask the active questions in this order; raises `Conflict` where these are not all of them, as after a change."""
    with session() as db:
        _hold(db, actor, project_id)
        row = tables.Question
        # Held in order of their number, as answers hold them.
        held = select(row).where(row.project_id == project_id, row.is_active).order_by(row.id).with_for_update()
        rows = {question.id: question for question in db.scalars(held)}
        if sorted(ids) != sorted(rows):
            raise Conflict("These are not the questions that the project asks now. Reload them, then order them.")
        for position, question_id in enumerate(ids):
            rows[question_id].position = position
        events.note(db, actor, "order questions", f"{len(ids)} questions", project_id=project_id)
        db.flush()
        return asked(db, project_id)


def view_of(row: tables.Question, has_answers: bool) -> QuestionView:
    return QuestionView(
        row.id,
        row.project_id,
        row.key,
        row.kind,
        row.title,
        row.help,
        QuestionOptions.model_validate(row.options),
        row.is_required,
        row.position,
        row.is_active,
        has_answers,
        row.created_at,
        row.version,
    )


def _add(db: Session, actor: Actor, project_id: int, new: NewQuestion) -> int:
    title = boundary.name(new.title, "The question", MOST_TITLE)
    boundary.text(new.help, "The help", MOST_HELP)
    key = new.key or _key_of(title)
    if not KEY.fullmatch(key):
        raise InvalidInput(f"The key {key[:80]!r} cannot be used. Take up to 40 small letters, digits and underscores.")
    fault = new.options.fault_for(new.kind)
    if fault:
        raise InvalidInput(f"{title}: {fault}", field="options")
    row = tables.Question
    before = db.scalars(select(row).where(row.project_id == project_id)).all()
    other = next((earlier for earlier in before if earlier.key == key), None)
    if other is not None:
        state = "" if other.is_active else ", which is retired: bring it back"
        raise Conflict(f"There is a question with the key {key!r} already{state}. Or give this one another key.")
    _refuse_more(db, project_id)
    position = max((earlier.position for earlier in before), default=-1) + 1
    question = row(project_id=project_id, key=key, kind=new.kind, title=title, help=new.help, position=position)
    question.options, question.is_required = new.options.model_dump(mode="json"), new.is_required
    db.add(question)
    events.note(db, actor, "add question", title, project_id=project_id, question=key, kind=str(new.kind))
    db.flush()
    return question.id


def _key_of(title: str) -> str:
    """A key made of the question's words; a title without Latin letters has none of its own."""
    words = re.sub(r"[^a-z0-9]+", "_", title.casefold()).strip("_")
    return words[:40].rstrip("_") if re.match(r"[a-z]", words) else "question"


def _refuse_more(db: Session, project_id: int) -> None:
    row = tables.Question
    number = db.scalar(select(func.count()).where(row.project_id == project_id, row.is_active)) or 0
    if number >= MOST:
        raise Conflict(f"The project asks {MOST} questions, and a desk shows no more. Retire one first.")


def _refuse_options(before: QuestionView, options: QuestionOptions) -> None:
    fault = options.fault_for(before.kind)
    if fault:
        raise InvalidInput(f"{before.title}: {fault}", field="options")
    if not before.has_answers:
        return
    gone = [label for label in before.options.labels if label not in options.labels]
    is_rescaled = before.kind is QuestionKind.rating and options.highest != before.options.highest
    if gone or is_rescaled:
        what = f"The label {gone[0]!r}" if gone else f"The scale up to {before.options.highest}"
        raise Conflict(
            f"{what} stays, because {before.title!r} has answers with it. Retire the question, and ask another one."
        )


def _hold(db: Session, actor: Actor, project_id: int) -> None:
    """Check the role, and let nobody else change the project's questions meanwhile."""
    require(db, actor, project_id, Role.curator)
    db.get(tables.Project, project_id, with_for_update=True)


def _find(db: Session, actor: Actor, question_id: int, role: Role) -> tables.Question:
    """The row, held until the transaction ends; a foreign project's does not exist."""
    missing = f"There is no question {question_id} here. Choose one from the project's list."
    row = db.get(tables.Question, question_id, with_for_update=True)
    if row is None:
        raise NotFound(missing)
    try:
        require(db, actor, row.project_id, role)
    except NotFound as error:
        raise NotFound(missing) from error
    return row


def _find_view(db: Session, question_id: int) -> QuestionView:
    row, has_answers = db.execute(
        select(tables.Question, _has_answers()).where(tables.Question.id == question_id)
    ).one()
    return view_of(row, has_answers)


def _is_answered(db: Session, question_id: int) -> bool:
    """Whether it has answers, or a round's step has noted that it asks a judge for some."""
    if db.scalar(select(_has_answers()).where(tables.Question.id == question_id)):
        return True
    round_, question = tables.Round, tables.Question
    here = select(question.project_id).where(question.id == question_id).scalar_subquery()
    steps = db.scalars(select(round_.steps).where(round_.project_id == here))
    kept = (left.get(KEPT_QUESTIONS) or () for of_round in steps for left in of_round.values())
    return any(question["id"] == question_id for asked_by in kept for question in asked_by)


def _has_answers() -> ColumnElement[bool]:
    """Whether a question has answers, or may have some that lie in an archive with their round."""
    question, round_ = tables.Question, tables.Round
    archived = exists().where(round_.project_id == question.project_id, round_.archived_at.is_not(None))
    answered = [exists().where(table.question_id == question.id) for table in (tables.Answer, tables.JudgeAnswer)]
    return or_(*answered, archived)
