"""Plain Python values as JSON, on both sides of the sandbox's pipes: no classes, so that none of a program runs here.

This file and `_inside.py` are put into the sandbox, so that they import nothing but the standard library.
"""

from typing import Any

DEEPEST = 50
"""Containers in containers; deeper values are no plain ones."""


class NotPlain(ValueError):
    """A value that is not made of None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict."""


def pack(value: Any, depth: int = 0) -> Any:
    """Return what JSON can hold: scalars as they are, all else as a list that begins with the type's letter.

    Raises `NotPlain` for other types and for subclasses of these.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth > DEEPEST:
        raise NotPlain(f"more than {DEEPEST} containers in each other")
    kind = type(value)
    if kind in LETTERS:
        return [LETTERS[kind], *(pack(item, depth + 1) for item in value)]
    if kind is dict:
        return ["d", *([pack(key, depth + 1), pack(item, depth + 1)] for key, item in value.items())]
    if kind is bytes:
        return ["b", value.decode("latin-1")]
    if kind is complex:
        return ["c", value.real, value.imag]
    raise NotPlain(f"a value of type {kind.__name__}")


def unpack(data: Any, depth: int = 0) -> Any:
    """Return the value that was packed; raises `NotPlain` for what `pack` does not make."""
    if not isinstance(data, list):
        if isinstance(data, dict):
            raise NotPlain("an object")
        return data
    if depth > DEEPEST or not data:
        raise NotPlain("not what pack makes")
    letter, *rest = data
    try:
        if letter in CONTAINERS:
            return CONTAINERS[letter](unpack(item, depth + 1) for item in rest)
        if letter == "d":
            return {unpack(key, depth + 1): unpack(item, depth + 1) for key, item in rest}
        if letter == "b":
            (text,) = rest
            return text.encode("latin-1")
        if letter == "c":
            real, imaginary = rest
            return complex(real, imaginary)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise NotPlain(str(error)) from error
    raise NotPlain("not what pack makes")


LETTERS: dict[type, str] = {list: "l", tuple: "t", set: "s", frozenset: "f"}
CONTAINERS: dict[Any, Any] = {letter: kind for kind, letter in LETTERS.items()}
