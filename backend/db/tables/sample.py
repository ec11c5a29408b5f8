"""Completions."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import SampleKind, Split

JUDGED = (SampleKind.completion, SampleKind.imported)
"""Kinds of samples that are judged and reviewed: what a checkpoint made and what a file brought."""


class Sample(Identified, Base):
    """One completion. `split` held_out: made for measuring, by `checkpoint_id`, and never trained on.

    `kind` import: a file brought it with its prompt; it has no checkpoint, and `extra` holds what the file says of it.

    `author_id`: the person who wrote or edited it (`kind` edit, `edited_from_id` the original).
    `score_like`: the text contains something like a score, which a careless judge might read as its own.
    """

    __tablename__ = "samples"
    __table_args__ = (
        UniqueConstraint("group_id", "step", "checkpoint_id", "kind", "position"),
        Index(
            "uq_samples_without_checkpoint",
            "group_id",
            "step",
            "kind",
            "position",
            unique=True,
            sqlite_where=text("checkpoint_id IS NULL"),
            postgresql_where=text("checkpoint_id IS NULL"),
        ),
        Index("ix_samples_round_id_id", "round_id", "id"),
        Index("ix_samples_prompt_id_round_id", "prompt_id", "round_id"),
        Index("ix_samples_checkpoint_id_round_id", "checkpoint_id", "round_id"),
        # Whoever deletes a text looks for what was made of it.
        Index(
            "ix_samples_edited_from_id",
            "edited_from_id",
            sqlite_where=text("edited_from_id IS NOT NULL"),
            postgresql_where=text("edited_from_id IS NOT NULL"),
        ),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"))
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    edited_from_id: Mapped[int | None] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    split: Mapped[Split] = mapped_column(default=Split.train)
    kind: Mapped[str] = mapped_column(String(16), default=SampleKind.completion.value)
    position: Mapped[int]
    text: Mapped[str]
    finish_reason: Mapped[str] = mapped_column(String(16))
    num_tokens: Mapped[int]
    logprob: Mapped[float | None]
    seed: Mapped[int]
    score_like: Mapped[bool] = mapped_column(default=False)
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    reasoning: Mapped[str | None]
    """What the endpoint gave apart from the text; looked at, neither judged nor trained on."""
    step: Mapped[int] = mapped_column(default=1, server_default="1")
    """The generator that made it; 1 is that of a recipe of slots, and of everything made for measuring."""
    role: Mapped[str] = mapped_column(String(40), default="policy", server_default="policy")
    """The role that wrote it."""
    turns: Mapped[list[Any] | None]
    """Of an episode every message after the question; `text` is that of the last."""
