"""Texts that training rows must not hold: held-out prompts, their answers, and what a user gives as a file."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from backend.overlap import Whole, WholeTexts, runs
from backend.sameness import normal
from backend.scanning import FindingKind

SHORTEST = 4
"""Words from which a text is looked for whole, as the warning on held-out leaks does."""
SHORTEST_ANSWER = 8
"""Words from which an answer is: short ones stand everywhere."""
COMMON = 3
"""A run of words that more reference texts than this have comes from their template, and tells nothing."""
SHOWN = 12
WORD = re.compile(r"\S+")
ENDS = ".,;:!?()[]\"'“”‘’„…"
"""What stands at words without being of them; signs within a calculation are words."""


class Reference(NamedTuple):
    """A text by its kind. `is_answer`: it answers a prompt."""

    kind: FindingKind
    text: str
    is_answer: bool = False


class Overlap(NamedTuple):
    """Words of a reference that stand in a text, from `start` up to `end`; `number`: which reference.

    `digest`: of the reference's words, all of them; texts with the same words have the same.
    """

    kind: FindingKind
    number: int
    start: int
    end: int
    digest: str


class References:
    """Finds reference texts in others: whole, or a run of so many words of a longer one.

    Of texts it keeps the words of whole ones that are looked for, eight bytes and a number for each run, and a digest.
    """

    def __init__(self, references: Iterable[Reference], run_words: int) -> None:
        import numpy  # noqa: PLC0415 - slow to import

        self.run_words, self.kinds, self._digests = run_words, list[FindingKind](), list[bytes]()
        self.num_uncompared = 0
        """Texts too short to be looked for: they stand everywhere."""
        whole: Whole = defaultdict(list)
        keys, owners = list[Any](), list[Any]()
        for number, reference in enumerate(references):
            self.kinds.append(reference.kind)
            words = words_of(reference.text)
            self._digests.append(hashlib.sha256(" ".join(words).encode()).digest())
            is_whole = len(words) >= (SHORTEST_ANSWER if reference.is_answer else SHORTEST)
            self.num_uncompared += not is_whole and len(words) < run_words
            if is_whole:
                whole[tuple(words)].append(number)
            if len(here := numpy.unique(runs(words, run_words))):
                keys.append(here)
                owners.append(numpy.full(len(here), number, dtype=numpy.int64))
        self._whole = WholeTexts(whole, SHORTEST)
        every = numpy.concatenate(keys) if keys else numpy.zeros(0, dtype=numpy.uint64)
        self._keys, first, counts = numpy.unique(every, return_index=True, return_counts=True)
        self._owners = numpy.concatenate(owners)[first] if owners else numpy.zeros(0, dtype=numpy.int64)
        rare = counts <= COMMON
        self._keys, self._owners = self._keys[rare], self._owners[rare]

    def __len__(self) -> int:
        return len(self.kinds)

    def overlaps(self, text: str) -> list[Overlap]:
        """Return the references whose words stand in a text, each once."""
        if not self.kinds:
            return []
        words = words_of(text)
        at = dict(sorted(self._whole.within(words).items()))
        here = runs(words, self.run_words)
        if len(here) and len(self._keys):
            places = self._keys.searchsorted(here).clip(max=len(self._keys) - 1)
            for place in (self._keys[places] == here).nonzero()[0].tolist():
                at.setdefault(int(self._owners[places[place]]), place)
        if not at:
            return []
        ends = places_of_words(text)
        return [
            Overlap(
                self.kinds[n], n, ends[start][0], ends[min(start + SHOWN, len(words)) - 1][1], self._digests[n].hex()
            )
            for n, start in at.items()
        ]


def words_of(text: str) -> list[str]:
    """The words of a text without case, and without the punctuation around them."""
    return [bare for word in normal(text).split() if (bare := word.strip(ENDS))]


def places_of_words(text: str) -> list[tuple[int, int]]:
    """Where each of `words_of` stands in the text as it was written."""
    return [match.span() for match in WORD.finditer(text) for _ in words_of(match[0])]
