"""How a stage, in its child process, says how far it is. Written at most twice a second; pages read the row."""

import logging
import math
import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.db import now, session
from backend.db.busy import is_busy
from backend.db.inserting import insert_into
from backend.db.many import in_chunks
from backend.db.tables import Job, JobPoint
from backend.errors import Cancelled
from backend.values import JSON, JobStatus

log = logging.getLogger("rondo.jobs")

WRITE_SECONDS = 0.5
RATE_SECONDS = 20.0
POINTS_PER_STATEMENT = 200


class JobProgress:
    """Progress of one attempt at a job. Every write raises Cancelled once the job belongs to nobody or another.

    It writes in a transaction of its own: never call it inside a `session()` block.
    """

    def __init__(self, job_id: int, attempt: int, *, write_seconds: float = WRITE_SECONDS) -> None:
        self.job_id, self.attempt = job_id, attempt
        self._write_seconds = write_seconds
        self._done = self._total = self._helped = 0
        self._unit = ""
        self._metrics: dict[str, Any] = {}
        self._points: dict[tuple[str, int], float] = {}
        self._history: deque[tuple[float, int]] = deque()
        self._written_at = -math.inf

    def start(self, total: int, unit: str, done: int = 0) -> None:
        """Say what there is to do, and how much of it an earlier attempt did."""
        self._total, self._unit, self._done = total, unit, done
        self._history = deque([(time.monotonic(), done)])
        self._beat()

    def advance(self, n: int = 1) -> None:
        self._done += n
        self._write_if_due()

    def helped(self, n: int) -> None:
        """Say how much others have done of it by now."""
        self._helped = n
        self._write_if_due()

    def waits(self, key: str, awaited: JSON | None) -> None:
        """Keep, in the job's spec under this key, what it waits for that others do; None: it goes on.

        With the attempt: of one that was killed while it waited nothing is to be believed. Where the database is busy
        it is not written down.
        """
        try:
            with session() as db:
                job = db.scalar(select(Job).where(*self._mine()).with_for_update())
                if job is None:
                    raise self._is_over()
                spec = {name: value for name, value in job.spec.items() if name != key}
                job.spec = spec if awaited is None else spec | {key: awaited | {"attempt": self.attempt}}
                job.updated_at = now()
        except OperationalError as error:
            if not is_busy(error):
                raise
            log.info("What job %s waits for is not written down now: the database is busy.", self.job_id)

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Add one point to each named curve. A number that is none (NaN, infinity) is shown as missing, not drawn."""
        for name, value in values.items():
            finite = math.isfinite(value)
            self._metrics[name] = float(value) if finite else None
            if finite:
                self._points[name, step] = float(value)
        self._metrics["step"] = step
        self._write_if_due()

    def flush(self) -> None:
        """Write what is not yet written."""
        self._written_at = time.monotonic()
        with session() as db:
            self._write_row(db)
            self._write_points(db)
        self._points.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.flush()

    def _write_if_due(self) -> None:
        if time.monotonic() - self._written_at >= self._write_seconds:
            self._beat()

    def _beat(self) -> None:
        """Write, unless the database is busy: hours of work do not end because somebody imports. The next beat has all
        of it."""
        try:
            self.flush()
        except OperationalError as error:
            if not is_busy(error):
                raise
            self._written_at = time.monotonic()
            log.info("Job %s is not written down now: the database is busy.", self.job_id)

    def _write_row(self, db: Session) -> None:
        done = self._done + self._helped
        values = {
            "done": done,
            "total": max(self._total, done),
            "unit": self._unit,
            "rate": self._rate(),
            "last_metrics": self._metrics,
            "updated_at": now(),
        }
        if db.execute(update(Job).where(*self._mine()).values(values).returning(Job.id)).first() is None:
            raise self._is_over()

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return Job.id == self.job_id, Job.attempt == self.attempt, Job.status == JobStatus.running

    def _is_over(self) -> Cancelled:
        return Cancelled(f"Job {self.job_id} no longer belongs to attempt {self.attempt}. It stops here.")

    def _write_points(self, db: Session) -> None:
        rows = [
            {"job_id": self.job_id, "name": name, "step": step, "value": value}
            for (name, step), value in self._points.items()
        ]
        for some in in_chunks(rows, POINTS_PER_STATEMENT):
            statement = insert_into(db, JobPoint).values(some)
            # a resumed training goes through its last steps once more
            db.execute(
                statement.on_conflict_do_update(
                    index_elements=["job_id", "name", "step"], set_={"value": statement.excluded.value}
                )
            )

    def _rate(self) -> float | None:
        """Units per second over the last batches: an average since the start would hide a slow-down."""
        self._history.append((time.monotonic(), self._done + self._helped))
        while len(self._history) > 2 and self._history[-1][0] - self._history[1][0] > RATE_SECONDS:
            self._history.popleft()
        (begun, before), (ended, after) = self._history[0], self._history[-1]
        return (after - before) / (ended - begun) if after > before and ended > begun else None
