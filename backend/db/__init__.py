"""Rows. One `session()` is the only commit; `reading()` never writes."""

from backend.db.session import dispose, now, problem, reading, session

__all__ = ["dispose", "now", "problem", "reading", "session"]
