"""What people are told."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import NoticeKind


class Notice(Identified, Base):
    """One thing that one person is told, written in the transaction of what it tells of.

    `key` names the event: the same is told to nobody twice. `path`: a page of the project, such as `round?round=3`.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_notices_user_id_id", "user_id", "id"),
        Index(
            "ix_notices_unread",
            "user_id",
            "id",
            sqlite_where=text("read_at IS NULL AND in_page = 1"),
            postgresql_where=text("read_at IS NULL AND in_page"),
        ),
        Index("ix_notices_created_at", "created_at"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    kind: Mapped[NoticeKind]
    key: Mapped[str] = mapped_column(String(120))
    path: Mapped[str]
    text: Mapped[str]
    in_page: Mapped[bool]
    in_browser: Mapped[bool]
    """Whether the person wants this one in the list of notices, and as a notification of their browser."""
    read_at: Mapped[datetime | None]
