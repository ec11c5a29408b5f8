"""The rows of what is to be sent: written with what they tell of, tried with growing pauses, at least once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.db.inserting import insert_into
from backend.db.many import in_chunks
from backend.db.roles import may_decide
from backend.values import JSON, NoticeKind, Role

FIRST, LONGEST = timedelta(seconds=10), timedelta(hours=1)
"""The pause after the first attempt that failed; each further one is three times as long, up to the longest."""
CLAIMED = timedelta(minutes=1)
"""Whoever tries a delivery has so long; then it is anybody's again, since they may have died."""
GIVEN_UP = timedelta(days=1)
"""For so long a delivery is tried, and a webhook at which nothing arrives is not paused."""
STALE = timedelta(days=3)
"""After so long nothing is sent any more that no worker could send: old news helps nobody."""
AT_ONCE = 100
KEPT, READ_KEPT, NOTICES_KEPT = timedelta(days=30), timedelta(days=90), timedelta(days=365)
TEST = "test"

PAUSED = (
    "Paused: nothing has arrived here for a day. The last time it said: {error} Mend that, then press Resume; what was "
    "told meanwhile is not sent any more."
)


@dataclass(frozen=True)
class Claimed:
    """One delivery that the caller is to try now. `url` and `salt`: of its webhook; `mail`: the person's address."""

    id: int
    uid: str
    attempts: int
    webhook_id: int | None
    user_id: int | None
    body: JSON
    url: str
    salt: str
    mail: str = ""

    @property
    def receiver(self) -> tuple[int | None, int | None]:
        return self.webhook_id, self.user_id


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt; `error` empty: it arrived. `is_final`: it would never."""

    status: int | None = None
    error: str = ""
    is_final: bool = False


def put(
    db: Session,
    project: tables.Project,
    kind: NoticeKind | str,
    *,
    event: str,
    path: str,
    text: str,
    hooks: Iterable[tables.Webhook] = (),
    people: Iterable[int] = (),
) -> None:
    """Write what these webhooks, and these people by mail, are to be sent, in the caller's transaction."""
    at, rows = now(), []
    receivers = [{"webhook_id": hook.id, "user_id": None} for hook in hooks]
    receivers += [{"webhook_id": None, "user_id": user_id} for user_id in people]
    for receiver in receivers:
        uid = uuid4().hex
        body = {
            "id": uid,
            "kind": str(kind),
            "at": at.isoformat(),
            "project": {"id": project.id, "name": project.name},
            "text": text,
            "path": f"/p/{quote(project.slug, safe='')}/{path}",
        }
        place = {"project_id": project.id, "event": event} | receiver
        rows.append(place | {"uid": uid, "body": body, "created_at": at, "due_at": at})
    for some in in_chunks(rows):
        db.execute(insert_into(db, tables.Delivery).values(some).on_conflict_do_nothing())


def hooks_for(db: Session, project_id: int, kind: NoticeKind) -> list[tables.Webhook]:
    """The project's webhooks that are not paused and want to hear of that kind."""
    row = tables.Webhook
    hooks = db.scalars(select(row).where(row.project_id == project_id, row.paused_at.is_(None)).order_by(row.id))
    return [hook for hook in hooks if kind in hook.kinds]


def claim(
    busy: Collection[tuple[int | None, int | None]] = (),
    *,
    most: int = AT_ONCE,
    mails: int = AT_ONCE,
    at: datetime | None = None,
) -> list[Claimed]:
    """Take what is due at that time, by default now: the oldest of each receiver that is not busy.

    No more than `mails` of them are mail.
    """
    at = at or now()
    with reading() as db:
        chosen = _oldest(db, tables.Delivery.webhook_id, busy, at)[:most]
        if (room := min(mails, most - len(chosen))) > 0:
            chosen += _oldest(db, tables.Delivery.user_id, busy, at)[:room]
    if not chosen:
        return []
    with session() as db:
        in_order = sorted(chosen, key=lambda delivery: int(delivery.id))  # one order of locks
        tried = [_claimed(db, delivery.id, delivery.due_at, at) for delivery in in_order]
    claimed = [delivery for delivery in tried if delivery is not None]
    if ended := {delivery.webhook_id for delivery in chosen if delivery.webhook_id} - {
        delivery.webhook_id for delivery in claimed
    }:
        with session() as db:  # after their rows are given back: `record` locks a webhook first
            _count_anew(db, ended)
    return claimed


