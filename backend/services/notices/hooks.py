"""Webhooks of a project: owners of the installation say where its notices are posted, and see what came of it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.boundary import MOST_LINE, text
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.jobs import deliveries, webhooks
from backend.services import events
from backend.services.access import Actor, require, require_owner
from backend.values import NoticeKind, Role

MOST_HOOKS = 20
SHOWN = 20
SHOWN_END, LONG_REST = 4, 16


@dataclass(frozen=True)
class WebhookView:
    """A webhook; `pause_reason`: why it is paused. Its secret is told once, when it is made.

    `url`: masked after the server's name, since the rest of an address may be as good as a password.
    """

    id: int
    project_id: int
    url: str
    kinds: tuple[str, ...]
    is_paused: bool
    pause_reason: str
    failing_since: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class DeliveryView:
    """What was or is to be sent to a webhook, and what came of the last attempt. `next_at`: None: nothing more."""

    id: int
    uid: str
    kind: str
    text: str
    at: datetime
    attempts: int
    sent_at: datetime | None
    next_at: datetime | None
    status: int | None
    error: str


def listing(actor: Actor, project_id: int) -> list[WebhookView]:
    """The project's webhooks, in order of their making."""
    row = tables.Webhook
    with reading() as db:
        _require(db, actor, project_id)
        return [_view(hook) for hook in db.scalars(select(row).where(row.project_id == project_id).order_by(row.id))]


def add(actor: Actor, project_id: int, url: str, kinds: Sequence[NoticeKind]) -> tuple[WebhookView, str]:
    """Post notices of these kinds to that address from now on; return the webhook and its secret."""
    url, chosen = _checked(url), _chosen(kinds)
    with session() as db:
        _require(db, actor, project_id)
        row = tables.Webhook
        if (db.scalar(select(func.count()).where(row.project_id == project_id)) or 0) >= MOST_HOOKS:
            raise Conflict(f"A project has {MOST_HOOKS} webhooks at most. Delete one first.")
        salt = secrets.token_hex(16)
        hook = row(project_id=project_id, url=url, kinds=chosen, salt=salt, created_by=actor.user_id)
        db.add(hook)
        db.flush()
        _note(db, actor, "add webhook", hook)
        return _view(hook), webhooks.secret_of(hook.id, salt)


def change(
    actor: Actor, webhook_id: int, *, url: str | None = None, kinds: Sequence[NoticeKind] | None = None
) -> WebhookView:
    """Change its address or the kinds of notices that it gets; None leaves a field as it is."""
    checked = None if url is None else _checked(url)
    chosen = None if kinds is None else _chosen(kinds)
    with session() as db:
        hook = _find(db, actor, webhook_id, lock=True)
        if checked is not None and checked != hook.url:
            hook.url, hook.failing_since = checked, None
        hook.kinds = hook.kinds if chosen is None else chosen
        _note(db, actor, "change webhook", hook)
        return _view(hook)


def pause(actor: Actor, webhook_id: int) -> WebhookView:
    """Send it nothing until it is resumed; what waits is not sent any more."""
    with session() as db:
        hook = _find(db, actor, webhook_id, lock=True)
        if hook.paused_at is None:
            hook.paused_at, hook.pause_reason = now(), f"Paused by {actor.name}."
            deliveries.withdraw(db, hook.id)
            _note(db, actor, "pause webhook", hook)
        return _view(hook)


def resume(actor: Actor, webhook_id: int) -> WebhookView:
    """Send it notices again, from now on."""
    with session() as db:
        hook = _find(db, actor, webhook_id, lock=True)
        if hook.paused_at is not None:
            hook.paused_at = hook.pause_reason = hook.failing_since = None
            _note(db, actor, "resume webhook", hook)
        return _view(hook)


def delete(actor: Actor, webhook_id: int) -> None:
    """Delete it, with what waits for it."""
    with session() as db:
        hook = _find(db, actor, webhook_id, lock=True)
        _note(db, actor, "delete webhook", hook)
        db.delete(hook)


def test(actor: Actor, webhook_id: int) -> None:
    """Let a worker send it a test, as it sends notices."""
    with session() as db:
        hook = _find(db, actor, webhook_id, lock=True)
        if hook.paused_at is not None:
            raise Conflict(f"This webhook is paused, so nothing is sent. {hook.pause_reason} Resume it first.")
        project = db.get_one(tables.Project, hook.project_id)
        event = f"{deliveries.TEST}:{secrets.token_hex(16)}"
        message = f"{actor.name} sends a test."
        deliveries.put(db, project, deliveries.TEST, event=event, path="notices", text=message, hooks=[hook])


def sent(actor: Actor, webhook_id: int) -> list[DeliveryView]:
    """The last things that were or are to be sent to it, newest first."""
    row = tables.Delivery
    with reading() as db:
        hook = _find(db, actor, webhook_id)
        told = row.webhook_id == webhook_id, row.project_id == hook.project_id  # not of rounds in the trash
        query = select(row).where(*told).order_by(row.id.desc()).limit(SHOWN)
        return [_delivery(delivery) for delivery in db.scalars(query)]


def _require(db: Session, actor: Actor, project_id: int) -> None:
    """A stranger learns nothing of the project, and whoever is no owner may not make this machine ask others."""
    require(db, actor, project_id, Role.viewer)
    require_owner(db, actor)


def _find(db: Session, actor: Actor, webhook_id: int, *, lock: bool = False) -> tables.Webhook:
    hook = db.get(tables.Webhook, webhook_id, with_for_update=lock)
    missing = f"There is no webhook {webhook_id}. Choose one from the list."
    if hook is None:
        raise NotFound(missing)
    try:
        _require(db, actor, hook.project_id)
    except NotFound:
        raise NotFound(missing) from None
    return hook


def masked(url: str) -> str:
    """The address up to its server, and where the rest is long the end of that."""
    parts = urlsplit(url)
    start = f"{parts.scheme}://{parts.netloc}"
    rest = url[len(start) :].lstrip("/")
    return f"{start}/…{rest[-SHOWN_END:] if len(rest) > LONG_REST else ''}" if rest else url


def _checked(url: str) -> str:
    url = text(url, "The address of the webhook", MOST_LINE).strip()
    webhooks.check(url)
    return url


def _chosen(kinds: Sequence[NoticeKind]) -> list[str]:
    odd = [str(kind) for kind in kinds if kind not in [*NoticeKind]]
    if odd or not kinds:
        known = ", ".join(NoticeKind)
        raise InvalidInput(f"{f'{odd[0]!r} is told of nowhere' if odd else 'No kind is chosen'}. Choose from: {known}.")
    return [str(kind) for kind in NoticeKind if kind in kinds]


def _note(db: Session, actor: Actor, verb: str, hook: tables.Webhook) -> None:
    # The host alone: the rest of an address may be as good as a password.
    events.note(db, actor, verb, urlsplit(hook.url).hostname or "", project_id=hook.project_id, kinds=hook.kinds)


def _view(hook: tables.Webhook) -> WebhookView:
    return WebhookView(
        hook.id,
        hook.project_id,
        masked(hook.url),
        tuple(hook.kinds),
        hook.paused_at is not None,
        hook.pause_reason or "",
        hook.failing_since,
        hook.created_at,
    )


def _delivery(row: tables.Delivery) -> DeliveryView:
    return DeliveryView(
        row.id,
        row.uid,
        str(row.body["kind"]),
        str(row.body["text"]),
        row.created_at,
        row.attempts,
        row.sent_at,
        row.due_at,
        row.status,
        row.error or "",
    )
