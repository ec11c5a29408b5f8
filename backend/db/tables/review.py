"""Who may decide on which item now, who was asked to, which items have a known label, and who did what."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import Verdict


class Lease(Base):
    """One of an item's `num_reviewers_per_item` slots, held by one person until `expires_at`, or for good once decided.

    The item is a sample, or a group named by its first sample. Slots are numbered from 0, so the primary key keeps an
    item from having more reviewers than slots, and the unique key keeps them distinct. Taking back a decision frees
    its slot. The first lease of an item writes rows for its other slots too, held by nobody: what is begun and not
    complete is then one index range.
    """

    __tablename__ = "leases"
    __table_args__ = (
        UniqueConstraint("sample_id", "user_id"),
        Index("ix_leases_round_id_user_id_expires_at", "round_id", "user_id", "expires_at"),
        Index(
            "ix_leases_open",
            "round_id",
            "expires_at",
            "sample_id",
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    sample_id: Mapped[int] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    is_random: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The queue drew the item at random for this person."""


class Informativeness(Base):
    """How likely a person's decision changes a sample's label, when the judge had ended (pipeline/informativeness).

    From 0 to 1; 2 less, and so behind all others in the order, where its group has the text more than once and another
    sample with it is more informative.

    `is_open`: no person has labelled it yet, so that the next best one is the end of an index range.
    """

    __tablename__ = "informativeness"
    __table_args__ = (
        Index(
            "ix_informativeness_round_id_is_open_informativeness", "round_id", "is_open", "informativeness", "sample_id"
        ),
    )

    sample_id: Mapped[int] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    informativeness: Mapped[float]
    why: Mapped[str] = mapped_column(String(24), default="")
    """The strongest sign (`values.Sign`); empty where none was written."""
    is_open: Mapped[bool] = mapped_column(default=True, server_default=true())


class Assignment(Base):
    """An item that a curator gave to a person; nobody else's queue offers it."""

    __tablename__ = "assignments"
    __table_args__ = (Index("ix_assignments_round_id_user_id_sample_id", "round_id", "user_id", "sample_id"),)

    sample_id: Mapped[int] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class RoundReviewer(Base):
    """What a curator asks of one person in a round's review, and whether their queue is stopped.

    `share` percent of the items were given to them as assignments, or their queue ends after `quota` items.
    """

    __tablename__ = "round_reviewers"

    round_id: Mapped[int] = mapped_column(
        ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    share: Mapped[float | None]
    quota: Mapped[int | None]
    paused_at: Mapped[datetime | None]
    """Since when the queue gives them nothing, because of what they said of gold items."""
    pause_reason: Mapped[str] = mapped_column(default="", server_default="")
    excused_id: Mapped[int] = mapped_column(default=0, server_default="0")
    """What they said of gold items up to this decision pauses them no more: a curator let them go on."""


class Tally(Base):
    """How many items a person decided in a round, kept with each decision (services/decisions/tallies.py).

    `by_group`: the items are groups. Where there is no row, or of the other items, it is counted.
    """

    __tablename__ = "tallies"

    round_id: Mapped[int] = mapped_column(
        ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )
    by_group: Mapped[bool]
    decided: Mapped[int]
    overridden: Mapped[int]
    overridden_labelled: Mapped[int]
    """Without rewrites of texts that the person has not labelled."""


class GoldItem(Base):
    """A sample whose right label is known. Reviewers meet it in their queue and are not told."""

    __tablename__ = "gold_items"

    sample_id: Mapped[int] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), index=True)
    verdict: Mapped[Verdict]
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class Presence(Base):
    """When a person's review desk was last heard of in a round."""

    __tablename__ = "presences"

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    seen_at: Mapped[datetime]


class Event(Identified, Base):
    """One act that is no decision: who did what to which thing, from where. Appended, never changed."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_project_id_id", "project_id", "id"),)

    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    verb: Mapped[str] = mapped_column(String(40))
    """What was done, as a word and its object: `close review`, `change role`."""
    subject: Mapped[str] = mapped_column(default="")
    """What it was done to, as a person reads it."""
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    via: Mapped[str] = mapped_column(String(16), default="page")
