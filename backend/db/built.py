"""Statements that are built once: to build one, and to work out what it is remembered by, takes longer than to run it.

What differs from call to call stands in them as a parameter (`sqlalchemy.bindparam`), lists with `expanding=True`.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from threading import local
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import BindParameter, ColumnElement, bindparam, literal

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


def some(name: str) -> BindParameter[Any]:
    """A parameter that is a list."""
    return bindparam(name, expanding=True)


def is_among(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether the column has one of a few values that are the same at every call, each a parameter of its own.

    What `in_` makes of a list has any length, so its place in the statement is written anew at every call.
    """
    condition: ColumnElement[bool] = column.in_([literal(value, column.type) for value in values])
    return condition
