"""Tags: short words that people put to samples."""

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class SampleTag(Identified, Base):
    """A tag that one person put to a sample; another's same tag is another row, which one may not see the other has."""

    __tablename__ = "sample_tags"
    __table_args__ = (
        UniqueConstraint("sample_id", "tag", "user_id"),
        Index("ix_sample_tags_round_id_tag_sample_id", "round_id", "tag", "sample_id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    tag: Mapped[str] = mapped_column(String(40))
