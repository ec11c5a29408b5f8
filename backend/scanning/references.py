"""Texts that training rows must not hold: held-out prompts, their answers, and what a user gives as a file."""

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
ENDS = ".,;:!?()[]\"'“”‘’„…"
"""What stands at words without being of them; signs within a calculation are words."""


class Reference(NamedTuple):
    """A text by its kind. `is_answer`: it answers a prompt."""

    kind: FindingKind
    text: str
    is_answer: bool = False


class Overlap(NamedTuple):
    """Words of a reference that stand in a text; `number`: which reference."""

    kind: FindingKind
    number: int
    words: str


class References:
    """Finds reference texts in others: whole, or a run of so many words of a longer one.

    Of texts it keeps the words of whole ones that are looked for, and eight bytes and a number for each run.
    """

    def __init__(self, references: Iterable[Reference], run_words: int) -> None:
        import numpy  # noqa: PLC0415 - slow to import

        self.run_words, self.kinds = run_words, list[FindingKind]()
        whole: Whole = defaultdict(list)
        keys, owners = list[Any](), list[Any]()
        for number, reference in enumerate(references):
            self.kinds.append(reference.kind)
            words = words_of(reference.text)
            if len(words) >= (SHORTEST_ANSWER if reference.is_answer else SHORTEST):
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
        at = dict.fromkeys(sorted(self._whole.within(words)), 0)
        here = runs(words, self.run_words)
        if len(here) and len(self._keys):
            places = self._keys.searchsorted(here).clip(max=len(self._keys) - 1)
            for place in (self._keys[places] == here).nonzero()[0].tolist():
                at.setdefault(int(self._owners[places[place]]), place)
        return [Overlap(self.kinds[n], n, " ".join(words[start : start + SHOWN])) for n, start in at.items()]


def words_of(text: str) -> list[str]:
    """The words of a text without case, and without the punctuation around them."""
    return [bare for word in normal(text).split() if (bare := word.strip(ENDS))]
