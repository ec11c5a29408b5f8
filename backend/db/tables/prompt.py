"""What the policy is asked."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as sql_text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.sameness import text_key
from backend.values import Split

LONGEST_ID = 200
"""Characters of an external id."""
PROBES = "probes"
"""The origin of held-out sets made of prompts on which a training learned to please its judge."""


def _key(context: DefaultExecutionContext) -> int:
    return text_key(context.get_current_parameters()["text"])  # type: ignore[no-untyped-call]


class PromptSet(Identified, Base):
    """A named collection; `held_out` sets are measured on and never trained on.

    `round_id`: the round that made it out of texts that it adopted. The set is never changed, and keeps its round.
    """

    __tablename__ = "prompt_sets"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    split: Mapped[Split]
    origin: Mapped[str] = mapped_column(default="")
    num_prompts: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id"), index=True)


class Prompt(Identified, Base):
    """`text` is the last user message, for lists and search; `messages` is what is asked.

    `text_key` is equal for prompts that ask the same in another spelling (`backend/sameness.py`). `sample_id`: the text
    that was adopted as this prompt. `external_id`: by which the file knows it that brought it, and no other of its set.
    """

    __tablename__ = "prompts"
    __table_args__ = (
        UniqueConstraint("prompt_set_id", "content_hash"),
        Index("ix_prompts_prompt_set_id_position", "prompt_set_id", "position"),
        Index("ix_prompts_prompt_set_id_text_key", "prompt_set_id", "text_key"),
        Index(
            "uq_prompts_prompt_set_id_external_id",
            "prompt_set_id",
            "external_id",
            unique=True,
            sqlite_where=sql_text("external_id IS NOT NULL"),
            postgresql_where=sql_text("external_id IS NOT NULL"),
        ),
    )

    prompt_set_id: Mapped[int] = mapped_column(ForeignKey("prompt_sets.id", ondelete="CASCADE"))
    position: Mapped[int]
    messages: Mapped[list[Any]]
    text: Mapped[str]
    answer: Mapped[str | None]
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)
    content_hash: Mapped[str] = mapped_column(String(64))
    text_key: Mapped[int] = mapped_column(default=_key)
    external_id: Mapped[str | None] = mapped_column(String(LONGEST_ID))
    sample_id: Mapped[int | None] = mapped_column(
        ForeignKey("samples.id", ondelete="SET NULL", use_alter=True, name="fk_prompts_sample_id_samples"), index=True
    )


class ImportedCompletion(Identified, Base):
    """A completion that a file brought for a prompt.

    `extra`: what the file says of it (chosen, label, score), and its row.
    """

    __tablename__ = "imported_completions"
    __table_args__ = (UniqueConstraint("prompt_id", "position"),)

    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompts.id", ondelete="CASCADE"))
    position: Mapped[int]
    text: Mapped[str]
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)
