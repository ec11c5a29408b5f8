"""Which formulas are small enough for sympy, which has no limits of its own and may think for hours."""

import math
import re
from itertools import accumulate

_COMMAND = re.compile(
    r"[dt]?frac|sqrt|pi|cdot|times|div|left|right|text|mathrm|mathbf|textbf|pm|infty|cup|cap|in|leq?|geq?|[lg]t|neq?"
    r"|degree|circ|theta|alpha|beta|gamma|lambda|mu|sin|cos|tan|ln|log"
)
_LETTER = re.compile(r"theta|alpha|beta|gamma|lambda|mu")
_FUNCTION = re.compile(r"sin|cos|tan|ln|log")
_ROOT = re.compile(r"\\sqrt|√|\^\s*\{?\(?-?[0-9]*\s*[./]")
_RELATION = re.compile(r"[=<>≤≥≠]|\\(?:leq?|geq?|[lg]t|neq?)(?![a-zA-Z])")
_UNION = re.compile(r"\\cup|\\cap|[∪∩]")
_TEXT = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{[^{}]*\}")
_EXPONENT = re.compile(r"(?:\^|\*\*)\s*(?P<power>\{[^{}]*\}|\([^()]*\)|-?[0-9]+|[a-z])?", re.IGNORECASE)
_POWER_OF_POWER = re.compile(r"\^\s*(?:\{[^{}]*\}|[0-9]+|\w)\s*\)*\s*(?:\^|\*\*)|\*\*\s*[0-9]+\s*\)*\s*(?:\^|\*\*)")
_LONGEST, _LONGEST_NUMBER, _DEEPEST = 120, 40, 6
"""Characters; digits of a number; brackets in brackets."""
_REFUSED = re.compile(rf"[!\"'@#&;?_]|[0-9]{{{_LONGEST_NUMBER}}}|sqrt\s*\[[^\]]{{2}}")
"""Factorials, matrices, indices, what is no mathematics; endless numbers; roots of a high degree."""
_MOST_POWERS, _LARGEST_POWER, _MOST_TERMS = 6, 16, 500
"""Powers; the sum of their exponents; terms of a polynomial of so many variables and that degree."""
_MOST_UNIONS, _MOST_IN_EQUATIONS, _LARGEST_IN_EQUATIONS = 4, 3, 4
"""Unions and sections of sets; variables of an equation; an exponent in it, half of the sum of all."""
_MOST_FUNCTIONS, _MOST_IN_FUNCTIONS, _MOST_ROOTS = 3, 2, 4
"""Sines, logarithms and the like; variables where there are any; roots."""


def _variables(text: str) -> set[str]:
    """The letters a formula calculates with; not those of commands and words, nor i, e and pi."""
    plain = _TEXT.sub(" ", text)
    greek = {command for command in re.findall(r"\\([a-zA-Z]+)", plain) if _LETTER.fullmatch(command)}
    plain = re.sub(rf"\\[a-zA-Z]+|(?:{_FUNCTION.pattern}|sqrt|pi|frac)", " ", plain)
    return greek | {letter for letter in re.findall(r"[^\W\d_]", plain) if letter not in "ieπ"}


def has_relation(text: str) -> bool:
    """Say whether it is an equation or an inequality."""
    return _RELATION.search(text) is not None


def are_small(first: str, other: str) -> bool:
    """Say whether neither formula, nor comparing them, can take long."""
    return _is_small(first) and _is_small(other) and _is_simple(f"{first} {other}")


def _is_small(text: str) -> bool:
    """Whether it is short, has few and small powers, none of a power, and no big operators."""
    if not text or len(text) > _LONGEST or _REFUSED.search(text):
        return False
    if any(not _COMMAND.fullmatch(command) for command in re.findall(r"\\([a-zA-Z]+)", text)):
        return False
    powers = [power["power"] for power in _EXPONENT.finditer(text)]
    if len(powers) > _MOST_POWERS or None in powers or _POWER_OF_POWER.search(text) or _depth(text) > _DEEPEST:
        return False
    return not any(re.search(r"\^|\*\*|\\sqrt", power) for power in powers) and _degree(text) <= _LARGEST_POWER


def _is_simple(text: str) -> bool:
    """Whether few variables stand in high powers, in functions or in equations, which sympy solves."""
    n, degree, functions = len(_variables(text)), _degree(text), len(_FUNCTION.findall(text))
    if functions > _MOST_FUNCTIONS or len(_ROOT.findall(text)) > _MOST_ROOTS or (functions and n > _MOST_IN_FUNCTIONS):
        return False
    unions, odd_roots = len(_UNION.findall(text)), len(_ROOT.findall(text.replace(r"\sqrt{", "")))
    if unions > _MOST_UNIONS or (unions and (odd_roots or (n and not _is_condition(text, n, degree)))):
        return False
    if n and has_relation(text) and (functions or n > _MOST_IN_EQUATIONS or not _is_solvable(text)):
        return False
    return math.comb(degree + n, n) <= _MOST_TERMS


def _is_condition(text: str, n: int, degree: int) -> bool:
    """Whether sets of numbers are those of one variable, as in `x > 2` or `x \\in (1, 2)`."""
    is_said = has_relation(text) or re.search(r"\\in(?![a-zA-Z])|∈", text) is not None
    return is_said and n == 1 and not degree and not _ROOT.search(text) and not _FUNCTION.search(text)


def _is_solvable(text: str) -> bool:
    """Whether equations are such as sympy solves at once: powers few, low and whole, a root of one variable only."""
    powers = [power["power"].strip("{()} ") for power in _EXPONENT.finditer(text)]
    is_low = all(power.isdecimal() and int(power) <= _LARGEST_IN_EQUATIONS for power in powers)
    return (
        is_low
        and _degree(text) <= 2 * _LARGEST_IN_EQUATIONS
        and not _ROOT.search(text.replace(r"\sqrt{", "", int(len(_variables(text)) == 1)))
    )


def _degree(text: str) -> int:
    """The sum of all exponents."""
    powers = [power["power"] or "" for power in _EXPONENT.finditer(text)]
    return sum(int(number) for power in powers for number in re.findall(r"[0-9]+", power))


def _depth(text: str) -> int:
    """How deep the deepest bracket is."""
    return max(accumulate((sign in "({[") - (sign in ")}]") for sign in text), default=0)
