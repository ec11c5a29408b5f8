"""Which samples of a round are nearly the same."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class NearDuplicate(Base):
    """A sample of a cluster of two or more. `first_id`: the first sample of the cluster, by which it is known."""

    __tablename__ = "near_duplicates"

    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), index=True)
    first_id: Mapped[int]
