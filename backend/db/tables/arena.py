"""Matches of two checkpoints on held-out prompts, and who found which answer better."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified


class Arena(Identified, Base):
    """Two checkpoints whose answers people compare without knowing whose they are.

    `secret`: what sides and orders are drawn from; it never leaves the server. `judge_id`: who plays the same matches,
    NULL: nobody. `num_same`: prompts that both answered in the same words, of which there are no matches.
    """

    __tablename__ = "arenas"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    first_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    judge_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    secret: Mapped[str] = mapped_column(String(64))
    num_same: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class ArenaMatch(Identified, Base):
    """One prompt with both answers.

    `as_a`, `as_b`: whom the judge named when the first checkpoint's answer was A, and when it was B: first, second,
    unclear where its reply could not be read, or both failed where it could not be asked; NULL before it played.
    `said`: its two replies, or the reason why it could not be asked.
    """

    __tablename__ = "arena_matches"
    __table_args__ = (UniqueConstraint("arena_id", "prompt_id"),)

    arena_id: Mapped[int] = mapped_column(ForeignKey("arenas.id", ondelete="CASCADE"))
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"), index=True)
    first_sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), index=True)
    second_sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), index=True)
    as_a: Mapped[str | None] = mapped_column(String(8))
    as_b: Mapped[str | None] = mapped_column(String(8))
    replies: Mapped[list[Any] | None]


class ArenaVote(Identified, Base):
    """What one person found: `winner` first, second, tie, or none where both are bad. `is_swapped`: the second
    checkpoint's answer stood on the left. A vote that was taken back stays, and stands no more."""

    __tablename__ = "arena_votes"
    __table_args__ = (
        Index(
            "uq_arena_votes_standing",
            "match_id",
            "user_id",
            unique=True,
            sqlite_where=text("is_retracted = 0"),
            postgresql_where=text("NOT is_retracted"),
        ),
    )

    match_id: Mapped[int] = mapped_column(ForeignKey("arena_matches.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    winner: Mapped[str] = mapped_column(String(8))
    is_swapped: Mapped[bool]
    is_retracted: Mapped[bool] = mapped_column(default=False)
    seconds: Mapped[float | None]
