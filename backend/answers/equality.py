"""Whether two answers are the same: numbers exactly, formulas by math-verify, everything else by its words."""

import logging
import re
import zlib
from functools import lru_cache
from typing import Any

from backend.answers import bounds, numbers

_ASSIGNED = re.compile(r"(?P<name>[a-zA-Z])\s*=(?P<side>(?:(?!(?P=name))[^=<>])+)")
_TOLERANCE = 1e-5
"""Ten times what math-verify rounds to."""


def is_formula(text: str) -> bool:
    """Say whether a text is written in the signs of mathematics and no words."""
    if re.search(r":|[0-9]-[0-9]+-[0-9]", text):
        return False  # a time, a ratio, a date
    plain = re.sub(r"\\(?:text|mathrm|mathbf|textbf)\s*\{[^{}]*\}|\\[a-z]+", " 1 ", text, flags=re.IGNORECASE)
    return bool(re.search(r"[0-9\\^=+*/(]", text)) and not re.search(r"[^\W\d_]{3}", plain)


def same_formula(said: str, known: str) -> bool:
    """Say whether math-verify takes two formulas as equal; False for what is too long or large to be calculated."""
    one, other = _plain(said), _plain(known)
    if not is_formula(one) or not is_formula(other):
        return False
    one, other = _sides(one, other)
    return bounds.are_small(one, other) and _verified(one, other)


def _sides(said: str, known: str) -> tuple[str, str]:
    """What there is to compare: of `x = 5` beside 5 or `x = 6` the right sides, as math-verify does."""
    one, other = _ASSIGNED.fullmatch(said), _ASSIGNED.fullmatch(known)
    if one and other:
        return (one["side"], other["side"]) if one["name"] == other["name"] else (said, known)
    if one and not bounds.has_relation(known):
        return one["side"], known
    if other and not bounds.has_relation(said):
        return said, other["side"]
    return said, known


def _plain(text: str) -> str:
    return text.strip().strip("*`").strip().rstrip(".").strip("$").strip()


@lru_cache(maxsize=4096)
def _verified(said: str, known: str) -> bool:
    """Without the library's time limits: they are signals, which only the main thread may set."""
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    from math_verify import parse, verify

    one, other = (parse(f"${text}$", parsing_timeout=None) for text in (known, said))
    if not one or not other or ("%" not in said + known and _differ(one[0], other[0])):
        return False
    return bool(verify(one, other, timeout_seconds=None))


def _differ(known: Any, said: Any) -> bool:
    """Whether two expressions have different values at one point, so that sympy need not search for a proof.

    That search is what takes long, and it takes longest where there is nothing to find. Of an equation beside an
    expression, math-verify compares the right side.
    """
    from sympy import Eq, Expr, Symbol

    one, other = (side.rhs if isinstance(side, Eq) else side for side in (known, said))
    is_compared = isinstance(one, Expr) and isinstance(other, Expr) and not (known is not one and said is not other)
    if not is_compared or isinstance(one, Symbol) or isinstance(other, Symbol):
        return False
    try:
        a, b = (side.evalf(subs={symbol: _at(symbol.name) for symbol in side.free_symbols}) for side in (one, other))
        # A share of both, as sympy's numbers may be too large for Python's.
        apart = abs(complex(((a - b) / (1 + abs(a) + abs(b))).evalf()))
    except (TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError):
        return False
    return apart > _TOLERANCE


def _at(name: str) -> float:
    """A number for a variable, one for each name."""
    return 0.6 + zlib.crc32(name.encode()) % 9973 / 9973


def are_equal(said: str, known: str, *, with_numbers: bool = True) -> bool:
    """Say whether two answers are the same. Without numbers, only the same words are."""
    if words(said) == words(known):
        return True
    if not with_numbers:
        return False
    one, other = numbers.parse(said), numbers.parse(known)
    if one is not None and other is not None:
        return numbers.are_equal(one, other)
    return same_formula(said, known)


def words(text: str) -> str:
    """A text without case, spacing and the signs that only dress it."""
    plain = re.sub(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}", r"\1", text.replace("\u2212", "-"))
    return " ".join(plain.split()).lstrip(" $*`").rstrip(" $*`.!").strip("\"'").casefold()
