"""What a reply only mentions: an example, a quotation, the form that was asked for, a supposition."""

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice

_ANNOUNCES = re.compile(
    r"\b(?:for example|e\.g\.|for instance|such as|like this|the form|zum beispiel|par exemple|por ejemplo)\b|\u4f8b",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    _ANNOUNCES.pattern + r"|\b(?:examples?|format(?:ted)?|template|instructions?|beispiel|exemple|ejemplo)\b",
    re.IGNORECASE,
)
_RIGHT_BEFORE = re.compile(r"[^\w,]*(?:\w+[^\w,]*)?")
_SUPPOSITION = re.compile(
    r"\b(?:worth|would|could|should|might|may|if|unless|whether|unsure|uncertain|means?|rubric|criteri(?:on|a))\b",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_READ, _MATCHES = 400, 40
"""Characters around a place that are read; matches of a reply that are looked at, those nearest to its verdict."""
_QUOTES = (('"', '"'), ("`", "`"), ("\u201c", "\u201d"), ("\u201e", "\u201c"), ("\u00ab", "\u00bb"))


def nearest(matches: Iterator[re.Match[str]], *, first: bool) -> list[re.Match[str]]:
    """The last matches of a reply, or its first ones: a verdict stands at one end."""
    return list(islice(matches, _MATCHES)) if first else list(deque(matches, maxlen=_MATCHES))


def is_aside(text: str, start: int, end: int, *, only_announced: bool = False) -> bool:
    """Say whether what stands there is quoted, or an example by the words on its line or on the line above.

    With `only_announced`, words on its own line make it an example only where a colon follows them.
    """
    line_start = max(text.rfind("\n", 0, start) + 1, start - _READ)
    before = text[line_start:start]
    if re.match(r"\s*>\s+\w", text[line_start:end]) or _is_quoted(text, line_start, start, end):
        return True
    is_example = _is_example(clause(before), only_announced=only_announced)
    return is_example or _is_introduced(text[max(0, line_start - _READ) : line_start])


def _is_example(words: str, *, only_announced: bool) -> bool:
    """Whether what follows the words is an example.

    A reply may also judge the format or an example it was given: "It follows the instructions, so the score is 4".
    """
    mentions = list(_EXAMPLE.finditer(words))
    if not mentions or re.search(r"[:\uff1a]", words[mentions[0].end() :]):
        return bool(mentions)
    is_next = _RIGHT_BEFORE.fullmatch(words[mentions[-1].end() :]) is not None
    return not only_announced and (is_next or _ANNOUNCES.search(words) is not None)


def is_supposed(text: str, start: int) -> bool:
    """Say whether the sentence until there supposes something."""
    return _SUPPOSITION.search(clause(text[max(text.rfind("\n", 0, start) + 1, start - _READ) : start])) is not None


def is_fenced(text: str, at: int) -> bool:
    """Say whether the place is inside a code fence."""
    return len(_FENCE.findall(text, 0, at)) % 2 == 1


def clause(before: str) -> str:
    """The part of a line since the last sentence or half-sentence ended."""
    return re.split(r"[.!?;]\s", before)[-1]


def _is_quoted(text: str, line_start: int, start: int, end: int) -> bool:
    """Inside quotation marks that open after other words and close on the same line."""
    before, after = text[line_start:start], text[end : end + _READ].split("\n", 1)[0]
    for opening, closing in _QUOTES:
        opened = before.rfind(opening)
        is_open = before.count(opening) % 2 == 1 if opening == closing else opened > before.rfind(closing)
        if is_open and closing in after and re.search(r"\w", before[:opened]):
            return True
    return False


def _is_introduced(above: str) -> bool:
    """Whether the last line with words ends with a colon and speaks of an example."""
    lines = [line for line in above.splitlines() if re.search(r"\w", line)]
    last = lines[-1].rstrip(" \t*_`") if lines else ""
    return last.endswith((":", "\uff1a")) and _EXAMPLE.search(last) is not None
