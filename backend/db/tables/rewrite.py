"""Templates of judges, rewritten by a model from what people overrode."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class TemplateRewrite(Identified, Base):
    """`round_id`, `step`: the judge whose template it is. `asked`: what was bound and how much may be asked."""

    __tablename__ = "template_rewrites"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), index=True)
    step: Mapped[int]
    asked: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """Empty until the job has ended; see `pipeline.rewrite`."""
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
