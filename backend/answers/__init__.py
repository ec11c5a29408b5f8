"""Read the final answer out of a text, and write it so that equal answers are equal strings."""

import re
from collections import deque
from fractions import Fraction

_BOXED = re.compile(r"\\boxed\s*\{")
_MARKER = re.compile(r"####|\banswer(?:\s+is\b|\s*:)", re.IGNORECASE)
_NUMBER = re.compile(r"([-+]?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,30})(\.[0-9]{1,30})?(?:/([0-9]{1,30}))?")


def extract(text: str, pattern: str = "") -> str | None:
    """Return the answer a text gives, or None.

    With a pattern: its last match, of that the group `answer`, else the first group, else all of it.
    Without: what the last `\\boxed{...}` holds, else the rest of the line after the last `####`,
    `answer is` or `answer:`, else the last line that is not empty.
    """
    found = _matched(text, pattern) if pattern else _final_answer(text)
    return (found or "").strip() or None


def normalise(answer: str, *, numbers: bool = True) -> str:
    """Write an answer in one form: no case, spacing, `$` or final full stops; with `numbers`, `1,000.0` as `1000`."""
    plain = " ".join(answer.replace("\u2212", "-").split()).lstrip(" $*`").rstrip(" $*`.").casefold()
    return _number(plain) if numbers else plain


def last_match(pattern: str, text: str) -> re.Match[str] | None:
    """Return the last match in a text, None where there is none."""
    return next(iter(deque(re.finditer(pattern, text), maxlen=1)), None)


def check_pattern(pattern: str) -> str:
    """Return the pattern; raise ValueError when it is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"The pattern {pattern!r} is no regular expression: {error}. Correct it or leave it empty."
        ) from error
    return pattern


def _matched(text: str, pattern: str) -> str | None:
    match = last_match(pattern, text)
    if match is None:
        return None
    if "answer" in match.re.groupindex:
        return match["answer"]
    return match[1] if match.re.groups else match[0]


def _final_answer(text: str) -> str | None:
    boxes = list(_BOXED.finditer(text))
    if boxes:
        return _until_closed(text[boxes[-1].end() :])
    markers = list(_MARKER.finditer(text))
    if markers:
        rest = text[markers[-1].end() :].lstrip(" \t\r\n:*")
        return rest.splitlines()[0] if rest else None
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else None


def _until_closed(text: str) -> str | None:
    """What stands before the brace that closes; None where none does, as in a text that was cut off."""
    depth = 1
    for at, symbol in enumerate(text):
        depth += (symbol == "{") - (symbol == "}")
        if depth == 0:
            return text[:at]
    return None


def _number(text: str) -> str:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    sign, whole, decimals, denominator = match.groups()
    if denominator is not None and int(denominator) == 0:
        return text
    value = Fraction(sign + whole.replace(",", "") + (decimals or "")) / int(denominator or 1)
    return str(value)
