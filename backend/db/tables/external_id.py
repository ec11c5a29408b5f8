"""By what ids other tools know samples."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class ExternalId(Base):
    """A sample that came with an id of its own, which no other sample of its project has.

    `digest`: 64 bits of a hash of all that came with it, so that what comes again can be told from something else.
    `digest_version`: how it was computed; two digests of other versions say nothing.
    """

    __tablename__ = "external_ids"
    __table_args__ = (UniqueConstraint("project_id", "external_id"),)

    sample_id: Mapped[int] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(200))
    digest: Mapped[int]
    digest_version: Mapped[int]
