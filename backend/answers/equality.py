"""Whether two answers are the same: numbers exactly, formulas by math-verify, everything else by its words."""

import logging
import re
from functools import lru_cache
from itertools import accumulate

from backend.answers import numbers

_COMMAND = re.compile(
    r"[dt]?frac|sqrt|pi|cdot|times|div|left|right|text|mathrm|mathbf|textbf|pm|infty|cup|cap|in|leq?|geq?|[lg]t|neq?"
    r"|degree|circ|theta|alpha|beta|gamma|lambda|mu|sin|cos|tan|ln|log"
)
_EXPONENT = re.compile(r"(?:\^|\*\*)\s*(?P<power>\{[^{}]*\}|\([^()]*\)|-?[0-9]+|[a-z])?", re.IGNORECASE)
_LONGEST, _MOST_POWERS, _LARGEST_POWER, _LONGEST_NUMBER, _DEEPEST = 120, 6, 16, 40, 6
"""Characters; powers, and the sum of their exponents; digits of a number; brackets in brackets."""


def is_formula(text: str) -> bool:
    """Say whether a text is written in the signs of mathematics and no words."""
    if re.search(r":|[0-9]-[0-9]+-[0-9]", text):
        return False  # a time, a ratio, a date
    plain = re.sub(r"\\(?:text|mathrm|mathbf|textbf)\s*\{[^{}]*\}|\\[a-z]+", " 1 ", text, flags=re.IGNORECASE)
    return bool(re.search(r"[0-9\\^=+*/(]", text)) and not re.search(r"[^\W\d_]{3}", plain)


def same_formula(said: str, known: str) -> bool:
    """Say whether math-verify takes two formulas as equal; False for what is too long or large to be calculated."""
    one, other = _plain(said), _plain(known)
    return _is_small(one) and _is_small(other) and _verified(one, other)


def _plain(text: str) -> str:
    return text.strip().strip("*`").strip().rstrip(".").strip("$").strip()


def _is_small(text: str) -> bool:
    """Whether nothing in it can take long: short, few and small powers, none of a power, no big operators."""
    if not text or len(text) > _LONGEST or re.search(rf"[!\"'@#&;?_]|[0-9]{{{_LONGEST_NUMBER}}}", text):
        return False
    if any(not _COMMAND.fullmatch(command) for command in re.findall(r"\\([a-zA-Z]+)", text)) or not is_formula(text):
        return False
    powers = list(_EXPONENT.finditer(text))
    if len(powers) > _MOST_POWERS or any(power["power"] is None for power in powers):
        return False
    if re.search(r"\^\s*(?:\{[^{}]*\}|[0-9]+|\w)\s*\)*\s*(?:\^|\*\*)|\*\*\s*[0-9]+\s*\)*\s*(?:\^|\*\*)", text):
        return False
    exponents = [number for power in powers for number in re.findall(r"[0-9]+", power["power"])]
    nested = any(re.search(r"\^|\*\*|\\sqrt", power["power"]) for power in powers)
    return not nested and sum(map(int, exponents)) <= _LARGEST_POWER and _depth(text) <= _DEEPEST


def _depth(text: str) -> int:
    """How deep the deepest bracket is."""
    return max(accumulate((sign in "({[") - (sign in ")}]") for sign in text), default=0)


@lru_cache(maxsize=4096)
def _verified(said: str, known: str) -> bool:
    """Without the library's time limits: they are signals, which only the main thread may set."""
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    from math_verify import parse, verify

    one, other = (parse(f"${text}$", parsing_timeout=None) for text in (known, said))
    return bool(one and other) and bool(verify(one, other, timeout_seconds=None))


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
