"""What people say to each other at a sample."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class Comment(Identified, Base):
    """One text of one person at a sample; it decides nothing, and its author may change or delete it."""

    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_sample_id_id", "sample_id", "id"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), index=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    text: Mapped[str]
    edited_at: Mapped[datetime | None]
