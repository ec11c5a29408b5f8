"""Where in a text a search finds what it looks for: the text in pieces, and what stands around the first place."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from time import monotonic

import regex

from backend.db.folding import folded
from backend.db.search import Patience, Query, Term, compiled, parse

SECONDS = 0.5
"""A regular expression may look so long for its places in all texts of a page; what it found until then is marked."""
LOOKED_AT = 50_000
"""So many characters of a text are looked through."""
MOST = 500
"""So many places are marked in one text."""
EXCERPT, BEFORE = 120, 16
"""Characters of an excerpt, and of it before the first place: a cell of a table shows its beginning."""

UNITS = regex.compile(r"\s+|[!-~]+(?!\p{M})|\X")
"""What is folded at once: blanks, plain characters, or one character with its marks."""
BLANKS = regex.compile(r"\s+")

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

    @classmethod
    def of(cls, search: str) -> "ShownSearch | None":
        """None without a search; raises `InvalidInput` as the search itself does."""
        return cls(parse(search, Patience(SECONDS))) if search.strip() else None

    def pieces(self, text: str) -> tuple[TextPiece, ...]:
        """The whole text in pieces."""
        return tuple(_cut(text, self.places(text)))

    def excerpt(self, text: str) -> tuple[TextPiece, ...]:
        """One line of the text around the first place; empty where there is none, as beyond `LOOKED_AT`."""
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
        text = text[:LOOKED_AT]
        found = self._by_pattern(text) if self.query.pattern else _by_terms(self.query.terms, text)
        merged: list[Place] = []
        for low, high in sorted(found):
            if merged and low <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(high, merged[-1][1])
            else:
                merged.append((low, high))
        return merged[:MOST]

    def _by_pattern(self, text: str) -> list[Place]:
        patience, found = self.query.patience, list[Place]()
        if patience.left <= 0:
            return found
        start = monotonic()
        try:
            for match in compiled(self.query.pattern).finditer(text, timeout=patience.left):
                if match.end() > match.start():
                    found.append(match.span())
                if len(found) == MOST:
                    break
        except TimeoutError:
            pass
        finally:
            patience.left -= monotonic() - start
        return found


def _by_terms(terms: tuple[Term, ...], text: str) -> list[Place]:
    plain, starts, ends = _folded(text)
    found: list[Place] = []
    for term in terms:
        for number, match in enumerate(term.row.finditer(plain)):
            if number == MOST:
                break
            found.append((starts[match.start()], ends[match.end() - 1]))
    return found


def _folded(text: str) -> tuple[str, list[int], list[int]]:
    """The text as searches compare it, and where each of its characters begins and ends in the text itself."""
    plain: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
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
