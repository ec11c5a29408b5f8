"""Which words around an answer take it back or leave it open: "not 6", "30 or 40", "between 10 and 12"."""

import re

from backend.answers import numbers

_DENIED = re.compile(
    r"(?:\b(?:not|never|cannot)|n['’]t)\s+(?:(?:be|equals?|to|a|an|the|exactly|simply|just|option|choice)\s+)*[\W_]*$",
    re.IGNORECASE,
)
_INSTEAD = re.compile(r"\s*not\b[^.!?\n]{0,80}?\bbut\s+(?:rather\s+|instead\s+)?", re.IGNORECASE)
_OR = re.compile(
    r"[^.!?;\n]{0,30}?(?:\bor\b|\bto\b|[–—])\W*+(?:(?:about|maybe|perhaps|possibly|even|just|only|rather)\s\W*+)?",
    re.IGNORECASE,
)
_AND = re.compile(r"[^.!?;\n]{0,30}?\b(?:and|to)\W*", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:between|from)\W*$", re.IGNORECASE)
TAKEN_BACK = re.compile(r"\b(?:no[, ]+wait|wait|actually|correction|scratch that|i mean|make that)\b", re.IGNORECASE)
_READ = 80
"""Characters before a place that are read."""


def is_denied(text: str, at: int) -> bool:
    """Say whether what begins there is what the answer is not."""
    return _DENIED.search(text[max(0, at - _READ) : at]) is not None


def instead(rest: str) -> str:
    """Of "not 5 but 6" what follows the but; all of it where it does not begin so."""
    match = _INSTEAD.match(rest)
    return rest[match.end() :] if match else rest


def are_alternatives(text: str, first: re.Match[str], other: re.Match[str]) -> bool:
    """Say whether two numbers beside each other leave open which is meant; not so for `1/2 or 0.5`."""
    before, between = text[max(0, first.start() - _READ) : first.start()], text[first.end() : other.start()]
    is_range = _BETWEEN.search(before) is not None and _AND.fullmatch(between) is not None
    if not is_range and _OR.fullmatch(between) is None:
        return False
    values = [numbers.parse(match[0]) for match in (first, other)]
    return values[0] is None or values[1] is None or not numbers.are_equal(values[0], values[1])
