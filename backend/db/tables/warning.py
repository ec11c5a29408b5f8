"""What may be going wrong in a round."""

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import WarningLevel


class RoundWarning(Identified, Base):
    """What one rule found of one round, and the limits that it was held against. Computed again, it is the same.

    `value` NULL and level unknown: `reason` says why. `reason` of others: why a red one counts as amber. `sample_ids`
    and `prompt_ids`: rows that it speaks of. `details`: what later rounds compare with.
    """

    __tablename__ = "warnings"
    __table_args__ = (UniqueConstraint("round_id", "name"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    """The rule's."""
    level: Mapped[WarningLevel]
    value: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    limit: Mapped[float]
    amber: Mapped[float | None]
    n: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(default="")
    stops: Mapped[bool] = mapped_column(default=False)
    """Rounds that follow by themselves stop while it is red."""
    sample_ids: Mapped[list[Any]] = mapped_column(default=list)
    prompt_ids: Mapped[list[Any]] = mapped_column(default=list)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
