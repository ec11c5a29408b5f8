"""Recipes that a project keeps as its own."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class SavedRecipe(Identified, Base):
    """A recipe's JSON under a name. A round keeps its own: this may be changed and deleted at any time.

    `name` stands in the JSON and tells it from the recipes that come with Rondo; `title` is what was typed.
    """

    __tablename__ = "saved_recipes"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(400))
    title: Mapped[str] = mapped_column(String(120))
    recipe: Mapped[dict[str, Any]]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Counts its changes, so that whoever changes an older one is told."""
