"""Opening a closed review again: people decide anew, and what was made of the labels before is marked as stale.

What a training read stays frozen with its checkpoint, and closing makes nothing of a round that has one: a branch of it
selects by the labels of then. A round that is held before its training goes on with a new selection.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.db import now, session, tables
from backend.errors import Conflict, InvalidInput
from backend.jobs import ACTIVE, telling
from backend.pipeline.known import write_known
from backend.pipeline.run import OF_SELECTING
from backend.recipes import job_after_people
from backend.services import archived, events
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.services.rounds.reopened import is_kept
from backend.values import JobStatus, NoticeKind, Role, RoundStatus, Stage

MAX_REASON = 2_000


def reopen(actor: Actor, round_id: int, *, reason: str) -> None:
    """Let people decide on the round's items again; needs a curator and a reason.

    Raises `Conflict` for a round that had no review, that is not over, or that is away in an archive.
    """
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise InvalidInput(
            f"Reopening a review needs a reason of at most {MAX_REASON:,} characters: others will read it. Write one.",
            field="reason",
        )
    with session() as db:
        get_row(db, actor, round_id, Role.curator)
        archived.refuse_held(db, round_id, alone=True)
        query = select(tables.Round).where(tables.Round.id == round_id).with_for_update()
        round_ = db.scalars(query.execution_options(populate_existing=True)).one()
        _refuse(db, round_)
        at, dataset = now(), tables.Dataset
        stale = update(dataset).where(dataset.round_id == round_id, dataset.stale_at.is_(None)).values(stale_at=at)
        ids = sorted(db.scalars(stale.returning(dataset.id)))
        round_.reopened = {
            "user_id": actor.user_id,
            "who": actor.name,
            "reason": reason,
            "at": at.isoformat(),
            "status": str(round_.status),
            "stage": str(round_.stage),
            "step": round_.step,
            "hold": round_.hold,
            "finished_at": round_.finished_at.isoformat() if round_.finished_at else None,
        }
        round_.status, round_.stage, round_.error, round_.hold = RoundStatus.review, Stage.review, None, {}
        round_.finished_at = None
        if round_.checkpoint_id is None:
            # What was made of the labels of before would tell them to people who decide again.
            round_.counts = {name: value for name, value in round_.counts.items() if name not in OF_SELECTING}
        round_.step = job_after_people(round_.recipe, round_.phase)[1]
        what, place = f"round {round_.number}", {"project_id": round_.project_id, "round_id": round_id}
        events.note(db, actor, "reopen review", what, **place, reason=reason, stale_dataset_ids=ids)  # type: ignore[arg-type]
        telling.tell(
            db,
            NoticeKind.round_review,
            project_id=round_.project_id,
            path=f"review?round={round_id}",
            text=f"{actor.name} opened the review of round {round_.number} again: {reason}",
            people=Role.reviewer,
            but=actor.user_id,
        )


def put_back(db: Session, round_: tables.Round) -> None:
    """End a reopened review in the caller's transaction: a round that has its checkpoint stands where it stood."""
    if is_kept(round_):
        before = round_.reopened
        round_.status, round_.stage = RoundStatus(before["status"]), Stage(before["stage"])
        round_.step, round_.hold = int(before["step"]), before.get("hold", {})
        round_.finished_at = datetime.fromisoformat(at) if (at := before.get("finished_at")) else None
        # No selection follows, which gives gold items their known labels otherwise.
        write_known(db, round_.id)
    round_.reopened = round_.reopened | {"closed_at": now().isoformat()}


def _refuse(db: Session, round_: tables.Round) -> None:
    number = f"Round {round_.number}"
    if not round_.is_reviewed:
        raise Conflict(f"{number} had no review. Branch off it with a review, or decide in the next round.")
    if round_.status is RoundStatus.review:
        raise Conflict(f"{number} is in review already. Decide at the review desk.")
    if round_.status not in (RoundStatus.done, RoundStatus.held):
        raise Conflict(
            f"{number} is {round_.status}, stage {round_.stage}. A review is opened again once the round is done, or "
            "while it is held before its training. Let its job go on, or branch off the round."
        )
    job = tables.Job
    ours = select(job.id).where(job.round_id == round_.id)
    if db.scalar(ours.where(job.status.in_(ACTIVE)).limit(1)) is not None:
        raise Conflict(f"{number} has a job that is not over. Wait for it, or cancel it, then reopen the review.")
    branch = tables.Round
    copying = select(branch.number).join(job, job.round_id == branch.id)
    copying = copying.where(branch.branch_of_id == round_.id, job.status.in_(ACTIVE), job.stage != Stage.train)
    if (number_of := db.scalar(copying.limit(1))) is not None:
        raise Conflict(
            f"Round {number_of} branches off {number.lower()} and reads its labels now. Wait until that round trains, "
            "then reopen the review."
        )
    trained = ours.where(job.stage == Stage.train, job.status == JobStatus.done)
    if round_.checkpoint_id is None and db.scalar(trained.limit(1)) is not None:
        raise Conflict(
            f"{number} has trained on its labels and is not over, so its steps cannot begin again. Let it go on, then "
            "reopen the review."
        )
