"""Conditions on any number of ids. Databases bound the parameters of one statement: SQLite takes 32,766 of them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam
from sqlalchemy.orm import InstrumentedAttribute


def among(column: InstrumentedAttribute[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Whether a column of ids holds one of these; they stand in the statement itself and are no parameters."""
    written: Any = bindparam(None, [int(n) for n in ids], Integer, expanding=True, literal_execute=True)
    return column.in_(written)
