"""Statements that are built once: to build one, and to work out what it is remembered by, takes longer than to run it.

What differs from call to call stands in them as a parameter (`sqlalchemy.bindparam`), lists by `is_any`.
"""

from collections.abc import Callable, Collection, Iterable
from functools import wraps
from threading import local
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Boolean, ColumnElement, Connection, CursorResult, bindparam, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

MOST = 500
"""So many statements are kept compiled in a thread."""

P = ParamSpec("P")
T = TypeVar("T")


class _Compiled(dict[Any, Any]):
    """SQLAlchemy's cache of what statements are in SQL, for statements that stay.

    Its own compares statements by all that they are made of, and compiles one for all threads, whose columns it then
    looks up for each thread's statement: together a fifth of what a statement costs. Here a statement is known by the
    one tuple that describes it, which it keeps.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        dialect, described, *others = key
        entry = super().get((dialect, id(described), *others))
        return entry[1] if entry is not None and entry[0] is described else default

    def __setitem__(self, key: Any, compiled: Any) -> None:
        dialect, described, *others = key
        if len(self) >= MOST:
            self.clear()
        super().__setitem__((dialect, id(described), *others), (described, compiled))


class _Kept(local):
    """Each thread has its own, as with aliases (aliases.py): what is worked out at the first use is not for two."""

    def __init__(self) -> None:
        self.statements: dict[Any, Any] = {}
        self.options = {"compiled_cache": _Compiled()}


_kept = _Kept()


def built_once(build: Callable[P, T]) -> Callable[P, T]:
    """Let a function build its statement once for each of its arguments, which are few, in each thread; it stays."""

    @wraps(build)
    def kept(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (build, args, *kwargs.items())
        if key not in _kept.statements:
            _kept.statements[key] = build(*args, **kwargs)
        statement: T = _kept.statements[key]
        return statement

    return kept


def run(db: Session, statement: Any, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
    """The result of a statement that was built once, and is compiled once in each thread.

    It comes past the session: what that has not written yet, the statement does not see.
    """
    return run_on(db.connection(), statement, values)


def run_on(connection: Connection, statement: Any, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
    """As `run`, on a connection."""
    return connection.execute(statement, values, execution_options=_kept.options)


def compiled_here() -> Collection[Any]:
    """What is kept compiled in this thread."""
    return _kept.options["compiled_cache"]


def forget_compiled() -> None:
    """Let go of what this thread has compiled, as engines are closed; other threads do when they have `MOST`."""
    _kept.options["compiled_cache"].clear()


class _IsAny(FunctionElement[bool]):
    """A column and a parameter: whether the column has one of the parameter's values."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> Any:
        """Itself: where SQLite has no booleans, SQLAlchemy would ask whether it equals 1, which takes no index."""
        return self


@compiles(_IsAny)
def _in_list(element: Any, compiler: Any, **options: Any) -> str:
    """A place for each value, which is written into the statement at every call."""
    column, values = element.clauses
    return str(compiler.process(column.in_(bindparam(values.key, expanding=True)), **options))


@compiles(_IsAny, "postgresql")
def _any_of_array(element: Any, compiler: Any, **options: Any) -> str:
    """One place for all of them: the statement is the same for any number, so that it stays prepared.

    For numbers of one type, that is: psycopg sends the smallest one that holds the largest of them.
    """
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({values})"


def is_any(column: Any, name: str, *, is_one: bool = False) -> ColumnElement[bool]:
    """Whether the column has one of the values of the parameter of that name, a list; with `is_one` the value itself.

    PostgreSQL plans a statement anew at each call where it must guess how long a list is: what is mostly asked of one
    row has a statement of its own.
    """
    if is_one:
        is_it: ColumnElement[bool] = column == bindparam(name)
        return is_it
    return _IsAny(column, bindparam(name, type_=ARRAY(column.type)))


def is_among(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether the column has one of a few values that are the same at every call, each a parameter of its own.

    What `in_` makes of a list has any length, so its place in the statement is written anew at every call.
    """
    condition: ColumnElement[bool] = column.in_([literal(value, column.type) for value in values])
    return condition
