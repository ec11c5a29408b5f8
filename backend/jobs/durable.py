"""The durable engine's side of a job: DBOS, its tables in our database, and nothing else of ours.

A job gets a new workflow for every attempt to finish it. The job's row says which one counts; any other workflow
that comes to life (an old worker thawing, a recovery of DBOS' own) sees that and does nothing.
"""

import logging
import threading
import uuid
from collections.abc import Callable
from functools import lru_cache

from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions
from dbos import error as dbos_error
from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db.many import in_chunks
from backend.db.session import read_engine, write_engine
from backend.jobs import wakes
from backend.values import Stage

log = logging.getLogger("rondo.jobs")

APPLICATION = "rondo"
APPLICATION_VERSION = "rondo-1"  # left to DBOS it is a hash of the sources, and new code would abandon running jobs
SCHEMA = "dbos"
WORKFLOW = "run_job"
HELP = "help_job"
MAX_PRIORITY = 2**31 - 1
CONSOLE = "__dbos_console_log_handler__"
"""What DBOS calls its handler."""
POLLING_SECONDS = 0.25
"""While there is news; `backend.jobs.wakes` has the rest."""

QUEUES: dict[Stage, str] = {
    Stage.generate: "generate",
    Stage.judge: "generate",
    Stage.select: "generate",
    Stage.evaluate: "generate",
    Stage.train: "train",
}
EXPORT = "export"
"""The queue of files that people wait for: every worker takes from it, one at a time, and no round waits for one."""
ALL_QUEUES = (*dict.fromkeys(QUEUES.values()), EXPORT)


@lru_cache(maxsize=4)
def _client(engine: Engine) -> DBOSClient:
    return DBOSClient(
        system_database_engine=engine,
        dbos_system_schema=SCHEMA,
        application_name=APPLICATION,
        lazy=True,
        retry_connection_errors=False,
    )


def client(*, write: bool = True) -> DBOSClient:
    """DBOS from outside, on our own engines, so that it obeys the same rules on SQLite."""
    return _client(write_engine() if write else read_engine())


def prepare(*, concurrency: int | None = None) -> None:
    """Create or update DBOS' own tables and our queues. May be repeated; starts nothing.

    `concurrency`: jobs of each queue at a time; None leaves it as a worker set it, 1 at first.
    """
    settings().folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("dbos").setLevel(logging.WARNING)
    with write_engine().connect():
        pass  # sets WAL on the file before DBOS writes to it
    DBOS.migrate(settings().url, schema=SCHEMA)
    for queue in sorted(ALL_QUEUES):
        client().register_queue(
            queue,
            worker_concurrency=1 if queue == EXPORT else concurrency or 1,
            polling_interval_sec=POLLING_SECONDS,
            on_conflict="never_update" if concurrency is None else "always_update",
        )


def configuration(executor_id: str) -> DBOSConfig:
    """Of the engine in a worker's process."""
    return {
        "name": APPLICATION,
        "system_database_url": settings().url,
        "dbos_system_schema": SCHEMA,
        "executor_id": executor_id,
        "application_version": APPLICATION_VERSION,
        "run_migrations": False,
        "enable_otlp": False,
        "log_level": "WARNING",
    }


def new_workflow_id() -> str:
    return uuid.uuid4().hex


def submit(
    db: Session, argument: int, *, workflow_id: str, queue: str, round_id: int | None, name: str = WORKFLOW
) -> None:
    """Enqueue the workflow in the caller's transaction: before those of later rounds, behind those of no round.

    The workers are told once the transaction stands.
    """
    options: EnqueueOptions = {"workflow_name": name, "queue_name": queue, "workflow_id": workflow_id}
    if round_id is not None:
        options["priority"] = min(round_id, MAX_PRIORITY)
    client().enqueue_in_transaction(db, options, argument)
    wakes.announce(db, queue)


def withdraw_after_commit(db: Session, *workflow_ids: str) -> None:
    """Cancel the workflows once the caller's transaction stands.

    It cannot be part of it: DBOS cancels over a connection of its own. Should it fail, the worker still obeys the row.
    """

    @event.listens_for(db, "after_commit", once=True)
    def _withdraw(_db: Session) -> None:
        try:
            withdraw([*workflow_ids])
        except SQLAlchemyError:
            names = ", ".join(workflow_ids)
            log.warning("Workflow %s could not be cancelled; its worker will see the row.", names, exc_info=True)


def alive(workflow_ids: list[str]) -> dict[str, str | None]:
    """The workflows that will still run or do run, with the executor that runs them (None: waiting in the queue)."""
    executors: dict[str, str | None] = {}
    for ids in in_chunks(workflow_ids):
        for workflow in client(write=False).list_workflows(
            workflow_ids=[*ids],
            status=["ENQUEUED", "DELAYED", "PENDING"],
            load_input=False,
            load_output=False,
        ):
            executors[workflow.workflow_id] = workflow.executor_id if workflow.status == "PENDING" else None
    return executors


def started_by(executor_id: str) -> list[str]:
    """The workflows this executor took and has not ended."""
    workflows = client(write=False).list_workflows(
        executor_id=executor_id, status="PENDING", load_input=False, load_output=False
    )
    return [workflow.workflow_id for workflow in workflows]


def withdraw(workflow_ids: list[str]) -> None:
    if workflow_ids:
        client().cancel_workflows(workflow_ids)


def log_as_others() -> None:
    """Let the engine's log take the way of all others, without its own handler; to be called once it has set that."""
    logger = logging.getLogger("dbos")
    for handler in [own_handler for own_handler in logger.handlers if own_handler.name == CONSOLE]:
        logger.removeHandler(handler)
    logger.propagate = True
    logger.addFilter(_is_news)


def in_own_thread(function: Callable[[], None]) -> None:
    """DBOS adopts the running event loop of its caller, and our steps do not belong into the web server's."""
    errors: list[BaseException] = []

    def target() -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=target, name="rondo-dbos")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def _is_news(record: logging.LogRecord) -> bool:
    """Drop what DBOS logs, with tracebacks, each time a job is cancelled or a worker stops: both are ordinary."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, dbos_error.DBOSAwaitedWorkflowCancelledError) and not any(
        phrase in record.getMessage()
        for phrase in ("was cancelled during execution", "is no longer owned by", "Asyncio task cancelled")
    )