def _oldest(db: Session, receiver: Any, busy: Collection[tuple[int | None, int | None]], at: datetime) -> list[Any]:
    """What is due longest of each webhook or person; many that wait for one receiver hide no other's.

    Of what a failure made wait alike, what was tried least goes first: one that is refused each time blocks no other.
    """
    row = tables.Delivery
    place = func.row_number().over(partition_by=receiver, order_by=(row.due_at, row.attempts, row.id)).label("place")
    due = select(row.id, row.webhook_id, row.user_id, row.due_at, place)
    due_rows = due.where(row.due_at <= at, receiver.is_not(None)).subquery()
    firsts = select(due_rows).where(due_rows.c.place == 1).order_by(due_rows.c.due_at, due_rows.c.id)
    rows = db.execute(firsts.limit(AT_ONCE + len(busy))).all()
    return [first for first in rows if (first.webhook_id, first.user_id) not in busy]


def _claimed(db: Session, delivery_id: int, due_at: datetime, at: datetime) -> Claimed | None:
    """The delivery, where nobody else took it meanwhile."""
    row, hook = tables.Delivery, tables.Webhook
    mine = update(row).where(row.id == delivery_id, row.due_at == due_at)
    taken = db.scalar(mine.values(due_at=at + CLAIMED, attempts=row.attempts + 1).returning(row.id))
    if taken is None:
        return None
    user, project = tables.User, tables.Project
    query = select(row, hook, user.mail, project).outerjoin(hook, hook.id == row.webhook_id)
    query = query.outerjoin(user, user.id == row.user_id).join(project, project.id == row.project_id)
    query = query.where(row.id == delivery_id)
    delivery, its_hook, mail, its_project = db.execute(query.execution_options(populate_existing=True)).one()
    refused = ""
    if its_project.trashed_at is not None or its_project.is_deleting:
        refused = f"The {'project' if its_project.trash_of_id is None else 'round'} is in the trash."
    elif its_hook is not None and its_hook.paused_at is not None:
        refused = "The webhook is paused."
    elif delivery.user_id is not None and not (mail and _is_in(db, delivery)):
        refused = "The person has no mail address any more, or is not in the project."
    elif delivery.attempts > 1 and at - delivery.created_at >= GIVEN_UP + 2 * LONGEST:
        # `record` gives up before; where each attempt ends without a word, it is never asked.
        refused = delivery.error or "Each attempt for a day ended without an answer."
    if refused:
        delivery.due_at, delivery.error = None, refused
        return None
    url, salt = (its_hook.url, its_hook.salt) if its_hook is not None else ("", "")
    place = (delivery.id, delivery.uid, delivery.attempts, delivery.webhook_id, delivery.user_id, delivery.body)
    return Claimed(*place, url, salt, mail or "")


def _is_in(db: Session, row: tables.Delivery) -> bool:
    """Whether the person may still read in the project: a mail may have waited for a day."""
    members = may_decide(row.project_id, Role.viewer)
    return db.scalar(members.where(tables.User.id == row.user_id)) is not None


