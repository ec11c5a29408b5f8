"""Views: what a list of samples is asked for, under a name."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class SampleView(Identified, Base):
    """Filters, an order and columns of the list of samples, whatever the round; a person's own, or shared with the
    project.

    `asked`: `filters`, `sort`, `descending`, and `columns` of metadata, null for the usual ones.
    """

    __tablename__ = "sample_views"
    __table_args__ = (UniqueConstraint("project_id", "created_by", "name"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(120))
    is_shared: Mapped[bool] = mapped_column(default=False, server_default=false())
    asked: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Counts its changes, so that whoever changes an older one is told."""
