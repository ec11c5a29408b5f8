"""Which samples of a round are nearly the same, and, by their vectors, in which cluster each is."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class NearDuplicate(Base):
    """A sample of a near-duplicate set of two or more. `first_id`: the set's first sample, by which it is known."""

    __tablename__ = "near_duplicates"

    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), index=True)
    first_id: Mapped[int]


class ClusteredSample(Base):
    """A sample with a vector, and the number of its cluster in its round, counted from 0, as a job made them.

    Those of the last job that is done count; what another one has written is deleted by the next.
    """

    __tablename__ = "clustered_samples"
    __table_args__ = (Index("ix_clustered_samples_round_id_job_id_cluster", "round_id", "job_id", "cluster"),)

    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True)
    job_id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    cluster: Mapped[int]
