"""Which worker processes live, and what becomes of the jobs of those that do not.

An executor's id is held by a file lock, which the kernel drops when the process dies however it dies. On the same
machine that is proof. From another machine only a heartbeat that stands still can tell; there the attempt number
fences out a worker that was merely slow.
"""

import fcntl
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from backend import __version__
from backend.config import settings
from backend.db import now, reading, session
from backend.db.tables import Executor, Job
from backend.errors import Conflict, InvalidInput
from backend.jobs import durable, hardware, helping, transitions
from backend.values import WorkerOrder

log = logging.getLogger("rondo.jobs")

HEARTBEAT_SECONDS = 3.0
DEAD_AFTER_SECONDS = 24.0
"""With a look every three seconds, what a worker of another machine had goes on elsewhere within thirty."""
MAX_SLOTS = 1000


class Lock:
    """The right to an executor id on this machine, until released or dead."""

    def __init__(self, executor_id: str, descriptor: int) -> None:
        self.executor_id, self._descriptor = executor_id, descriptor

    def release(self) -> None:
        os.close(self._descriptor)


def claim(executor_id: str | None = None) -> Lock:
    """Take the given id, or the first free one of this machine: after a restart that is the same one again."""
    if executor_id is not None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", executor_id):
            raise InvalidInput(f"The executor id {executor_id!r} cannot be used. Use letters, digits and ._-")
        lock = _take(executor_id, patience=1.0)
        if lock is None:
            raise Conflict(f"The executor id {executor_id!r} belongs to a running worker. Stop it or take another id.")
        return lock
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:80] or "host"
    for slot in range(MAX_SLOTS):
        lock = _take(f"{host}-{slot}", patience=0.1)
        if lock is not None:
            return lock
    raise Conflict(f"All {MAX_SLOTS} executor ids of this machine are in use. Stop some workers first.")


def register(lock: Lock, queues: Sequence[str], *, is_embedded: bool = False, keeps_pause: bool = False) -> WorkerOrder:
    """Write the executor's row, and return what it is told. An id that a living worker elsewhere holds is refused.

    `keeps_pause`: a pause outlasts the worker's process, since a person gave it its name. Any other id goes to whoever
    starts next.
    """
    host = socket.gethostname()
    with session() as db:
        row = db.get(Executor, lock.executor_id)
        if row is not None and row.host != host and row.stopped_at is None:
            age = (now() - row.heartbeat_at).total_seconds()
            if age < DEAD_AFTER_SECONDS:
                raise Conflict(
                    f"The executor id {row.id!r} belonged to a worker on {row.host} {age:.0f} seconds ago. "
                    f"Choose another id, or wait {DEAD_AFTER_SECONDS:.0f} seconds if that worker is gone."
                )
        if row is None:
            row = Executor(id=lock.executor_id)
            db.add(row)
        row.host, row.process_id, row.queues = host, os.getpid(), ",".join(queues)
        row.started_at = row.heartbeat_at = now()
        row.stopped_at, row.can_help = None, True
        row.told = WorkerOrder.pause if keeps_pause and row.told is WorkerOrder.pause else WorkerOrder.work
        if row.told is WorkerOrder.pause:
            log.warning("Worker %s is still paused. `rondo workers resume %s` lets it take work.", row.id, row.id)
        row.is_embedded, row.version, row.cpus, row.gpus = is_embedded, __version__, hardware.cpus(), ""
        return row.told


def retire(executor_id: str) -> None:
    """Say that this executor ended in order: its work may move at once."""
    with session() as db:
        db.execute(update(Executor).where(Executor.id == executor_id).values(stopped_at=now()))


