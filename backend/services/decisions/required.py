"""Whether a person answered what the project's required questions ask of a sample, before they decide on it.

Bulk actions, imported decisions, adjudications and reviews by group or pair need no answers: none are asked there.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.built import built_once
from backend.errors import Conflict
from backend.services.access import Actor
from backend.services.decisions.acts import Act
from backend.services.decisions.decision import written
from backend.services.review_settings import ReviewSettings


def refuse_unanswered(
    db: Session, actor: Actor, round_: tables.Round, settings: ReviewSettings, acts: Sequence[Act]
) -> None:
    """Raise `Conflict` for the first of these acts that decides an item of which a required question is unanswered."""
    ids = {act.sample_id for act in acts if act.kind in settings.deciding}
    if settings.by_group or not ids:
        return
    answer = tables.Answer
    required = db.connection().execute(_required(), {"project_id": round_.project_id}).all()
    if not required:
        return
    theirs = (answer.user_id == actor.user_id, answer.is_standing, answer.sample_id.in_(ids))
    answered = set(db.execute(select(answer.sample_id, answer.question_id).where(*theirs)).tuples())
    for act in acts:
        missing = [title for question_id, title in required if (act.sample_id, question_id) not in answered]
        # An act that is sent again was written, whatever is asked since.
        if missing and act.kind in settings.deciding and not written(db, actor, round_, act.client_id):
            raise Conflict(
                f"The question {missing[0]!r} has to be answered before sample {act.sample_id} is decided. Answer it "
                "first, then decide."
            )


@built_once
def _required() -> Any:
    """Asked with every decision."""
    question = tables.Question
    query = select(question.id, question.title).where(question.project_id == bindparam("project_id"))
    return query.where(question.is_active, question.is_required).order_by(question.position)
