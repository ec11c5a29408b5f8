"""Ending a review: the job that goes on with the round is enqueued in the same transaction."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import session, tables
from backend.errors import Conflict
from backend.recipes import job_after_people
from backend.services import archived, events
from backend.services.access import Actor
from backend.services.decisions import tallies
from backend.services.reviews import reopening
from backend.services.rounds import RoundView, get_row, review_scope
from backend.services.rounds.reopened import is_kept, is_open
from backend.values import Role, RoundStatus


def close(actor: Actor, round_id: int) -> int | None:
    """End the review and enqueue the selection, in one transaction; return the job's id.

    None for a round that has its checkpoint already, whose review was opened again: it stays as it is.
    """
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        return go_on(db, actor, round_id)


def check_waits(round_: tables.Round | RoundView) -> None:
    """Raise `Conflict` where the round does not wait for people: there is no review to close."""
    if round_.status is not RoundStatus.review:
        raise Conflict(
            f"Round {round_.number} is not in review (it is {round_.status}, stage {round_.stage}): there is "
            "nothing to close. Look at the jobs to see what it does."
        )


def go_on(db: Session, actor: Actor, round_id: int, *, because: str = "by hand") -> int | None:
    """Close the review in the caller's transaction, as `close`; raises `Conflict` when somebody did already."""
    query = select(tables.Round).where(tables.Round.id == round_id).with_for_update()
    round_ = db.scalars(query.execution_options(populate_existing=True)).one()
    archived.refuse_trashed(db, round_)  # the lock may have been waited for
    check_waits(round_)
    project_id, what = round_.project_id, f"round {round_.number}"
    events.note(db, actor, "close review", what, project_id=project_id, round_id=round_id, because=because)
    tallies.forget_all(db, round_id)  # an error in what was kept does not outlast the review
    is_again, has_checkpoint = is_open(round_), is_kept(round_)
    if is_again:
        reopening.put_back(db, round_)
    if has_checkpoint:
        return None
    stage, step = job_after_people(round_.recipe, round_.phase)
    round_.status, round_.stage, round_.step, round_.error = RoundStatus.running, stage, step, None
    if is_again or review_scope.gate_of(round_) is not None:
        # Of a round that was given back: what selectors before the last one kept is kept anew, with the labels of now.
        dataset = tables.Dataset
        db.execute(delete(dataset).where(dataset.round_id == round_id, dataset.step >= step))
        round_.steps = {number: left for number, left in round_.steps.items() if int(number) < step}
    job = jobs.enqueue(db, stage=stage, project_id=project_id, round_id=round_id, created_by=actor.user_id, step=step)
    return job.id
