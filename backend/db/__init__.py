"""Rows. One `session()` is the only commit; `reading()` and `snapshot()` never write."""

from backend.db.session import address, dispose, now, problem, reading, session, snapshot

__all__ = ["address", "dispose", "now", "problem", "reading", "session", "snapshot"]
