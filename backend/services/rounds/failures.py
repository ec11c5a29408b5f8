"""What was left out of a round: listed with its reason, and tried again alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput
from backend.pipeline.left_out import RETRY
from backend.services import archived, events
from backend.services.access import Actor, require
from backend.services.rounds import get_row
from backend.translations import SOURCE, gettext, pgettext, using
from backend.values import FailureKind, Role, Stage

PAGE = 50
MAX_IDS = 1_000
TEXT = 300
"""So much of a prompt is shown."""
RETRIED = (Stage.generate, Stage.judge)


@dataclass(frozen=True)
class FailureView:
    """One prompt, reply or training row that was left out. `cannot_retry`: why not, if so."""

    id: int
    round_id: int
    round_number: int
    stage: Stage
    kind: FailureKind
    reason: str
    attempts: int
    prompt_id: int | None
    prompt_set_id: int | None
    prompt: str
    sample_id: int | None
    position: int | None
    job_id: int | None
    is_asked: bool
    created_at: datetime
    cannot_retry: str


def list_failures(
    actor: Actor, round_id: int, *, limit: int = PAGE, after_id: int | None = None, stage: Stage | None = None
) -> list[FailureView]:
    """Return what was left out of a round and not made since, oldest first."""
    with reading() as db:
        row = get_row(db, actor, round_id)
        archived.refuse(row)
        return first(db, row, limit, after_id=after_id, stage=stage)


def first(
    db: Session, row: tables.Round, limit: int, *, after_id: int | None = None, stage: Stage | None = None
) -> list[FailureView]:
    """`list_failures` for a round that the caller has read."""
    query = _open(db, row.id, stage).limit(limit)
    if after_id is not None:
        query = query.where(tables.LeftOut.id > after_id)
    frozen = _frozen(db, row)
    return [_view(columns, row, frozen) for columns in db.execute(query)]


def counts(actor: Actor, project_id: int) -> dict[int, int]:
    """Return how many were left out and not made since, by round id; rounds without any are not in it."""
    left = tables.LeftOut
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = select(left.round_id, func.count()).where(left.project_id == project_id, left.resolved_at.is_(None))
        numbers: dict[int, int] = dict(db.execute(query.group_by(left.round_id)).tuples().all())
        return numbers


def retry(actor: Actor, round_id: int, ids: Sequence[int] | None = None) -> int:
    """Queue a job that asks again for these (None: all that may be tried again); return its id.

    Raises `Conflict` once the selection is frozen, while another job of the round is active, and where nothing is
    left to try.
    """
    if ids is not None and not 1 <= len(ids) <= MAX_IDS:
        raise InvalidInput(f"Name 1 to {MAX_IDS:,} of what was left out, or none to try all again.")
    with session() as db:
        row = get_row(db, actor, round_id, Role.curator)
        with using(SOURCE):  # errors are in English
            reason = _frozen(db, row)
        if reason:
            raise Conflict(reason)
        left = tables.LeftOut
        wanted = [left.round_id == round_id, left.resolved_at.is_(None), left.stage.in_(RETRIED)]
        if ids is not None:
            wanted.append(left.id.in_(ids))
        stages = set(db.scalars(select(left.stage).where(*wanted).distinct()))
        if not stages:
            raise Conflict(f"Nothing of round {row.number} is left out any more that could be tried again.")
        # Judging follows generating by itself, and takes what is asked of the judge with it.
        stage = Stage.generate if Stage.generate in stages else Stage.judge
        count = db.execute(update(left).where(*wanted).values(asked_at=now())).rowcount  # type: ignore[attr-defined]
        place: dict[str, Any] = {"project_id": row.project_id, "round_id": round_id}
        # One step at a time: what was left out of a later one is asked for when this has ended.
        steps = list(db.scalars(select(left.step).where(*wanted, left.stage == stage).distinct()))
        step = None if None in steps else min(n for n in steps if n is not None)
        job = jobs.enqueue(db, stage=stage, step=step, created_by=actor.user_id, spec={"kind": RETRY}, **place)
        events.note(db, actor, "try again", f"round {row.number}", count=count, job_id=job.id, **place)
        return job.id


def _frozen(db: Session, row: tables.Round) -> str:
    """Why nothing of a round may be tried again; empty if it may."""
    frozen = db.scalar(select(tables.Dataset.id).where(tables.Dataset.round_id == row.id).limit(1))
    if frozen is not None:
        return gettext(
            "The training rows of round {number} are frozen, so new samples would not be trained on. Launch a round to "
            "ask again."
        ).format(number=row.number)
    active = db.scalar(select(tables.Job.id).where(tables.Job.active_key == row.id))
    if active is not None:
        text = gettext("Job {job} of round {number} is under way. Try again when it has ended.")
        return text.format(job=active, number=row.number)
    return ""


def _open(db: Session, round_id: int, stage: Stage | None) -> Select[Any]:
    left, prompt = tables.LeftOut, tables.Prompt
    query = (
        select(left, prompt.prompt_set_id, func.substr(prompt.text, 1, TEXT))
        .outerjoin(prompt, prompt.id == left.prompt_id)
        .where(left.round_id == round_id, left.resolved_at.is_(None))
        .order_by(left.id)
    )
    return query if stage is None else query.where(left.stage == stage)


def _view(columns: Any, round_: tables.Round, frozen: str) -> FailureView:
    row, set_id, text = columns
    not_retried = gettext("What {stage} leaves out is not tried again in its round.")
    why = frozen or ("" if row.stage in RETRIED else not_retried.format(stage=gettext(str(row.stage))))
    return FailureView(
        id=row.id,
        round_id=round_.id,
        round_number=round_.number,
        stage=row.stage,
        kind=row.kind,
        reason=row.reason,
        attempts=row.attempts,
        prompt_id=row.prompt_id,
        prompt_set_id=set_id,
        prompt=text or "",
        sample_id=row.sample_id,
        position=row.position,
        job_id=row.job_id,
        is_asked=row.asked_at is not None,
        created_at=row.created_at,
        cannot_retry=why,
    )


def kind_word(kind: FailureKind) -> str:
    """Return a kind of failure in a word, in the reader's language; in English its name."""
    words = {
        FailureKind.context: pgettext("failure", "context"),
        FailureKind.template: pgettext("failure", "template"),
        FailureKind.filter: pgettext("failure", "filter"),
        FailureKind.refused: pgettext("failure", "refused"),
        FailureKind.timeout: pgettext("failure", "timeout"),
        FailureKind.reply: pgettext("failure", "reply"),
        FailureKind.server: pgettext("failure", "server"),
        FailureKind.error: pgettext("failure", "error"),
        FailureKind.too_long: pgettext("failure", "too long"),
        FailureKind.special: pgettext("failure", "special"),
        FailureKind.unfinished: pgettext("failure", "unfinished"),
    }
    return words[kind]
