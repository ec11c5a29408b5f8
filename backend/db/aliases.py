"""Aliases of tables, each made once: making one copies every column, which took a fifth of a reviewer's request."""

from functools import lru_cache
from typing import TypeVar

from sqlalchemy.orm import aliased

from backend.db.base import Base

T = TypeVar("T", bound=Base)


@lru_cache(maxsize=64)
def alias(table: type[T], name: str) -> type[T]:
    """The alias of that name. Two in one statement, one inside the other too, need names of their own."""
    return aliased(table, name=name)
