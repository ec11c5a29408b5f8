"""Where in a text a search finds what it looks for: the text in pieces, and what stands around the first place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from time import monotonic

import regex

from backend.db.folding import folded
from backend.db.search import Patience, Query, Term, compiled, parse

SECONDS = 0.5
"""So long is looked for places in all texts of a page; what was found until then is marked."""
LOOKED_AT = 50_000
"""So many characters of a text are looked through."""
MOST = 500
"""So many places are marked in one text."""
BEGINNING = 8_000
"""An excerpt of words is looked for in so much of a text first."""
EXCERPT, BEFORE = 120, 16
"""Characters of an excerpt, and of it before the first place: a cell of a table shows its beginning."""

UNITS = regex.compile(r"\s+|[!-~]+(?!\p{M})|\X")
"""What is folded at once: blanks, plain characters, or one character with its marks."""
BLANKS = regex.compile(r"\s+")
RUNS = re.compile(r"\s{2,}")
"""What is shorter once it is folded, in a text of ASCII characters."""

Place = tuple[int, int]


@dataclass(frozen=True)
class TextPiece:
    """A part of a text, and whether it is what the search found."""

    text: str
    is_found: bool = False


@dataclass(frozen=True)
class ShownSearch:
    """A search, to be shown in the texts that it found."""

    query: Query
    patience: Patience = field(compare=False)

    @classmethod
    def of(cls, search: str, patience: Patience | None = None) -> "ShownSearch | None":
        """None without a search; raises `InvalidInput` as the search itself does. Others may share the `patience`."""
        patience = patience or Patience(SECONDS)
        return cls(parse(search, patience), patience) if search.strip() else None

    def pieces(self, text: str) -> tuple[TextPiece, ...]:
        """The whole text in pieces."""
        return tuple(_cut(text, self.places(text)))

    def excerpt(self, text: str) -> tuple[TextPiece, ...]:
        """One line of the text around the first place; empty where there is none, as beyond `LOOKED_AT`."""
        places = [] if self.query.pattern else self.places(text[:BEGINNING])
        # A place near the cut may be longer, or none.
        if not places or places[0][0] > BEGINNING // 2:
            places = self.places(text)
        if not places:
            return ()
        start = max(0, places[0][0] - BEFORE)
        blank = BLANKS.search(text, start, places[0][0]) if start else None
        start = blank.end() if blank else start
        end = min(len(text), max(start + EXCERPT, min(places[0][1], start + 2 * EXCERPT)))
        inside = [(max(low, start) - start, min(high, end) - start) for low, high in places if low < end]
        pieces = [TextPiece(BLANKS.sub(" ", piece.text), piece.is_found) for piece in _cut(text[start:end], inside)]
        left_out = TextPiece("…")
        return (*([left_out] if start else []), *pieces, *([left_out] if end < len(text) else []))

    def places(self, text: str) -> list[Place]:
        """Beginnings and ends in order; none touches the next."""
        if self.patience.left <= 0:
            return []
        text, start = text[:LOOKED_AT], monotonic()
        spans = self._by_pattern(text) if self.query.pattern else _by_terms(self.query.terms, text)
        self.patience.left -= monotonic() - start
        merged: list[Place] = []
        for low, high in sorted(spans):
            if merged and low <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(high, merged[-1][1])
            else:
                merged.append((low, high))
        return merged[:MOST]

    def _by_pattern(self, text: str) -> list[Place]:
        spans: list[Place] = []
        try:
            for match in compiled(self.query.pattern).finditer(text, timeout=self.patience.left):
                if match.end() > match.start():
                    spans.append(match.span())
                if len(spans) == MOST:
                    break
        except TimeoutError:
            pass
        return spans


def _by_terms(terms: tuple[Term, ...], text: str) -> list[Place]:
    plain, starts, ends = _folded(text)
    spans: list[Place] = []
    for term in terms:
        for number, match in enumerate(term.row.finditer(plain)):
            if number == MOST:
                break
            spans.append((starts[match.start()], ends[match.end() - 1]))
    return spans


def _folded(text: str) -> tuple[str, list[int], list[int]]:
    """The text as searches compare it, and where each of its characters begins and ends in the text itself."""
    plain: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    if text.isascii():
        at = 0
        for run in RUNS.finditer(text):
            low, high = run.span()
            starts += range(at, low + 1)
            ends += [*range(at + 1, low + 1), high]
            at = high
        return folded(text), [*starts, *range(at, len(text))], [*ends, *range(at + 1, len(text) + 1)]
    for unit in UNITS.finditer(text):
        same = folded(unit[0])
        low, high = unit.span()
        is_alike = len(same) == high - low
        plain.append(same)
        starts += range(low, high) if is_alike else [low] * len(same)
        ends += range(low + 1, high + 1) if is_alike else [high] * len(same)
    return "".join(plain), starts, ends


def _cut(text: str, places: list[Place]) -> Iterator[TextPiece]:
    edges = [0, *(edge for place in places for edge in place), len(text)]
    for number, (low, high) in enumerate(pairwise(edges)):
        if high > low:
            yield TextPiece(text[low:high], is_found=number % 2 == 1)
