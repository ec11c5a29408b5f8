"""What was found in a frozen dataset that should not leave with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class Scan(Identified, Base):
    """One look through all rows of a dataset. `counts`: rows by what was found in them, once it is finished.

    `digest`: of what was looked for, the held-out prompts included; with another one it is out of date.
    """

    __tablename__ = "scans"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    settings: Mapped[dict[str, Any]]
    reference: Mapped[str] = mapped_column(default="", server_default="")
    """Name of the file that rows were compared with, too."""
    num_rows: Mapped[int] = mapped_column(default=0)
    num_uncompared: Mapped[int] = mapped_column(default=0, server_default="0")
    """Held-out and reference texts that no row was compared with: too short, or beyond the most that are read."""
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    finished_at: Mapped[datetime | None]


class ScanFinding(Base):
    """Something in one row, once for each value. `snippet` has every value masked; `fingerprint` knows it again.

    `source`: of which reference file it is, by the file's hash; empty for what the project itself has.
    """

    __tablename__ = "scan_findings"
    __table_args__ = (UniqueConstraint("scan_id", "position", "kind", "fingerprint"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("scans.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    place: Mapped[str] = mapped_column(String(16))
    """Of the row: prompt, completion or rejected."""
    fingerprint: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(32), default="", server_default="")
    snippet: Mapped[str]


class FineFinding(Identified, Base):
    """A value that a person looked at, and that may leave; it counts for all datasets of the project."""

    __tablename__ = "fine_findings"
    __table_args__ = (
        UniqueConstraint("project_id", "kind", "fingerprint"),
        Index("ix_fine_findings_user_id", "user_id"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    fingerprint: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    reason: Mapped[str] = mapped_column(default="")
