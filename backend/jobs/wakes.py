"""When a worker looks for jobs: at once where it is told of one, and seldom while nothing happens.

DBOS asks the database for work four times a second and queue, whether or not there is any. Here its threads wait for
news. A job's commit is news: in this process by an event, in others by NOTIFY on PostgreSQL, and on SQLite by the time
at which the database's log changed. Looking without news remains, for news that got lost.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dbos import _dbos, _queue, _workflow_commands
from dbos._utils import INTERNAL_QUEUE_NAME
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db.session import write_engine

log = logging.getLogger("rondo.jobs")

QUIET_SECONDS = 5.0
"""The longest between two looks of a queue while news can come."""
LIVELY_SECONDS = 3.0
"""After news, for so long a queue is looked at as often as DBOS would: a look may lose its lock to another worker."""
SLICE_SECONDS = 0.25
"""How often the time of SQLite's log is read, and how long a thread may take to see that it has to stop."""
LOOK_SECONDS = 1.0
"""How often a thread that waits for longer looks whether it still is to."""
COARSE_SECONDS = 0.05
"""The kernel's clock for files stands still for so long at most: a second change may have the first one's time."""
HOUSEKEEPING_SECONDS = 60.0
"""For what DBOS does every second and Rondo has no use for: delayed workflows, time-outs, queues of other programs."""
CHANNEL = "rondo_jobs"


class Bell:
    """Rings when there may be something to do; whoever waits for it hears each ring once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.rings, self.is_closed, self.can_ring, self.is_paused = 0, False, False, False
        self._lively_until = 0.0

    def ring(self, *, lively: bool = True) -> None:
        """lively: look again and again for a moment, not only once."""
        with self._changed:
            self.rings += 1
            if lively:
                self._lively_until = time.monotonic() + LIVELY_SECONDS
            self._changed.notify_all()

    def close(self) -> None:
        """Everybody who waits stops."""
        with self._changed:
            self.is_closed, self.can_ring = True, False
            self._changed.notify_all()

    def open(self) -> None:
        self.is_closed = self.is_paused = False

    def pause(self, is_paused: bool) -> None:
        """Let nobody look for work, or everybody again."""
        with self._changed:
            self.is_paused = is_paused
            self._changed.notify_all()

    def wait_while_paused(self, is_over: Callable[[], bool]) -> None:
        with self._changed:
            while self.is_paused and not self.is_closed and not is_over():
                self._changed.wait(LOOK_SECONDS)

    def wait(self, heard: int, shortest: float, is_over: Callable[[], bool]) -> None:
        """Return at a ring after the one that was heard, at the end, or when it is time to look without one."""
        began = time.monotonic()
        with self._changed:
            while self.rings == heard and not self.is_closed and not is_over():
                is_quiet = self.can_ring and time.monotonic() > self._lively_until
                left = began + (max(shortest, QUIET_SECONDS) if is_quiet else shortest) - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(min(left, LOOK_SECONDS))


bell = Bell()
"""Of this process, which has one worker at most."""


class WakingEvent:
    """Stands for the event that stops a thread of DBOS: its `wait` ends at a ring, and lasts longer without one."""

    def __init__(
        self, stop: threading.Event, *, seconds: float | None = None, is_wanted: Callable[[], bool] = lambda: False
    ) -> None:
        """seconds: the thread is one that rings mean nothing to, and waits for so long, or until it is wanted."""
        self._stop, self._seconds, self._is_wanted, self._heard = stop, seconds, is_wanted, bell.rings

    def is_set(self) -> bool:
        return bell.is_closed or self._stop.is_set()

    def wait(self, timeout: float) -> bool:
        if self._seconds is None:
            bell.wait(self._heard, timeout, self._stop.is_set)
            bell.wait_while_paused(self._stop.is_set)
            self._heard = bell.rings
        else:
            ends = time.monotonic() + self._seconds
            while not self.is_set() and (left := ends - time.monotonic()) > 0:
                self._stop.wait(min(left, LOOK_SECONDS))
                if self._is_wanted():
                    break
        return self.is_set()


def install() -> None:
    """Let DBOS wait for news. May be repeated; to be called before it is launched."""
    if isinstance(_queue.queue_worker_thread, _Patient):
        return
    _queue.queue_worker_thread = _Patient(_queue.queue_worker_thread)  # type: ignore[assignment]
    main = _dbos.queue_thread  # type: ignore[attr-defined]
    _dbos.queue_thread = _Manager(main)  # type: ignore[attr-defined, assignment]
    _workflow_commands._run_background_jobs = _keep_house  # type: ignore[assignment]


def unwatched(queues: Sequence[str]) -> list[str]:
    """Those of the queues that no thread of this process looks at."""
    return [queue for queue in queues if (thread := _looking.get(queue)) is None or not thread.is_alive()]


_looking: dict[str, threading.Thread] = {}


class _Patient:
    """The function of a queue's thread, which gets `WakingEvent` in place of its event."""

    def __init__(self, function: Callable[..., None]) -> None:
        self._function = function

    def __call__(self, stop: Any, dbos: Any, queue: Any) -> None:
        event = stop._stop if isinstance(stop, WakingEvent) else stop
        _looking[queue.name] = threading.current_thread()
        seconds = HOUSEKEEPING_SECONDS if queue.name == INTERNAL_QUEUE_NAME else None
        self._function(WakingEvent(event, seconds=seconds), dbos, queue)


