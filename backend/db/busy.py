"""Whether an error says that somebody else wrote to the SQLite file for longer than was waited."""

import sqlite3

from sqlalchemy.exc import OperationalError


def is_busy(error: OperationalError) -> bool:
    """True where the same can be asked again."""
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
