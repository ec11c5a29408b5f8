"""Who is told what, written in the transaction of what it tells of: none is lost or doubled when a process dies."""

from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.config import settings
from backend.db import now, tables
from backend.db.inserting import insert_into
from backend.db.many import in_chunks
from backend.db.roles import may_decide
from backend.jobs import deliveries
from backend.values import Channel, JobStatus, NoticeKind, Role, RoundStatus, Stage

USUAL = (Channel.page, Channel.browser)
MOST_WORDS = 300
OF_STATUS = {
    RoundStatus.done: (NoticeKind.round_done, Role.curator, "is done."),
    RoundStatus.review: (NoticeKind.round_review, Role.reviewer, "waits for review."),
    RoundStatus.held: (NoticeKind.round_held, Role.curator, "is held before its training:"),
}
"""What is told of a round that has come to stand so, to whom, and the words."""


def wanted(told: dict[str, list[str]], kind: NoticeKind) -> tuple[Channel, ...]:
    """The channels by which a person is told of that kind; `told`: of the person's row."""
    return tuple(Channel(channel) for channel in told[kind] if channel in [*Channel]) if kind in told else USUAL


def tell(
    db: Session,
    kind: NoticeKind,
    *,
    project_id: int,
    path: str,
    text: str,
    people: Role | Sequence[int],
    key: str = "",
    but: int | None = None,
    to_programs: str = "",
    key_to_programs: str = "",
) -> None:
    """Tell these people, or all with at least that role, but for whoever did it, in the caller's transaction.

    `to_programs`: the text for webhooks, where that for people speaks to one of them. `key` names the event; empty
    where the transaction itself cannot happen twice. `key_to_programs`: the key for webhooks, where they are told more
    of an event that people are told of once. Nothing is told of a preview.
    """
    project = db.get_one(tables.Project, project_id)
    if project.preview_id is not None or project.trashed_at is not None:
        return
    event, at, text = f"{kind}:{key or uuid4().hex}", now(), clean(text)
    user = tables.User
    query = select(user.id, user.told, user.mail).where(
        user.id.in_(may_decide(project_id, Role.viewer)), user.id != (but or 0)
    )
    ids = may_decide(project_id, people) if isinstance(people, Role) else list(people)
    rows, by_mail = [], []
    for user_id, choices, mail in db.execute(query.where(user.id.in_(ids))):
        channels = wanted(choices, kind)
        in_page, in_browser = Channel.page in channels, Channel.browser in channels
        if Channel.mail in channels and mail and settings().smtp_host:
            by_mail.append(user_id)
        if in_page or in_browser:
            common = {"project_id": project_id, "kind": kind, "key": event, "path": path, "text": text}
            flags = {"in_page": in_page, "in_browser": in_browser}
            rows.append({"user_id": user_id, "created_at": at, **common, **flags})
    for some in in_chunks(rows):
        db.execute(insert_into(db, tables.Notice).values(some).on_conflict_do_nothing())
    hooks = deliveries.hooks_for(db, project_id, kind)
    deliveries.put(db, project, kind, event=event, path=path, text=text, people=by_mail)
    event = f"{kind}:{key_to_programs}" if key_to_programs else event
    deliveries.put(db, project, kind, event=event, path=path, text=clean(to_programs) or text, hooks=hooks)


def already(db: Session, kind: NoticeKind, key: str, people: Sequence[int]) -> set[int]:
    """Who of these people was told of that event before, in the application or by mail."""
    notice, delivery, event = tables.Notice, tables.Delivery, f"{kind}:{key}"
    by_page = select(notice.user_id).where(notice.user_id.in_(people), notice.key == event)
    by_mail = select(delivery.user_id).where(delivery.user_id.in_(people), delivery.event == event)
    return {user_id for user_id in db.scalars(by_page.union(by_mail)) if user_id is not None}


def of_round(db: Session, round_id: int, job_id: int, attempt: int) -> None:
    """Tell of a round that is done, or has to wait for people, since that attempt at a job has ended."""
    round_ = db.get_one(tables.Round, round_id)
    if round_.status not in OF_STATUS:
        return
    kind, role, words = OF_STATUS[round_.status]
    why = f" {first_line(round_.hold.get('said'))}" if round_.status is RoundStatus.held else ""
    tell(
        db,
        kind,
        project_id=round_.project_id,
        path=f"round?round={round_.id}" if kind is not NoticeKind.round_review else f"review?round={round_.id}",
        text=f"Round {round_.number} {words}{why}",
        people=role,
        key=f"{job_id}.{attempt}",
    )


def of_job(db: Session, job: tables.Job) -> None:
    """Tell of a round's own job that has failed, and of a training that has ended."""
    is_training = job.stage is Stage.train and not job.spec.get("kind")
    if job.round_id is None or job.status not in (JobStatus.failed, JobStatus.done):
        return
    has_failed = job.status is JobStatus.failed
    if not (has_failed or is_training):
        return
    number = db.scalar(select(tables.Round.number).where(tables.Round.id == job.round_id))
    project_id, key = job.project_id, f"{job.id}.{job.attempt}"
    why = first_line(job.error)
    if has_failed:
        message = f"Round {number} failed at the stage {job.stage}: {why}"
        path = f"round?round={job.round_id}"
        tell(db, NoticeKind.round_failed, project_id=project_id, path=path, text=message, people=Role.curator, key=key)
    if is_training:
        kind = NoticeKind.training_failed if has_failed else NoticeKind.training_done
        message = f"The training of round {number} {f'failed: {why}' if has_failed else 'is done.'}"
        people = [job.created_by] if job.created_by else []
        tell(db, kind, project_id=project_id, path=f"jobs?job={job.id}", text=message, people=people, key=key)


def first_line(text: str | None) -> str:
    """The first line of an error, cut where it is long."""
    line = next(iter((text or "").strip().splitlines()), "no reason was given")
    return line if len(line) <= MOST_WORDS else f"{line[:MOST_WORDS]}…"
