"""Notices: what a person was told, what of it they have read, and where they want to be told of what."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from backend import boundary
from backend.config import settings
from backend.db import now, reading, session, tables
from backend.db.many import in_chunks
from backend.errors import InvalidInput, NotFound
from backend.jobs.telling import wanted
from backend.services.access import Actor, account
from backend.values import Channel, NoticeKind

PAGE = 50
MOST_MAIL = 254
_WORD, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
MAIL = re.compile(rf"{_WORD}(?:\.{_WORD})*@{_LABEL}(?:\.{_LABEL})*")
MOST_CALLED = 5
MOST_UNREAD = 1_000
"""More are not counted."""


@dataclass(frozen=True)
class NoticeView:
    """One notice. `path`: a page of the project whose slug is beside it."""

    id: int
    kind: NoticeKind
    project: str
    slug: str
    path: str
    text: str
    at: datetime
    is_read: bool


@dataclass(frozen=True)
class UnreadCount:
    """How many notices are unread, the newest one's number, and those that the browser is to show, oldest first."""

    number: int
    newest: int
    to_show: tuple[NoticeView, ...]


@dataclass(frozen=True)
class NoticePage:
    """Newest first, and the cursor of the next page; None at the end."""

    entries: tuple[NoticeView, ...]
    next: int | None


def listing(actor: Actor, *, unread: bool = False, before: int | None = None, limit: int = PAGE) -> NoticePage:
    """One page of what the actor was told in the projects that they are in now."""
    row = tables.Notice
    with reading() as db:
        query = _mine(actor).where(row.in_page).order_by(row.id.desc()).limit(limit + 1)
        query = query if before is None else query.where(row.id < before)
        rows = db.execute(query.where(row.read_at.is_(None)) if unread else query).all()
    entries = tuple(_view(*row) for row in rows[:limit])
    return NoticePage(entries, entries[-1].id if len(rows) > limit else None)


def count_unread(actor: Actor) -> int:
    """How many notices the actor has not read; no more than `MOST_UNREAD` are counted."""
    with reading() as db:
        return _count_unread(db, actor)


def unread(actor: Actor, *, after: int | None = None) -> UnreadCount:
    """What is unread, and what came since the notice of that number for the browser to show; None: nothing to show."""
    row = tables.Notice
    with reading() as db:
        newest = db.scalar(select(func.max(row.id)).where(row.user_id == actor.user_id)) or 0
        rows: Sequence[Any] = ()
        if after is not None and newest > after:
            since = _mine(actor).where(row.read_at.is_(None), row.in_browser, row.id > after)
            rows = db.execute(since.order_by(row.id.desc()).limit(MOST_CALLED)).all()[::-1]
        return UnreadCount(_count_unread(db, actor), newest, tuple(_view(*row) for row in rows))


def mark_read(actor: Actor, notice_id: int) -> None:
    """Mark one of the actor's own notices read. May be repeated."""
    row = tables.Notice
    with session() as db:
        notice = db.get(row, notice_id)
        if notice is None or notice.user_id != actor.user_id:
            raise NotFound(f"There is no notice {notice_id} of yours. Choose one from the list.")
        notice.read_at = notice.read_at or now()


def mark_all_read(actor: Actor, *, up_to: int | None = None) -> int:
    """Mark the actor's notices read, up to the one of that number or all; return how many were not."""
    row = tables.Notice
    theirs = update(row).where(row.user_id == actor.user_id, row.read_at.is_(None))
    with session() as db:
        # What was not shown, of a project in the trash or one that the actor has left, stays unread.
        shown = _mine(actor).where(row.read_at.is_(None)).with_only_columns(row.id)
        ids = db.scalars(shown if up_to is None else shown.where(row.id <= up_to)).all()
        return sum(
            len(db.scalars(theirs.where(row.id.in_(some)).values(read_at=now()).returning(row.id)).all())
            for some in in_chunks(ids)
        )


def choices(actor: Actor) -> dict[NoticeKind, tuple[Channel, ...]]:
    """By which channels the actor is told of each kind."""
    with reading() as db:
        channels = account(db, actor).told
        return {kind: wanted(channels, kind) for kind in NoticeKind}


def choose(actor: Actor, changes: Mapping[NoticeKind, Sequence[Channel]]) -> dict[NoticeKind, tuple[Channel, ...]]:
    """Change by which channels the actor is told of some kinds; of what is not named all stays."""
    for kind, channels in changes.items():
        odd = [channel for channel in channels if channel not in [*Channel]]
        if kind not in [*NoticeKind] or odd:
            known = ", ".join(Channel)
            raise InvalidInput(f"Notices {kind}: {odd or kind} is not known. Kinds have names, channels are {known}.")
    with session() as db:
        user = account(db, actor, lock=True)
        user.told = user.told | {
            str(kind): [str(channel) for channel in Channel if channel in channels]
            for kind, channels in changes.items()
        }
        return {kind: wanted(user.told, kind) for kind in NoticeKind}


def mail_address(actor: Actor) -> str:
    """Where the actor's mail goes; empty where they named no address."""
    with reading() as db:
        return account(db, actor).mail or ""


def sends_mail() -> bool:
    """Whether this installation sends mail at all."""
    return bool(settings().smtp_host)


def set_mail_address(actor: Actor, address: str) -> str:
    """Send the actor's mail there, or, where it is empty, nowhere."""
    address = boundary.text(address, "The mail address", MOST_MAIL).strip()
    if address and not MAIL.fullmatch(address):
        raise InvalidInput(f"{address!r} is no mail address. Type one such as ann@example.org, or leave it empty.")
    with session() as db:
        account(db, actor, lock=True).mail = address or None
    return address


def _mine(actor: Actor) -> Any:
    """The actor's notices of projects that they are in now, with the project's name and slug."""
    row, project, member = tables.Notice, tables.Project, tables.Membership
    query: Any = select(row, project.name, project.slug).join(project, project.id == row.project_id)
    query = query.where(row.user_id == actor.user_id, project.trashed_at.is_(None))
    is_member = select(member.project_id).where(member.user_id == actor.user_id, member.project_id == project.id)
    return query.where(or_(_is_owner(actor), is_member.exists()))


def _is_owner(actor: Actor) -> Any:
    user = tables.User
    return select(user.id).where(user.id == actor.user_id, user.is_owner, user.is_active).exists()


def _count_unread(db: Session, actor: Actor) -> int:
    row = tables.Notice
    some = _mine(actor).where(row.read_at.is_(None), row.in_page).with_only_columns(row.id).limit(MOST_UNREAD)
    return db.scalar(select(func.count()).select_from(some.subquery())) or 0


def _view(row: tables.Notice, project: str, slug: str) -> NoticeView:
    return NoticeView(row.id, row.kind, project, slug, row.path, row.text, row.created_at, row.read_at is not None)
