"""Frozen training data."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import DatasetType


class Dataset(Identified, Base):
    """What one training read. Never updated: `content_hash` covers every row's text in order.

    `funnel`: [{"stage", "count", "dropped": {reason: count}}]. `provenance`: seeds, library versions,
    template hashes, recipe name. Each selector of a round writes one: all rows since the last training and its own.
    """

    __tablename__ = "datasets"
    __table_args__ = (UniqueConstraint("round_id", "step"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    type: Mapped[DatasetType]
    content_hash: Mapped[str] = mapped_column(String(64))
    num_examples: Mapped[int]
    funnel: Mapped[list[Any]]
    provenance: Mapped[dict[str, Any]]
    step: Mapped[int] = mapped_column(default=3, server_default="3")
    """The selector that wrote it; 3 is that of a recipe of slots."""
    stale_at: Mapped[datetime | None]
    """Since when the labels that it was selected by may have changed: the round's review was opened again."""


class Example(Base):
    """`sample_id` NULL: the prompt's own answer (a seed row). `origin`: selected, earlier, mix or decision.

    `messages`, `completion`, `rejected`: texts that stand for those of prompt and samples. `extra`: further columns.
    """

    __tablename__ = "examples"
    __table_args__ = (UniqueConstraint("dataset_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    position: Mapped[int]
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"), index=True)
    sample_id: Mapped[int | None] = mapped_column(ForeignKey("samples.id"), index=True)
    rejected_id: Mapped[int | None] = mapped_column(ForeignKey("samples.id"), index=True)
    label: Mapped[bool | None]
    weight: Mapped[float] = mapped_column(default=1.0)
    origin: Mapped[str] = mapped_column(String(16), default="selected")
    messages: Mapped[list[Any] | None]
    completion: Mapped[str | None]
    rejected: Mapped[str | None]
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
