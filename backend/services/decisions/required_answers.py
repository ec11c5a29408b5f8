"""Required questions: a decision waits for the person's own answers about the sample that it decides on."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import Conflict
from backend.services.access import Actor
from backend.services.decisions import rows
from backend.services.decisions.acts import Act
from backend.services.review_settings import ReviewSettings
from backend.values import DecisionKind


def refuse_unanswered(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    settings: ReviewSettings,
    acts: Sequence[Act],
) -> None:
    """Raise `Conflict` for the first of these acts that decides on a sample of which a required question is unanswered.

    Bulk actions, imported decisions and adjudications need no answers: none are asked there.
    """
    asked = {act.client_id: sample_id for act in acts if (sample_id := asked_about(settings, act)) is not None}
    ids = set(asked.values())
    if not ids:
        return
    answer, question = tables.Answer, tables.Question
    query = select(question.id, question.title).where(question.project_id == round_.project_id)
    query = query.where(question.is_active, question.is_required).order_by(question.position)
    required = db.execute(query).all()
    if not required:
        return
    theirs = (answer.user_id == actor.user_id, answer.is_standing, answer.sample_id.in_(ids))
    answered = set(db.execute(select(answer.sample_id, answer.question_id).where(*theirs)).tuples())
    for act in acts:
        sample_id = asked.get(act.client_id)
        if sample_id is None:
            continue
        missing = [title for question_id, title in required if (sample_id, question_id) not in answered]
        # An act that is sent again was written, whatever is asked since.
        if missing and not rows.written(db, actor, round_, act.client_id):
            what = "is put first in its group" if settings.by_group else "is decided"
            raise Conflict(
                f"The question {missing[0]!r} has to be answered before sample {sample_id} {what}. Answer it first, "
                "then decide."
            )


def asked_about(settings: ReviewSettings, act: Act) -> int | None:
    """The sample of which required questions have to be answered before the act is written: the one that it decides on,
    and in a review by group or pair the one that it puts first. None where it does neither.
    """
    if not settings.by_group:
        return act.sample_id if act.kind in settings.deciding else None
    if act.kind is DecisionKind.rank:
        return int(act.value["order"][0])
    return act.value.get("best") if act.kind is DecisionKind.prefer else None
