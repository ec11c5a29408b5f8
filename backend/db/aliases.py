"""Aliases of tables, each made once a thread: making one copies every column, a fifth of a reviewer's request."""

from threading import local
from typing import Any, TypeVar

from sqlalchemy.orm import aliased

from backend.db.base import Base

T = TypeVar("T", bound=Base)


class _Made(local):
    """Each thread has its own.

    What SQLAlchemy knows of an alias it works out when it is first used, and two threads that do this at once can leave
    a column that is the table's instead of the alias's, for good (`ColumnCollection._init_proxy_index`, 2.1.9).
    Decisions then count as taken back, without any error.
    """

    def __init__(self) -> None:
        self.aliases: dict[tuple[Any, str], Any] = {}


_made = _Made()


def alias(table: type[T], name: str) -> type[T]:
    """The alias of that name. Two in one statement, one inside the other too, need names of their own."""
    if (table, name) not in _made.aliases:
        _made.aliases[table, name] = aliased(table, name=name)
    table_alias: type[T] = _made.aliases[table, name]
    return table_alias
