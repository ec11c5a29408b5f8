"""Statements that are built once: to build one, and to work out what it is remembered by, takes longer than to run it.

What differs from call to call stands in them as a parameter (`sqlalchemy.bindparam`), lists by `is_any`.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from threading import local
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Boolean, ColumnElement, bindparam, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

P = ParamSpec("P")
T = TypeVar("T")


class _Kept(local):
    """Each thread has its own, as with aliases (aliases.py): what is worked out at the first use is not for two."""

    def __init__(self) -> None:
        self.statements: dict[Any, Any] = {}


_kept = _Kept()


def built_once(build: Callable[P, T]) -> Callable[P, T]:
    """Let a function build its statement once for each of its arguments, in each thread."""

    @wraps(build)
    def kept(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (build, args, *kwargs.items())
        if key not in _kept.statements:
            _kept.statements[key] = build(*args, **kwargs)
        statement: T = _kept.statements[key]
        return statement

    return kept


class _IsAny(FunctionElement[bool]):
    """A column and a parameter: whether the column has one of the parameter's values."""

    inherit_cache = True
    type = Boolean()


@compiles(_IsAny)
def _in_list(element: Any, compiler: Any, **options: Any) -> str:
    """A place for each value, which is written into the statement at every call."""
    column, values = element.clauses
    return str(compiler.process(column.in_(bindparam(values.key, expanding=True)), **options))


@compiles(_IsAny, "postgresql")
def _any_of_array(element: Any, compiler: Any, **options: Any) -> str:
    """One place for all of them: the statement is the same for any number, so that it stays prepared."""
    column, values = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY ({values})"


def is_any(column: Any, name: str) -> ColumnElement[bool]:
    """Whether the column has one of the values of the parameter of that name, a list."""
    return _IsAny(column, bindparam(name, type_=ARRAY(column.type)))


def is_among(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether the column has one of a few values that are the same at every call, each a parameter of its own.

    What `in_` makes of a list has any length, so its place in the statement is written anew at every call.
    """
    condition: ColumnElement[bool] = column.in_([literal(value, column.type) for value in values])
    return condition
