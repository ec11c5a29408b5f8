"""Projects and who may do what in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ForeignKey, String, event, false, select
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from backend.db.base import Base, Identified
from backend.db.slugs import free_slug
from backend.values import Role


class Project(Identified, Base):
    """One loop. `defaults` prefills the first round: recipe, prompt sets, numbers (see services.rounds)."""

    __tablename__ = "projects"

    name: Mapped[str] = mapped_column(String(120), unique=True)
    slug: Mapped[str] = mapped_column(String(400), unique=True)
    """Its name in addresses. Made of the name when the row is written, and again when the project is renamed."""
    description: Mapped[str] = mapped_column(default="")
    guidelines: Mapped[str] = mapped_column(default="")
    defaults: Mapped[dict[str, Any]] = mapped_column(default=dict)
    judge_health: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """When the judge's light turns amber or red: the fields of pipeline.health.limits.Limits; what is missing has its
    default."""
    baseline_id: Mapped[int | None] = mapped_column(
        ForeignKey("checkpoints.id", ondelete="SET NULL", use_alter=True, name="fk_projects_baseline_id_checkpoints"),
        index=True,
    )
    """The checkpoint that later rounds are compared with."""
    preview_id: Mapped[int | None] = mapped_column(
        ForeignKey("previews.id", ondelete="CASCADE", use_alter=True, name="fk_projects_preview_id_previews"),
        index=True,
    )
    """Of a hidden project, which nobody sees: the preview whose rows it holds."""
    warning_rules: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """What the project sets of rules that warn, by the rule's name; what is missing has the rule's own value."""
    content_checks: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """What is looked for in rows before they leave, and what becomes of them: the fields of
    services.datasets.scan_settings.ContentChecks; what is missing has its default."""
    trashed_at: Mapped[datetime | None]
    """Since when it is in the trash, where nobody sees it."""
    trashed_by: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL", name="fk_projects_trashed_by_users")
    )
    is_deleting: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Its deletion has begun, so that it is no longer whole: it can only be deleted again."""
    trash_of_id: Mapped[int | None] = mapped_column(
        ForeignKey("projects.id", ondelete="CASCADE", name="fk_projects_trash_of_id_projects"), index=True
    )
    """Of a hidden project, which nobody sees: the project whose round lies in it, in the trash. So the round is of no
    project that anybody has a role in: whatever asks for a role refuses it, and no list of a project has it."""


class Membership(Base):
    __tablename__ = "memberships"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[Role]


class FormerSlug(Base):
    """What a project was called in addresses before it was renamed: links to it go on to lead there."""

    __tablename__ = "former_slugs"

    slug: Mapped[str] = mapped_column(String(400), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)


def slug_for(connection: Connection, name: str, project_id: int | None = None) -> str:
    """A slug for the project of this name that is, and was, no other project's."""

    def is_taken(slug: str) -> bool:
        now = select(Project.id).where(Project.slug == slug)
        before = select(FormerSlug.project_id).where(FormerSlug.slug == slug)
        return any(owner != project_id for owner in connection.scalars(now.union(before)))

    return free_slug(name, is_taken)


@event.listens_for(Project, "before_insert")
def _give_slug(_mapper: Mapper[Project], connection: Connection, project: Project) -> None:
    project.slug = slug_for(connection, project.name)
