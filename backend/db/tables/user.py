"""People, how they sign in, and what programs use instead."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class User(Identified, Base):
    """A person. `is_owner` may do everything in every project of this installation."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(80), unique=True)
    password_hash: Mapped[str | None]
    is_owner: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    oidc_subject: Mapped[str | None] = mapped_column(unique=True)
    """Issuer and subject of the OpenID Connect account that signs in as this person."""
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """What the person changed for themselves: key bindings, how texts are shown."""
    told: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Where the person wants to be told of what: channels by the kind of notice, where they changed them."""
    mail: Mapped[str | None] = mapped_column(String(254))
    """Where their mail goes, as they typed it."""
    language: Mapped[str | None] = mapped_column(String(16))
    """In which they read pages; None where the browser says it."""


class LoginLink(Identified, Base):
    """A link that signs its holder in once. Only the hash of its secret is stored."""

    __tablename__ = "login_links"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginSession(Identified, Base):
    """A browser that is signed in; the cookie holds the secret, signed. `project_id` is what it looks at."""

    __tablename__ = "login_sessions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"), index=True)


class Token(Identified, Base):
    """What a program sends as `Authorization: Bearer`. Only its hash is stored."""

    __tablename__ = "tokens"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