class _Manager:
    """The function of the thread that starts those of the queues: it looks again at once while one is without."""

    def __init__(self, function: Callable[..., None]) -> None:
        self._function = function

    def __call__(self, stop: Any, dbos: Any) -> None:
        queues = dbos._listening_queues or []
        self._function(WakingEvent(stop, seconds=HOUSEKEEPING_SECONDS, is_wanted=lambda: bool(unwatched(queues))), dbos)


def _keep_house(
    stop: threading.Event, dbos: Any, lock: str, _seconds: float, jobs: dict[str, Callable[[], None]]
) -> None:
    """DBOS' function of this name, seldom, and with the lock given back before the wait.

    DBOS waits with the lock, in a transaction, and PostgreSQL ends a session whose transaction does nothing for five
    seconds. Without the lock each process keeps house once a minute, which does no harm.
    """
    while not stop.is_set():
        try:
            with dbos._sys_db.background_job_lock(lock) as is_ours:
                for job in jobs.values() if is_ours else ():
                    job()
        except Exception as error:
            log.warning("The engine's tables could not be tended: %s", _first_line(error))
        if stop.wait(HOUSEKEEPING_SECONDS):
            break


def announce(db: Session, queue: str) -> None:
    """Ring here, and at every worker on PostgreSQL, once the caller's transaction stands."""
    if db.get_bind().dialect.name == "postgresql":
        db.execute(text("SELECT pg_notify(:channel, :queue)"), {"channel": CHANNEL, "queue": queue})

    @event.listens_for(db, "after_commit", once=True)
    def _ring(_db: Session) -> None:
        bell.ring()


class Watch:
    """A worker's third thread: rings for what other processes enqueue."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="rondo-wakes", daemon=True)
        self._is_told = False

    def start(self) -> None:
        bell.open()
        self._thread.start()

    def stop(self) -> None:
        """Also ends the waiting of DBOS' threads."""
        bell.close()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _hear(self) -> None:
        bell.can_ring, self._is_told = True, False

    def _run(self) -> None:
        url = make_url(settings().url)
        while not bell.is_closed:
            try:
                if url.get_backend_name() == "sqlite":
                    _watch_log(Path(f"{url.database}-wal"))
                else:
                    _listen(self._hear)
            except (SQLAlchemyError, OSError, _driver_error()) as error:
                # Until it listens again the queues are looked at as often as DBOS would.
                bell.can_ring = False
                if not self._is_told:
                    log.warning("News of jobs cannot be heard; looking for them goes on. %s", _first_line(error))
                self._is_told = True
                bell.wait(bell.rings, QUIET_SECONDS, lambda: False)


def _watch_log(path: Path) -> None:
    """Ring whenever SQLite's log has changed since it was last rung for."""
    bell.can_ring = True
    seen = _changed_at(path)
    while not bell.is_closed:
        time.sleep(SLICE_SECONDS)
        changed = _changed_at(path)
        if changed != seen:
            bell.ring(lively=False)
        seen = changed if time.time() - changed > COARSE_SECONDS else 0.0


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _listen(hears: Callable[[], None]) -> None:
    """Ring for each job that another process tells of, over a connection that is no pool's."""
    pooled = write_engine().raw_connection()
    driver: Any = pooled.driver_connection
    pooled.detach()
    try:
        driver.rollback()
        driver.autocommit = True
        driver.execute(f"LISTEN {CHANNEL}")
        hears()
        while not bell.is_closed:
            bell.ring(lively=False)  # what came before, or during the question below, is not told again
            again = time.monotonic() + HOUSEKEEPING_SECONDS
            while not bell.is_closed and time.monotonic() < again:
                for _ in driver.notifies(timeout=LOOK_SECONDS, stop_after=1):
                    bell.ring()
            driver.execute("SELECT 1")  # nothing else would tell that the other end is gone
    finally:
        bell.can_ring = False
        pooled.close()


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip() or 'no reason given').splitlines()[0]}"


def _driver_error() -> type[Exception]:
    error: type[Exception] = write_engine().dialect.loaded_dbapi.Error
    return error
