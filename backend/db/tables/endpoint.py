"""What rounds asked of endpoints, and what that cost."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import Stage


class EndpointUse(Identified, Base):
    """What one step of a round took from an endpoint so far: a sum that grows with each batch, in its transaction.

    Tokens are those that the server counted. A request whose batch was never written, since the worker died, is not in
    it.
    """

    __tablename__ = "endpoint_uses"
    __table_args__ = (UniqueConstraint("round_id", "stage", "step", "checkpoint_id"),)

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    stage: Mapped[Stage]
    step: Mapped[int]
    checkpoint_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id", ondelete="CASCADE"), index=True)
    requests: Mapped[int]
    uncounted: Mapped[int]
    """Requests whose reply did not say what they took."""
    tokens_in: Mapped[int]
    tokens_out: Mapped[int]
    cost: Mapped[float]
    """At the prices of the time, of the tokens that had one."""
    unpriced: Mapped[int]
    """Tokens read or written that had no price then."""
