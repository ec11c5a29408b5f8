"""Conditions on any number of ids. Databases bound the parameters of one statement: SQLite takes 32,766 of them."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, bindparam
from sqlalchemy.orm import InstrumentedAttribute

T = TypeVar("T")
CHUNK = 500


def among(
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None], ids: Collection[int]
) -> ColumnElement[bool]:
    """Whether a column of ids holds one of these; they stand in the statement itself and are no parameters."""
    written: Any = bindparam(None, [int(id_) for id_ in ids], Integer, expanding=True, literal_execute=True)
    return column.in_(written)


def in_chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Yield slices of a list, each of at most `size` values: databases bound how many one statement may hold."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
