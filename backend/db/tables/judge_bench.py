"""Judges tried side by side on the same samples, and what each of them said."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import Verdict


class JudgeBench(Identified, Base):
    """Samples and the judges that are tried on them.

    `filters`: the filter of the list of samples that chose them in `round_id`; NULL: they were drawn among those with
    people's labels, of that round or of all rounds. `round_number` outlives the round; NULL: of all rounds.
    `figures`: once the job is over, what the judges that labelled the samples before come to, and how any two judges
    agree. `job_id`: the job that may write.
    """

    __tablename__ = "judge_benches"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id", ondelete="SET NULL"), index=True)
    round_number: Mapped[int | None]
    filters: Mapped[dict[str, Any] | None]
    seed: Mapped[int] = mapped_column(default=0)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    figures: Mapped[dict[str, Any] | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))


class BenchSample(Base):
    """One sample of a bench, as it stood when the bench was opened.

    `accepts`, `person_score`: what people said of it where that counts as evidence on a judge, or the label that was
    known (`is_gold`); NULL: nothing that counts. `first_*`: the word of the judge that labelled it in its round.
    """

    __tablename__ = "bench_samples"

    bench_id: Mapped[int] = mapped_column(ForeignKey("judge_benches.id", ondelete="CASCADE"), primary_key=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True, index=True)
    accepts: Mapped[bool | None]
    person_score: Mapped[float | None]
    is_gold: Mapped[bool] = mapped_column(default=False)
    first_score: Mapped[float | None]
    first_verdict: Mapped[Verdict | None]
    first_is_unparsed: Mapped[bool] = mapped_column(default=False)


class BenchJudge(Identified, Base):
    """One judge of a bench: a part with its knobs, and the checkpoint that it asks (NULL: it computes).

    `error`: why it could not go on. `prompt_tokens`: as its endpoint counted them, NULL where it does not. `cost`: of
    the counted tokens that had a price at the time, NULL where none had. `unpriced`: counted tokens that had none;
    `uncounted`: replies that did not say what they took. `notes`: what its endpoint cannot do, or refused.
    `figures`: what it comes to, once it has ended.
    """

    __tablename__ = "bench_judges"
    __table_args__ = (UniqueConstraint("bench_id", "position"),)

    bench_id: Mapped[int] = mapped_column(ForeignKey("judge_benches.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    judge: Mapped[dict[str, Any]]
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    error: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    seconds: Mapped[float] = mapped_column(default=0.0)
    prompt_tokens: Mapped[int | None]
    cost: Mapped[float | None]
    uncounted: Mapped[int] = mapped_column(default=0, server_default="0")
    unpriced: Mapped[int] = mapped_column(default=0, server_default="0")
    notes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    figures: Mapped[dict[str, Any] | None]


class BenchJudgment(Identified, Base):
    """One reply of a judge of a bench. It labels nothing. `failure`: why there is none, where it could not be asked."""

    __tablename__ = "bench_judgments"
    __table_args__ = (UniqueConstraint("bench_judge_id", "sample_id", "judge", "position"),)

    bench_judge_id: Mapped[int] = mapped_column(ForeignKey("bench_judges.id", ondelete="CASCADE"))
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"), index=True)
    judge: Mapped[str] = mapped_column(String(80))
    position: Mapped[int]
    score: Mapped[float | None]
    verdict: Mapped[Verdict | None]
    rationale: Mapped[str]
    raw: Mapped[str]
    num_tokens: Mapped[int] = mapped_column(default=0)
    finish_reason: Mapped[str] = mapped_column(String(16), default="stop")
    failure: Mapped[str | None]
    is_doubtful: Mapped[bool] = mapped_column(default=False)
    """The failure lies not in the text: asked again, it may be answered."""
