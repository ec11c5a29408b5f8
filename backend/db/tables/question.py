"""A project's own questions about samples, and what people answered."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values.questions import QuestionKind


class Question(Identified, Base):
    """What a project asks of each sample beside the verdict. One that has answers is retired and never deleted.

    `options`: as `values.questions.QuestionOptions`.
    """

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[QuestionKind]
    title: Mapped[str] = mapped_column(String(200))
    help: Mapped[str] = mapped_column(default="")
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_required: Mapped[bool] = mapped_column(default=False, server_default=false())
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Counts its changes, so that whoever changes an older one is told."""


class JudgeAnswer(Identified, Base):
    """What a judge replied to one question about one sample, at one step of the round's recipe.

    `value`, `number`, `words`: as those of `Answer`; `value` is None where the reply could not be read, and `fault`
    says why. `raw` is the reply. `template_hash`: of what the judge was asked with.
    """

    __tablename__ = "judge_answers"
    __table_args__ = (
        UniqueConstraint("sample_id", "question_id", "step"),
        Index("ix_judge_answers_question_id_round_id", "question_id", "round_id", "sample_id", "number"),
    )

    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), index=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"), index=True)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), index=True)
    step: Mapped[int]
    judge: Mapped[str] = mapped_column(String(80))
    value: Mapped[dict[str, Any] | None]
    number: Mapped[float | None]
    words: Mapped[str] = mapped_column(default="")
    fault: Mapped[str] = mapped_column(default="")
    raw: Mapped[str] = mapped_column(default="")
    reasoning: Mapped[str | None]
    template_hash: Mapped[str] = mapped_column(String(64), default="")
    num_tokens: Mapped[int] = mapped_column(default=0)
    finish_reason: Mapped[str] = mapped_column(String(16), default="stop")
    seed: Mapped[int] = mapped_column(default=0)


class Answer(Identified, Base):
    """What a person answered to a question of a sample. Appended: a later answer stands, the earlier ones are history.

    `client_id` comes from who sends it, so that a repeated send is one row. `value`: as the kind's value in
    `values.questions`; None took an answer back. `number`, `words`: the same for filters; `words` holds each chosen
    label on a line of its own. `is_blind`: the person could see no colleague's answer to the sample when it was given.
    `is_gold`: the sample was a gold item. `batch_id`: the removal of work that took it out and was not taken back.
    """

    __tablename__ = "answers"
    __table_args__ = (
        Index(
            "uq_answers_standing",
            "sample_id",
            "question_id",
            "user_id",
            unique=True,
            sqlite_where=text("is_standing"),
            postgresql_where=text("is_standing"),
        ),
        Index(
            "ix_answers_standing_of_question",
            "question_id",
            "round_id",
            "sample_id",
            "number",
            sqlite_where=text("is_standing = 1"),
            postgresql_where=text("is_standing"),
        ),
        Index("ix_answers_question_id_round_id", "question_id", "round_id"),
        Index("ix_answers_round_id_user_id", "round_id", "user_id"),
        Index("ix_answers_sample_id", "sample_id"),
    )

    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    value: Mapped[dict[str, Any] | None]
    number: Mapped[float | None]
    words: Mapped[str] = mapped_column(default="")
    is_standing: Mapped[bool] = mapped_column(default=True, server_default=true())
    is_blind: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_gold: Mapped[bool] = mapped_column(default=False, server_default=false())
    batch_id: Mapped[str | None] = mapped_column(String(64))
    seconds: Mapped[float | None]
    via: Mapped[str] = mapped_column(String(16), default="page")
