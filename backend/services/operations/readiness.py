"""Whether this process can do its work now."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from backend.db import address
from backend.jobs import worker
from backend.services import installation

log = logging.getLogger("rondo.services")

LOST = "The database file was deleted or replaced. Stop Rondo, put the file back, start Rondo again; the log names it."
SILENT = "The database does not answer. The log says which and why."
OLD = "The database's schema is not that of this version. Run `rondo db upgrade`, or start Rondo again."
IDLE = "The embedded worker does not run, so jobs wait. The log says why; start Rondo again."

_told: set[str] = set()
"""What the log has, until it is well again: readiness is asked for every few seconds."""


def problems(*, with_worker: bool) -> list[str]:
    """Why not, each as a sentence; empty where it can. `with_worker`: this process is to run jobs, too.

    Anybody may read these: what a sentence cannot say to a stranger is in the log.
    """
    if lost():
        return [LOST]
    try:
        is_current = installation.is_current()
    except SQLAlchemyError as error:
        _tell(SILENT, f"The database {address()} does not answer: {str(error).strip().splitlines()[0]}")
        return [SILENT]
    _told.clear()
    messages = []
    if not is_current:
        messages.append(OLD)
    if with_worker and not worker.is_running():
        messages.append(IDLE)
    return messages


def lost() -> bool:
    """Whether nothing can be saved any more. Opens nothing and waits for nobody."""
    problem = installation.problem()
    if problem is not None:
        _tell(LOST, problem)
    return problem is not None


def _tell(sentence: str, details: str) -> None:
    if sentence not in _told:
        _told.add(sentence)
        log.error("%s", details)
