"""Rows. One `session()` is the only commit; `reading()` never writes."""

from backend.db.session import dispose, now, reading, session

__all__ = ["dispose", "now", "reading", "session"]
