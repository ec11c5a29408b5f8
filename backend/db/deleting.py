"""Rows by the ten thousands deleted in small transactions, so that no other writer waits long."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select

from backend.db import tables
from backend.db.many import among
from backend.db.session import session

GROUPS, ROWS = 20, 500
"""How many groups, with all that hangs on them, and how many plain rows go in one transaction."""


def groups(round_id: int) -> Iterator[None]:
    """Delete a round's groups with their samples, and with these labels, judgments, decisions and leases.

    Yields after each transaction, as the other functions do.
    """
    group, sample, decision = tables.Group, tables.Sample, tables.Decision
    while True:
        with session() as db:
            ids = db.scalars(select(group.id).where(group.round_id == round_id).limit(GROUPS)).all()
            if not ids:
                return
            db.execute(delete(decision).where(among(decision.group_id, ids)))
            db.execute(delete(sample).where(among(sample.group_id, ids)))
            db.execute(delete(group).where(among(group.id, ids)))
        yield


def rows(table: Any, condition: ColumnElement[bool]) -> Iterator[None]:
    """Delete a table's rows, in whatever order they are found quickest."""
    yield from batches(table, select(table.id).where(condition).limit(ROWS))


def batches(table: Any, query: Select[int]) -> Iterator[None]:
    """Delete the rows whose ids the query finds, until it finds none."""
    while True:
        with session() as db:
            ids = db.scalars(query).all()
            if not ids:
                return
            db.execute(delete(table).where(among(table.id, ids)))
        yield
