"""The worker: takes jobs from its queues and runs each in a child process. Embedded in the web process or alone."""

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from dbos import DBOS
from sqlalchemy.exc import SQLAlchemyError

from backend import lifeline, shared_files
from backend.errors import Conflict, InvalidInput, RondoError
from backend.jobs import (
    durable,
    endings,
    executors,
    following,
    helping,
    logs,
    orders,
    outbox,
    standby,
    transitions,
    wakes,
)
from backend.jobs.child import AWAY, describe_exit
from backend.jobs.process import ChildProcess, kept
from backend.log import tell_about
from backend.values import WorkerOrder

log = logging.getLogger("rondo.jobs")


Command = Callable[[int, int], list[str]]

_worker: "Worker | None" = None  # DBOS is one per process and finds its workflows by name


def pipeline_command(job_id: int, attempt: int) -> list[str]:
    return [sys.executable, "-m", "backend.services.stage_process", str(job_id), str(attempt)]


class Worker:
    """One executor. `concurrency` jobs of each queue at a time; it counts for all workers of the database.

    Beside its `queues` every worker takes exports.
    """

    def __init__(
        self,
        queues: Sequence[str] = ("generate", "train"),
        executor_id: str | None = None,
        *,
        concurrency: int = 1,
        command: Command = pipeline_command,
        heartbeat_seconds: float = executors.HEARTBEAT_SECONDS,
        dead_after_seconds: float = executors.DEAD_AFTER_SECONDS,
        is_embedded: bool = False,
    ) -> None:
        unknown = sorted(set(queues) - set(durable.ALL_QUEUES))
        if unknown or not queues:
            known = ", ".join(sorted(durable.ALL_QUEUES))
            raise InvalidInput(f"There is no queue {', '.join(unknown) or 'in an empty list'}. Choose from: {known}.")
        self.queues, self.command = list(dict.fromkeys([*queues, durable.EXPORT])), command
        self._wanted_id, self._concurrency = executor_id, concurrency
        self._heartbeat_seconds, self._dead_after_seconds = heartbeat_seconds, dead_after_seconds
        self._lock: executors.Lock | None = None
        self._keeper: executors.Keeper | None = None
        self._watch: wakes.Watch | None = None
        self._outbox: outbox.Outbox | None = None
        self.standby = standby.Standby() if command is pipeline_command else None
        self.is_embedded = is_embedded
        self.when_drained: Callable[[], None] = lambda: None
        self.drains = threading.Event()

    @property
    def executor_id(self) -> str:
        assert self._lock is not None, "the worker is not started"
        return self._lock.executor_id

    @property
    def is_running(self) -> bool:
        return self._keeper is not None and self._keeper.is_running and not wakes.unwatched(self.queues)

    async def child(self, job_id: int, attempt: int, log: Path) -> ChildProcess:
        """A process for the job: the one that is ready, else one that is started now."""
        return await kept(self._child(job_id, attempt, log))

    async def _child(self, job_id: int, attempt: int, log: Path) -> ChildProcess:
        ready = None if self.standby is None else await asyncio.to_thread(self.standby.take, job_id, attempt, log)
        return ready or ChildProcess.start(self.command(job_id, attempt), log, attempt)

    def start(self) -> None:
        """Take an executor id, move the work of the dead, begin to take jobs. Returns when that is done."""
        global _worker
        if _worker is not None:
            raise Conflict("This process already has a worker. Start another process for another worker.")
        _worker = self
        try:
            durable.prepare(concurrency=self._concurrency)
            self._lock = executors.claim(self._wanted_id)
            named = self._wanted_id is not None
            order = executors.register(self._lock, self.queues, is_embedded=self.is_embedded, keeps_pause=named)
            self._keeper = executors.Keeper(
                self.executor_id,
                heartbeat_seconds=self._heartbeat_seconds,
                dead_after_seconds=self._dead_after_seconds,
                obey=self.obey,
                drains=self.drains,
            )
            # before DBOS sees them: its own recovery uses a queue that every worker takes from
            self._keeper.recover(own=True)
            self._watch = wakes.Watch()
            self._watch.start()
            self.obey(order)
            durable.in_own_thread(self._launch)
            self._keeper.start()
            self._outbox = outbox.Outbox()
            self._outbox.start()
            if self.standby is not None:
                self.standby.prepare(standby.FIRST_SECONDS)
        except BaseException:
            self.stop()
            raise
        log.info("Worker %s takes jobs from %s.", self.executor_id, ", ".join(self.queues))

    def obey(self, order: WorkerOrder) -> None:
        """Take work, or none; once nothing is left of what a drained worker took, say so."""
        rested = wakes.bell.is_paused
        wakes.bell.pause(order is not WorkerOrder.work)
        # Not at once: a queue's thread may be about to take something.
        if rested and order is WorkerOrder.drain and not durable.started_by(self.executor_id):
            self.when_drained()

    def stop(self) -> None:
        """End the children, put their jobs back into the queue, give up the id. May be repeated."""
        global _worker
        if _worker is not self:
            return
        if self._outbox is not None:
            self._outbox.stop()
            self._outbox = None
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        if self.standby is not None:
            self.standby.close()
        durable.in_own_thread(DBOS.destroy)
        lifeline.cut()  # model servers that its jobs started
        if self._keeper is not None:
            self._keeper.stop()
            try:
                self._keeper.recover(own=True, stopping=True)
                executors.retire(self.executor_id)
            except SQLAlchemyError:
                log.warning("The database did not answer; the next worker picks the jobs up.", exc_info=True)
            self._keeper = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        _worker = None

    def _launch(self) -> None:
        DBOS(config=durable.configuration(self.executor_id))
        durable.log_as_others()
        DBOS.listen_queues(self.queues)
        wakes.install()
        DBOS.launch()


