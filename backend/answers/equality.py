"""Whether two answers are the same: numbers exactly, formulas by math-verify, everything else by its words."""

import logging
import re
import zlib
from functools import lru_cache
from typing import Any

from backend.answers import bounds, numbers

_ASSIGNED = re.compile(r"(?P<name>[a-zA-Z])\s*=(?P<side>(?:(?!(?P=name))[^=<>])+)")
_STYLED = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}")
_NESTED = 4
"""Commands around one another that are taken off, as in `\\text{\\textbf{A}}`."""
_TOLERANCE = 1e-5
"""Ten times what math-verify rounds to."""


def is_formula(text: str) -> bool:
    """Say whether a text is written in the signs of mathematics and no words."""
    if re.search(r":|[0-9]-[0-9]+-[0-9]", text):
        return False  # a time, a ratio, a date
    plain = re.sub(r"\\(?:text|mathrm|mathbf|textbf)\s*\{[^{}]*\}|\\[a-z]+", " 1 ", text, flags=re.IGNORECASE)
    return bool(re.search(r"[0-9\\^=+*/(]", text)) and not re.search(r"[^\W\d_]{3}", plain)


def same_formula(stated: str, known: str) -> bool:
    """Say whether math-verify takes two formulas as equal; False for what is too long or large to be calculated."""
    left, other = _plain(stated), _plain(known)
    if not is_formula(left) or not is_formula(other):
        return False
    left, other = _sides(left, other)
    return bounds.are_small(left, other) and _verified(left, other)


def _sides(stated: str, known: str) -> tuple[str, str]:
    """What there is to compare: of `x = 5` beside 5 or `x = 6` the right sides, as math-verify does."""
    left, other = _ASSIGNED.fullmatch(stated), _ASSIGNED.fullmatch(known)
    if left and other:
        return (left["side"], other["side"]) if left["name"] == other["name"] else (stated, known)
    if left and not bounds.has_relation(known):
        return left["side"], known
    if other and not bounds.has_relation(stated):
        return stated, other["side"]
    return stated, known


def _plain(text: str) -> str:
    return text.strip().strip("*`").strip().rstrip(".").strip("$").strip()


@lru_cache(maxsize=4096)
def _verified(stated: str, known: str) -> bool:
    """Without the library's time limits: they are signals, which only the main thread may set."""
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    from math_verify import parse, verify

    left, other = (parse(f"${text}$", parsing_timeout=None) for text in (known, stated))
    if not left or not other or ("%" not in stated + known and _differ(left[0], other[0])):
        return False
    return bool(verify(left, other, timeout_seconds=None))


def _differ(known: Any, stated: Any) -> bool:
    """Whether two expressions have different values at one point, so that sympy need not search for a proof.

    That search is what takes long, and it takes longest where there is nothing to find. Of an equation beside an
    expression, math-verify compares the right side.
    """
    from sympy import Eq, Expr, Symbol

    left, other = (side.rhs if isinstance(side, Eq) else side for side in (known, stated))
    is_compared = isinstance(left, Expr) and isinstance(other, Expr) and not (known is not left and stated is not other)
    if not is_compared or isinstance(left, Symbol) or isinstance(other, Symbol):
        return False
    try:
        a, b = (side.evalf(subs={symbol: _at(symbol.name) for symbol in side.free_symbols}) for side in (left, other))
        # A share of both, as sympy's numbers may be too large for Python's.
        apart = abs(complex(((a - b) / (1 + abs(a) + abs(b))).evalf()))
    except (TypeError, ValueError, ArithmeticError, AttributeError, RuntimeError):
        return False
    return apart > _TOLERANCE


def _at(name: str) -> float:
    """A number for a variable, one for each name."""
    return 0.6 + zlib.crc32(name.encode()) % 9973 / 9973


def are_equal(stated: str, known: str, *, with_numbers: bool = True) -> bool:
    """Say whether two answers are the same. Without numbers, only the same words are."""
    if words(stated) == words(known):
        return True
    if not with_numbers:
        return False
    left, other = numbers.parse(stated), numbers.parse(known)
    if left is not None and other is not None:
        return numbers.are_equal(left, other)
    return same_formula(stated, known)


def words(text: str) -> str:
    """A text without case, spacing and the signs that only dress it."""
    plain = text.replace("\u2212", "-")
    for _ in range(_NESTED):
        plain, n = _STYLED.subn(r"\1", plain)
        if n == 0:
            break
    return " ".join(plain.split()).lstrip(" $*`\"'").rstrip(" $*`.!\"'").casefold()