class Keeper:
    """A worker's second thread: shows that the worker lives and looks after the work of those that do not."""

    def __init__(
        self,
        executor_id: str,
        *,
        heartbeat_seconds: float,
        dead_after_seconds: float,
        obey: Callable[[WorkerOrder], None] = lambda _order: None,
        drains: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`drains`: set while the worker was told by a signal to drain, and its row does not say so yet."""
        self.executor_id, self._obey, self._clock = executor_id, obey, clock
        self._drains = drains or threading.Event()
        self._heartbeat_seconds, self._dead_after_seconds = heartbeat_seconds, dead_after_seconds
        self._seen: dict[str, tuple[object, float]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rondo-keeper", daemon=True)

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()
        # Beside the heartbeat: a driver may take nearly as long to answer as a worker may be silent.
        threading.Thread(target=self._name_gpus, name="rondo-gpus", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def recover(self, *, own: bool = False, stopping: bool = False) -> int:
        """Queue the work of dead executors again, with `own` also this one's; return how many jobs moved.

        `own` is right only before this worker takes work and, with `stopping`, after it has let go of all of it: then
        its own jobs are handed back, not lost.
        """
        executors = self._executors()
        dead: dict[str, bool] = {self.executor_id: own}

        def is_dead(executor_id: str) -> bool:
            if executor_id not in dead:
                row = executors.get(executor_id)
                dead[executor_id] = row is None or self._is_dead(row)
            return dead[executor_id]

        moved = _recover_jobs(is_dead, handed_back=self.executor_id if stopping else None)
        helping.recover(is_dead)
        if own:
            durable.withdraw(durable.started_by(self.executor_id))
        return moved

    def beat(self) -> None:
        """Show that the worker lives, let it obey, and look after the others. While the database is away, nothing."""
        try:
            self._obey(self._show_life())
            self.recover()
        except SQLAlchemyError:
            self._seen.clear()  # no heart was seen to beat meanwhile, so none is known to stand still
            log.warning("The database did not answer; the worker %s goes on.", self.executor_id, exc_info=True)

    def _run(self) -> None:
        while not self._stop.wait(self._heartbeat_seconds):
            self.beat()

    def _show_life(self) -> WorkerOrder:
        values: dict[str, Any] = {"heartbeat_at": now(), "stopped_at": None}
        if drains := self._drains.is_set():
            values["told"] = WorkerOrder.drain
        with session() as db:
            mine = update(Executor).where(Executor.id == self.executor_id)
            order = db.scalar(mine.values(values).returning(Executor.told)) or WorkerOrder.work
        if drains:
            self._drains.clear()  # said once: whoever tells the worker to go on after all is heard
        return order

    def _name_gpus(self) -> None:
        gpus = "\n".join(hardware.gpus())
        try:
            if gpus and not self._stop.is_set():
                with session() as db:
                    db.execute(update(Executor).where(Executor.id == self.executor_id).values(gpus=gpus))
        except SQLAlchemyError:
            log.warning("The GPUs of worker %s could not be written down.", self.executor_id, exc_info=True)

    @staticmethod
    def _executors() -> dict[str, Executor]:
        with reading() as db:
            return {row.id: row for row in db.scalars(select(Executor))}

    def _is_dead(self, row: Executor) -> bool:
        if row.stopped_at is not None:
            return True
        if row.host == socket.gethostname() and _lock_path(row.id).exists():
            return _is_free(row.id)
        return self._stands_still(row)

    def _stands_still(self, row: Executor) -> bool:
        """True when the heartbeat has not moved for long enough by our own clock: the machines' clocks may differ."""
        beat, since = self._seen.get(row.id, (None, 0.0))
        if beat != row.heartbeat_at:
            since = self._clock()
            self._seen[row.id] = (row.heartbeat_at, since)
        return self._clock() - since > self._dead_after_seconds


def _recover_jobs(is_dead: Callable[[str], bool], *, handed_back: str | None) -> int:
    """Move each active job whose workflow will never end it: lost with its executor, or over without a result."""
    with reading() as db:
        jobs = db.execute(select(Job.id, Job.workflow_id).where(Job.status.in_(transitions.ACTIVE))).all()
    workflows = durable.alive([workflow_id for _, workflow_id in jobs])
    moved = 0
    for job_id, workflow_id in jobs:
        executor_id = workflows.get(workflow_id)
        waits = workflow_id in workflows and executor_id is None
        if waits or (executor_id is not None and not is_dead(executor_id)):
            continue
        if transitions.take_over(job_id, workflow_id, lost=executor_id is None or executor_id != handed_back):
            log.info("Job %s was left by executor %s and is queued again.", job_id, executor_id or "none")
            moved += 1
    return moved


def _lock_path(executor_id: str) -> Path:
    return settings().folder / "executors" / f"{executor_id}.lock"


def _take(executor_id: str, *, patience: float) -> Lock | None:
    """Lock the id's file; for a moment it may be held by a worker that only looks whether it is free."""
    path = _lock_path(executor_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)  # not inherited: a child must not hold it on
    deadline = time.monotonic() + patience
    while not _lock(descriptor):
        if time.monotonic() > deadline:
            os.close(descriptor)
            return None
        time.sleep(0.02)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return Lock(executor_id, descriptor)


def _is_free(executor_id: str) -> bool:
    descriptor = os.open(_lock_path(executor_id), os.O_RDWR)
    try:
        return _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
