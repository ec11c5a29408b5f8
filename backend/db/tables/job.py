"""Durable executions of stages, and the processes that execute them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Identified
from backend.values import JobStatus, Stage, WorkerOrder


class Job(Identified, Base):
    """One stage of one round; `workflow_id` is its durable workflow. Progress is columns, so pages poll a row.

    At most one job of a round is queued or running: `active_key` is the round's id while it is, else NULL.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_project_id_id", "project_id", "id"),
        Index("ix_jobs_status_queue", "status", "queue"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"), index=True)
    workflow_id: Mapped[str] = mapped_column(String(64), unique=True)
    active_key: Mapped[int | None] = mapped_column(unique=True)
    stage: Mapped[Stage]
    step: Mapped[int | None]
    """The step of the recipe that it runs; NULL: the first of its stage, or a job outside rounds."""
    queue: Mapped[str] = mapped_column(String(32))
    status: Mapped[JobStatus] = mapped_column(default=JobStatus.queued)
    spec: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempt: Mapped[int] = mapped_column(default=0)
    executor_id: Mapped[str | None] = mapped_column(String(120))
    process_id: Mapped[int | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    rate: Mapped[float | None]
    """Units per second, over the last batches."""
    unit: Mapped[str] = mapped_column(String(16), default="")
    last_metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)
    log_tail: Mapped[str] = mapped_column(default="")
    error: Mapped[str | None]
    traceback: Mapped[str | None]
    is_final: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The job failed in a way in which it would fail again."""
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    losses: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often in a row its worker died under it before it got any further; `done_at_loss` is where it stood."""
    done_at_loss: Mapped[int] = mapped_column(default=0, server_default="0")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    machine: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """What its last attempt ended on: the fields of backend.machine.described; empty before it ended."""


class JobPoint(Base):
    """One point of a curve: loss, reward margin, rate."""

    __tablename__ = "job_points"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[float]


class Helper(Identified, Base):
    """What one worker does of a job that another one runs; `executor_id` is NULL until a worker has taken it.

    `ended_at` fences it out: a helper that has ended claims no batch and writes none.
    """

    __tablename__ = "job_helpers"
    __table_args__ = (
        Index("ix_job_helpers_job_id_attempt", "job_id", "attempt"),
        Index(
            "ix_job_helpers_open",
            "id",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    attempt: Mapped[int]
    """The job's attempt that it helps; it ends with it."""
    workflow_id: Mapped[str] = mapped_column(String(64))
    executor_id: Mapped[str | None] = mapped_column(String(120))
    process_id: Mapped[int | None]
    done: Mapped[int] = mapped_column(default=0)
    """In the job's unit, written with the batches themselves."""
    log_tail: Mapped[str] = mapped_column(default="")
    error: Mapped[str | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Batch(Base):
    """One batch of a shared stage that is not written yet; it is deleted in the transaction that writes it."""

    __tablename__ = "job_batches"
    __table_args__ = (Index("ix_job_batches_holder", "holder"),)

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    attempt: Mapped[int]
    holder: Mapped[int | None]
    """Who works on it: the id of a helper, 0 for the job's own process, NULL for nobody."""


class Executor(Base):
    """A worker process. `heartbeat_at` tells the reaper whether its work must move."""

    __tablename__ = "executors"

    id: Mapped[str] = mapped_column(String(120), primary_key=True)
    host: Mapped[str] = mapped_column(String(120))
    process_id: Mapped[int]
    queues: Mapped[str]
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    can_help: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It runs helpers; a worker of a version before there were any would take one and never end it."""
    told: Mapped[WorkerOrder] = mapped_column(default=WorkerOrder.work, server_default=WorkerOrder.work)
    is_embedded: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It is part of a web process, which would go on without it: it can be paused, but not drained."""
    version: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """Of Rondo; empty for a worker of a version that did not tell."""
    cpus: Mapped[int | None]
    gpus: Mapped[str] = mapped_column(default="", server_default="")
    """Those that it may use, a line each: name and memory."""
