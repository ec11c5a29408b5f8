"""Previews of rounds: a few prompts through the whole recipe before the full round."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class Preview(Identified, Base):
    """What was previewed, and what came of it.

    Its rows stand in a round of a hidden project (`Project.preview_id`), so that no list, number or export of the
    project reads them. They are deleted once `result` holds what is shown.
    """

    __tablename__ = "previews"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    plan: Mapped[dict[str, Any]]
    """The fields of services.plans.Plan as they stood in the form."""
    result: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
