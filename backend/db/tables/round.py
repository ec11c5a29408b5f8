"""One pass of a recipe from a checkpoint to a checkpoint; rounds form a tree."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import RoundStatus, SetUse, Split, Stage


class Round(Identified, Base):
    """The recipe is stored whole. `stage` is where it is; `progress` holds what pages show without counting."""

    __tablename__ = "rounds"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id", ondelete="SET NULL"), index=True)
    status: Mapped[RoundStatus] = mapped_column(default=RoundStatus.running)
    stage: Mapped[Stage] = mapped_column(default=Stage.generate)
    recipe: Mapped[dict[str, Any]]
    policy_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"))
    reference_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"))
    judge_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"))
    """None: the judge is the policy."""
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id", ondelete="SET NULL"), unique=True)
    """What the round made, once trained."""
    num_prompts: Mapped[int]
    seed: Mapped[int]
    is_reviewed: Mapped[bool] = mapped_column(default=False)
    is_blind: Mapped[bool] = mapped_column(default=True)
    review: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """How people review it: the fields of services.review_settings.ReviewSettings; what is missing has its default."""
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Written at the end of each stage: samples, judgments, unparsed, kept, overridden, funnel."""
    error: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class RoundPromptSet(Base):
    __tablename__ = "round_prompt_sets"

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True)
    prompt_set_id: Mapped[int] = mapped_column(ForeignKey("prompt_sets.id"), primary_key=True, index=True)
    use: Mapped[SetUse] = mapped_column(primary_key=True)


class Group(Identified, Base):
    """A prompt's place in a round. Held-out groups hold what was answered for measuring."""

    __tablename__ = "groups"
    __table_args__ = (
        UniqueConstraint("round_id", "split", "prompt_id"),
        Index("ix_groups_round_id_split_position", "round_id", "split", "position"),
    )

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id"), index=True)
    split: Mapped[Split]
    position: Mapped[int]