def is_running() -> bool:
    """Whether this process has a worker that has started and not stopped."""
    return _worker is not None and _worker.is_running


def run(queues: Sequence[str], executor_id: str | None = None, *, concurrency: int = 1) -> None:
    """Work until SIGINT or SIGTERM, or after SIGUSR1 until all is done that was begun; then stop in order."""
    serve(Worker(queues, executor_id, concurrency=concurrency))


def serve(worker: Worker) -> None:
    asked_to_stop = threading.Event()
    worker.when_drained = asked_to_stop.set
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_stop.set())
    signal.signal(signal.SIGUSR1, lambda *_: worker.drains.set())
    worker.start()
    try:
        asked_to_stop.wait()
    finally:
        worker.stop()


@DBOS.workflow(name=durable.WORKFLOW)
async def run_job(job_id: int) -> str:
    """One attempt at a job. All that lasts is in the rows, so this has a single step and no result of its own."""
    return await run_child(job_id, str(DBOS.workflow_id))


@DBOS.step(preemptible=True)
async def run_child(job_id: int, workflow_id: str) -> str:
    """Run the job's child process to its end, or end it when the job is cancelled, lost or the worker stops."""
    try:
        return await _run_child(job_id, workflow_id)
    finally:
        wakes.bell.ring()  # there is room for the next one


async def _run_child(job_id: int, workflow_id: str) -> str:
    worker = _worker
    assert worker is not None
    tell_about(job=job_id)
    order = await asyncio.to_thread(orders.order_of, worker.executor_id)
    if order is not WorkerOrder.work:  # told so after the job was taken, or a moment before
        await asyncio.to_thread(worker.obey, order)
        await asyncio.to_thread(transitions.take_over, job_id, workflow_id, lost=False)
        return "handed back"
    attempt = await asyncio.to_thread(transitions.start, job_id, workflow_id, worker.executor_id)
    if attempt is None:
        return "superseded"
    path = logs.log_path(job_id)
    try:
        child = await worker.child(job_id, attempt, path)
    except OSError as error:
        await asyncio.to_thread(endings.record, job_id, attempt, f"could not be started: {error}.")
        return "failed"
    try:
        await following.follow(child, job_id, attempt)
    finally:
        await child.end()
    if child.exit_code == AWAY:
        await endings.begin_again(job_id, attempt, workflow_id)
        return "queued again"
    await asyncio.to_thread(endings.record, job_id, attempt, describe_exit(child.exit_code))
    await asyncio.to_thread(_share_log, job_id)
    return "ended"


def _share_log(job_id: int) -> None:
    """Put what the job printed where other machines find it. A job does not fail for it."""
    path = logs.log_path(job_id)
    try:
        if path.is_file():
            shared_files.share(path)
    except (RondoError, OSError) as error:
        log.warning("The log of job %s stays on this machine: %s", job_id, error)


@DBOS.workflow(name=durable.HELP)
async def help_job(helper_id: int) -> str:
    """Do batches of a job that another worker runs, until none is left."""
    return await run_helper(helper_id)


@DBOS.step(preemptible=True)
async def run_helper(helper_id: int) -> str:
    """Run a helper's child process to its end, or end it when the job is over or the worker stops."""
    try:
        return await _run_helper(helper_id)
    finally:
        wakes.bell.ring()  # as above


async def _run_helper(helper_id: int) -> str:
    worker = _worker
    assert worker is not None
    joined = await asyncio.to_thread(helping.join, helper_id, worker.executor_id)
    if joined is None:
        return "not needed"
    job_id, attempt = joined
    path, how = logs.helper_log_path(job_id, helper_id), None
    try:
        child = ChildProcess.start([*worker.command(job_id, attempt), str(helper_id)], path, attempt)
        try:
            goes_on = await following.follow_helper(child, helper_id, path)
        finally:
            await child.end()
        # Also of a signal: what memory runs out for once, it runs out for again.
        is_failure = goes_on and child.exit_code not in (0, AWAY)
        how = f"Its process {describe_exit(child.exit_code)}" if is_failure else None
    except OSError as error:
        how = f"It could not be started: {error}."
    await endings.answered(job_id, lambda: helping.leave(helper_id, error=how, tail=logs.tail(path)))
    return "ended"
