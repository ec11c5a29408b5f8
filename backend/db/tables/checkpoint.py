"""Weights and where they came from."""

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class Checkpoint(Identified, Base):
    """`kind` base, full, adapter, scorer or wrapper (a way to use its parent's weights); `role` policy, judge or
    reward; `location` a folder, hub name or endpoint.

    `engine` is the engine part that serves it, as JSON. The round that made it is the one whose `checkpoint_id` it is.
    """

    __tablename__ = "checkpoints"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(16), default="policy")
    location: Mapped[str]
    engine: Mapped[dict[str, Any]]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id", ondelete="SET NULL"), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
