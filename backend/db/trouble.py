"""Which failures of the database are transient, so that the same call can be repeated."""

from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

from backend.errors import Busy

DATABASE_ERRORS = (OperationalError, TimeoutError)
"""The exceptions that may be transient. All others are errors of the program."""

SQLITE_BUSY, SQLITE_LOCKED = 5, 6
PASSING_STATES = ("40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03")
"""PostgreSQL: serialization, deadlock, a lock not given, too many connections, the server stops or only starts."""


def as_busy(error: BaseException) -> Busy | None:
    """Return what to tell of an error that passes by itself; None for any other."""
    if isinstance(error, TimeoutError):
        return Busy()  # every connection is in use
    if not isinstance(error, DBAPIError):
        return None
    cause: Any = error.orig
    if (code := getattr(cause, "sqlite_errorcode", None)) is not None:
        return Busy() if code & 0xFF in (SQLITE_BUSY, SQLITE_LOCKED) else None
    if not hasattr(cause, "sqlstate"):
        return None
    state = cause.sqlstate
    # Without a state there was no answer at all: the connection was lost, or not made.
    return Busy() if state is None or state in PASSING_STATES or state.startswith("08") else None