def record(claimed: Claimed, outcome: Outcome, *, at: datetime | None = None) -> None:
    """Write down what came of it; nothing where it was taken by another meanwhile, or deleted.

    Of what was given up meanwhile, that it arrived all the same.
    """
    at = at or now()
    with session() as db:
        hook = None
        if claimed.webhook_id is not None:
            # First, as whoever pauses or deletes it does: they go on to its deliveries.
            hook = db.get(tables.Webhook, claimed.webhook_id, with_for_update=True)
        row = db.get(tables.Delivery, claimed.id, with_for_update=True)
        if row is None or row.attempts != claimed.attempts or (row.due_at is None and outcome.error):
            return
        row.status, row.error = outcome.status, outcome.error or None
        if not outcome.error:
            row.sent_at, row.due_at = at, None
            if hook is not None:
                hook.failing_since = None
            return
        is_over = outcome.is_final or at - row.created_at >= GIVEN_UP
        row.due_at = None if is_over else at + pause(row.attempts)
        if hook is None:
            return
        hook.failing_since = hook.failing_since or at
        if at - hook.failing_since >= GIVEN_UP and hook.paused_at is None:
            hook.paused_at, hook.pause_reason = at, PAUSED.format(error=outcome.error)
        if hook.paused_at is not None:
            withdraw(db, hook.id)
        else:
            _put_off(db, hook.id, at + min(FIRST + 2 * (at - hook.failing_since), LONGEST))
            _count_anew(db, [hook.id])


def _put_off(db: Session, webhook_id: int, until: datetime) -> None:
    """Send nothing to this webhook until then: the pauses between its attempts grow, however many rows wait."""
    row = tables.Delivery
    db.flush()
    db.execute(update(row).where(row.webhook_id == webhook_id, row.due_at < until).values(due_at=until))


def _count_anew(db: Session, webhook_ids: Collection[int]) -> None:
    """Forget since when nothing arrives at those of these webhooks for which nothing waits any more."""
    hook, row = tables.Webhook, tables.Delivery
    waits = select(row.id).where(row.webhook_id == hook.id, row.due_at.is_not(None)).exists()
    idle = update(hook).where(hook.id.in_(webhook_ids), hook.failing_since.is_not(None), hook.paused_at.is_(None))
    db.flush()
    db.execute(idle.where(~waits).values(failing_since=None).execution_options(synchronize_session=False))


def withdraw(db: Session, webhook_id: int) -> None:
    """Try nothing more of what waits for this webhook."""
    row = tables.Delivery
    db.flush()
    waiting = update(row).where(row.webhook_id == webhook_id, row.due_at.is_not(None))
    db.execute(waiting.values(due_at=None))


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 10 s, 30 s, 90 s, ... an hour."""
    return min(FIRST * 3 ** min(attempts - 1, 10), LONGEST)


def forget(*, at: datetime | None = None) -> int:
    """Delete deliveries that are over and older than thirty days, and notices after a year, read ones after 90 days.

    Deliveries that waited for three days are over, such as mail where no worker has a server for it. Returns how many
    rows that were; of each, what is more than `AT_ONCE` is left to the next time.
    """
    at = at or now()
    row, notice = tables.Delivery, tables.Notice
    return (
        _end(at - STALE)
        + _forget(row, row.due_at.is_(None), row.created_at < at - KEPT)
        + _forget(notice, notice.read_at.is_not(None), notice.created_at < at - READ_KEPT)
        + _forget(notice, notice.created_at < at - NOTICES_KEPT)
    )


def _end(before: datetime) -> int:
    """Try nothing more of what is older, whether or not anybody ever tried it."""
    row = tables.Delivery
    conditions = row.due_at.is_not(None), row.created_at < before
    values = {"due_at": None, "error": func.coalesce(row.error, "It waited for days, and no worker could send it.")}
    with session() as db:
        old = select(row.id).where(*conditions).order_by(row.created_at).limit(AT_ONCE)
        mine = update(row).where(row.id.in_(old), *conditions).values(values)
        ended = db.execute(mine.returning(row.id, row.webhook_id)).all()
    if hooks := {webhook_id.webhook_id for webhook_id in ended if webhook_id.webhook_id}:
        with session() as db:  # as in `claim`
            _count_anew(db, hooks)
    return len(ended)


def _forget(table: Any, *conditions: ColumnElement[bool]) -> int:
    with session() as db:
        old = select(table.id).where(*conditions).order_by(table.created_at).limit(AT_ONCE)
        return len(db.scalars(delete(table).where(table.id.in_(old), *conditions).returning(table.id)).all())
