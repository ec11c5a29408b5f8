"""What was left out of a round while the rest of it went on."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import FailureKind, Stage


class LeftOut(Identified, Base):
    """One prompt, reply or training row that could not be used. Written in the transaction of its batch.

    A stage asks for what is missing and not left out; `asked_at` says that somebody wants it tried again, and
    `resolved_at` that it was then made. `item` names the place, so that nothing is written twice.
    """

    __tablename__ = "failures"
    __table_args__ = (
        UniqueConstraint("round_id", "stage", "item"),
        Index("ix_failures_round_id_id", "round_id", "id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    stage: Mapped[Stage]
    step: Mapped[int | None]
    """The step of the recipe; NULL: the first of its stage."""
    item: Mapped[str] = mapped_column(String(80))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), index=True)
    prompt_id: Mapped[int | None] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"), index=True)
    sample_id: Mapped[int | None] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), index=True)
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id", ondelete="SET NULL"), index=True)
    position: Mapped[int | None]
    """Of the sample or judgment among those of its prompt or sample; None: all of them."""
    kind: Mapped[FailureKind]
    reason: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=1)
    asked_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
