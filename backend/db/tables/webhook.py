"""Where programs outside are told, and what is on its way to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class Webhook(Identified, Base):
    """An address that a project's notices of some kinds are posted to.

    Its secret is derived from the installation's key and `salt`, so that no row holds it. `failing_since`: nothing has
    arrived since then. `paused_at`: nothing is sent until an owner resumes it, and `pause_reason` is why.
    """

    __tablename__ = "webhooks"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    url: Mapped[str]
    kinds: Mapped[list[Any]]
    salt: Mapped[str] = mapped_column(String(64))
    failing_since: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class Delivery(Identified, Base):
    """One thing to send to a webhook, or by mail to a person; written in the transaction of what it tells of.

    `due_at`: when it is tried next, NULL once it was sent or given up. Whoever tries it moves that on first, so that it
    is tried again where they die.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event"),
        UniqueConstraint("user_id", "event"),
        Index(
            "ix_deliveries_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_over",
            "created_at",
            sqlite_where=text("due_at IS NULL"),
            postgresql_where=text("due_at IS NULL"),
        ),
        Index("ix_deliveries_webhook_id_id", "webhook_id", "id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    webhook_id: Mapped[int | None] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(120))
    """What it tells of, as the key of a notice."""
    uid: Mapped[str] = mapped_column(String(32), unique=True)
    """What the receiver knows it by, the same at each attempt."""
    body: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    due_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    status: Mapped[int | None]
    """Of the last answer."""
    error: Mapped[str | None]
