"""What people decided. Appended, never updated: undo is a decision that retracts."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import DecisionKind, Mode


class Decision(Identified, Base):
    """`client_id` comes from who sends it, so that a repeated send is one row. `batch_id` joins a bulk action.

    A bulk action's rows share a batch and a reason. `retracts_id` is set on kind retract only. A decision on a group
    (kind prefer or rank) names the group's first sample, and in `value` the samples it speaks of.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("ix_decisions_round_id_user_id_id", "round_id", "user_id", "id"),
        Index("ix_decisions_sample_id_id", "sample_id", "id"),
    )

    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), index=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[DecisionKind]
    score: Mapped[float | None]
    value: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(default="")
    batch_id: Mapped[str | None] = mapped_column(String(64), index=True)
    retracts_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"), unique=True)
    is_override: Mapped[bool] = mapped_column(default=False)
    is_blind: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[str] = mapped_column(String(16), default=Mode.sample.value, server_default=Mode.sample.value)
    """How the item was shown: sample, group, pair or judgment."""
    is_random: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The queue drew the item at random: the share that keeps judge statistics unbiased."""
    is_gold: Mapped[bool] = mapped_column(default=False, server_default=false())
    """A decision on an item of known label: it measures the person and changes no label."""
    is_adjudication: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It settles what reviewers disagree on, and stands above theirs."""
    is_late: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The item's reviewers were complete when it came: kept in the history, no part of the label."""
    seconds: Mapped[float | None]
    via: Mapped[str] = mapped_column(String(16), default="page")
