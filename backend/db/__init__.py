"""Rows. One `session()` is the only commit; `reading()`, `glancing()`, `snapshot()` and `find_row()` never write."""

from backend.db.session import address, dispose, find_row, glancing, now, problem, reading, session, snapshot

__all__ = ["address", "dispose", "find_row", "glancing", "now", "problem", "reading", "session", "snapshot"]
