"""Texts that are nearly the same: by the word triples they share, and only where they hold the same numbers."""

import re
import zlib
from array import array
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import islice

from backend.sameness import normal

ALIKE = 0.8
"""Least share of common word triples (Jaccard)."""
LEAST_WORDS = 5
LONGEST = 4000
SKETCH = 64
"""So many smallest hashes stand for a text: the share is exact up to as many triples, and an estimate beyond (Broder
1997, "On the resemblance and containment of documents")."""
KEYS = 4
"""So many of them lead to the texts it is compared with."""
CANDIDATES = 20
_WORD = re.compile(r"\w+")


def triples(text: str) -> tuple[frozenset[int], int]:
    """Hashes of the text's word triples, and one of its numbers; nothing for a text of a few words.

    Texts without blanks between words (Chinese, Japanese, Thai) are cut into characters.
    """
    words = _WORD.findall(normal(text[:LONGEST]))
    if len(words) < LEAST_WORDS:
        words = [c for word in words for c in word] if not all(map(str.isascii, words)) else []
    if len(words) < LEAST_WORDS:
        return frozenset(), 0
    # A hash of whole numbers is the same in every process, one of texts is not.
    spelled = [*map(zlib.crc32, map(str.encode, words))]
    numbers = hash(tuple(sorted(n for word, n in zip(words, spelled, strict=True) if word.isdecimal())))
    return frozenset(map(hash, zip(spelled, spelled[1:], spelled[2:], strict=False))), numbers


class NearDuplicateSets:
    """Texts as they come, each with the first text that it is nearly the same as, directly or through others.

    Of a text 64 hashes are kept, half a kilobyte.
    """

    def __init__(self) -> None:
        self._sketches: list[array[int]] = []
        self._parents: list[int] = []
        self._by_key: dict[Hashable, list[int]] = defaultdict(list)

    def add(self, text: str, asked: Hashable) -> None:
        """Take in a text; asked: what it answers. A text of a few words is like one that says just that to the same."""
        number = len(self._parents)
        runs, numbers = triples(text)
        sketch = array("q", islice(sorted(runs), SKETCH))
        keys: Sequence[Hashable] = [(numbers, key) for key in sketch[:KEYS]] or [(asked, normal(text))]
        self._parents.append(number)
        self._sketches.append(sketch)
        for other in {number for key in keys for number in self._by_key[key][:CANDIDATES]}:
            if alike(sketch, self._sketches[other]) >= ALIKE:
                self._join(other, number)
        for key in keys:
            if len(self._by_key[key]) < CANDIDATES:
                self._by_key[key].append(number)

    def first(self, number: int) -> int:
        """The number of the first text of its near-duplicate set."""
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number

    def __len__(self) -> int:
        return len(self._parents)

    def _join(self, first: int, other: int) -> None:
        low, high = sorted((self.first(first), self.first(other)))
        self._parents[high] = low


def alike(own: Sequence[int], other: Sequence[int]) -> float:
    """Share of common hashes of two sketches (Jaccard), 1 where both are empty."""
    mine, theirs = set(own), set(other)
    union = sorted(mine | theirs)[:SKETCH] if SKETCH in (len(own), len(other)) else mine | theirs
    return sum(n in mine and n in theirs for n in union) / len(union) if union else 1.0
