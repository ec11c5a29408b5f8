"""What judges said, and the label that stands."""

from datetime import datetime
from typing import Any

from sqlalchemy import Computed, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import LabelSource, SampleKind, Verdict

FACET_SQL = (
    "CASE verdict WHEN 'accept' THEN 1 WHEN 'reject' THEN 2 ELSE 0 END"
    " + CASE source WHEN 'judge' THEN 3 WHEN 'person' THEN 6 ELSE 0 END"
    " + CASE WHEN is_overridden THEN 9 ELSE 0 END + CASE WHEN is_unparsed THEN 18 ELSE 0 END"
    " + CASE WHEN is_truncated THEN 36 ELSE 0 END + CASE WHEN is_flagged THEN 72 ELSE 0 END"
    " + CASE kind WHEN 'completion' THEN 0 WHEN 'edit' THEN 144 ELSE 288 END + 432 * (step - 1)"
)
UNSCORED = -1e300
"""Stands for NULL in the sort keys: below every score."""


def or_unscored(column: str) -> str:
    """SQL for a column in which NULL comes below every number."""
    return f"COALESCE({column}, {UNSCORED})"


class Judgment(Identified, Base):
    """One reply of one judge. No verdict in the reply: score and verdict are NULL, `raw` keeps its text."""

    __tablename__ = "judgments"
    __table_args__ = (UniqueConstraint("sample_id", "step", "judge", "position"),)

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), index=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    judge: Mapped[str] = mapped_column(String(80))
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    position: Mapped[int]
    score: Mapped[float | None]
    verdict: Mapped[Verdict | None]
    rationale: Mapped[str]
    raw: Mapped[str]
    template_hash: Mapped[str] = mapped_column(String(64), default="")
    num_tokens: Mapped[int] = mapped_column(default=0)
    finish_reason: Mapped[str] = mapped_column(String(16), default="stop")
    seed: Mapped[int] = mapped_column(default=0)
    reasoning: Mapped[str | None]
    """What the endpoint gave apart from the reply; no verdict is read from it."""
    step: Mapped[int] = mapped_column(default=2, server_default="2")
    """The judge that said it; 2 is that of a recipe of slots."""


CHANGED_SQL = "source = 'person' OR kind = 'edit'"
"""Labels that people gave, and those of texts that they wrote."""


class Label(Base):
    """The effective score and verdict of a sample, and the facets lists filter and sort by.

    One row per training sample from the moment the sample exists (source none). The machine's word stays in
    `machine_*`; a person's decision sets score, verdict and source in the same transaction. Facets repeat
    columns of the sample so that lists need no join. The database computes three columns for them: `facet`, all
    yes-or-no filters and the step as one number (db/filters.py), and the sort keys, in which NULL is a number. A list
    is then a merge of one index range per facet, whatever the filters, and never a scan (db/listing.py). An index holds
    the other keys too, for orders by two of them (db/listing_two_keys.py).
    """

    __tablename__ = "labels"
    __table_args__ = (
        Index("ix_labels_by_id", "round_id", "facet", "sample_id", "score_key", "num_tokens"),
        Index("ix_labels_by_score", "round_id", "facet", "score_key", "sample_id", "num_tokens", "spread_key"),
        Index("ix_labels_by_length", "round_id", "facet", "num_tokens", "sample_id", "score_key", "spread_key"),
        Index("ix_labels_by_spread", "round_id", "facet", "spread_key", "sample_id", "score_key", "num_tokens"),
        Index(
            "ix_labels_changed",
            *("round_id", "facet", "sample_id", "verdict", "score", "machine_verdict", "machine_score"),
            sqlite_where=text(CHANGED_SQL),
            postgresql_where=text(CHANGED_SQL),
        ),
    )
    __mapper_args__ = {"eager_defaults": False}

    sample_id: Mapped[int] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    score: Mapped[float | None]
    verdict: Mapped[Verdict | None]
    source: Mapped[LabelSource] = mapped_column(default=LabelSource.none)
    machine_score: Mapped[float | None]
    machine_verdict: Mapped[Verdict | None]
    machine_spread: Mapped[float | None]
    """Standard deviation of the judge's repeated scores."""
    is_unparsed: Mapped[bool] = mapped_column(default=False)
    """At least one reply, and none with a verdict."""
    is_overridden: Mapped[bool] = mapped_column(default=False)
    """A person's verdict or score differs from the machine's."""
    is_truncated: Mapped[bool] = mapped_column(default=False)
    is_flagged: Mapped[bool] = mapped_column(default=False)
    num_tokens: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(
        String(16), default=SampleKind.completion.value, server_default=SampleKind.completion.value
    )
    """The sample's kind."""
    step: Mapped[int] = mapped_column(default=1, server_default="1")
    """The step that made the sample."""
    facet: Mapped[int] = mapped_column(Computed(FACET_SQL, persisted=True), deferred=True)
    score_key: Mapped[float] = mapped_column(Computed(or_unscored("score"), persisted=True), deferred=True)
    spread_key: Mapped[float] = mapped_column(Computed(or_unscored("machine_spread"), persisted=True), deferred=True)


class Template(Identified, Base):
    """A judge's prompt, versioned: an edit is a new row. Rounds keep the text they used in their recipe."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("project_id", "name", "version"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    version: Mapped[int]
    text: Mapped[str]
    content_hash: Mapped[str] = mapped_column(String(64))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
