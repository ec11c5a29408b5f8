"""Rows. One `session()` is the only commit; `reading()`, `glancing()` and `snapshot()` never write."""

from backend.db.session import address, dispose, glancing, now, problem, reading, session, snapshot

__all__ = ["address", "dispose", "glancing", "now", "problem", "reading", "session", "snapshot"]
