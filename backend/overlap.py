"""Runs of words as numbers, so that those of many texts are looked up at once; and texts that stand whole in others."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import uint64
    from numpy.typing import NDArray

Words = list[str]
Whole = dict[tuple[str, ...], list[int]]
"""Texts by their words, each with the ids of what it is the text of."""

BASE = 0x9E3779B97F4A7C15
INVERSE = pow(BASE, -1, 2**64)


def runs(words: list[str], length: int) -> "NDArray[uint64]":
    """Return a 64-bit number for each run of so many words, in order; the same words have the same number.

    They are polynomials over the words' hashes, modulo 2**64, and hold within one process.
    """
    import numpy  # noqa: PLC0415 - slow to import

    n = len(words)
    if n < length:
        return numpy.zeros(0, dtype=numpy.uint64)
    hashes = numpy.fromiter((hash(word) & 0xFFFFFFFFFFFFFFFF for word in words), dtype=numpy.uint64, count=n)
    powers = numpy.cumprod(numpy.full(n, BASE, dtype=numpy.uint64), dtype=numpy.uint64)
    sums = numpy.concatenate([numpy.zeros(1, numpy.uint64), numpy.cumsum(hashes * powers, dtype=numpy.uint64)])
    # The sum over a run begins with the power of its place, which is divided off.
    back = numpy.cumprod(numpy.full(n - length + 1, INVERSE, dtype=numpy.uint64), dtype=numpy.uint64)
    sums_of_runs: NDArray[uint64] = (sums[length:] - sums[:-length]) * back
    return sums_of_runs


class WholeTexts:
    """Finds texts, as held-out prompts, within longer ones by that of their runs of words which the fewest have.

    Prompts that are written from one template share most of their runs, and differ in this one.
    """

    def __init__(self, whole: Whole, shortest: int) -> None:
        import numpy  # noqa: PLC0415 - slow to import

        self.shortest = shortest
        long = [(words, ids, runs([*words], shortest).tolist()) for words, ids in whole.items()]
        prompts = Counter(run for _, _, here in long for run in {*here})
        self.places = defaultdict[int, list[tuple[int, tuple[str, ...], list[int]]]](list)
        for words, ids, here in long:
            if here:
                at = min(range(len(here)), key=lambda place: prompts[here[place]])
                self.places[here[at]].append((at, words, ids))
        self.keys: Any = numpy.array(sorted(self.places), dtype=numpy.uint64)

    def within(self, words: Words) -> dict[int, int]:
        """Return the ids of the texts that stand in this one, each with the place of its first word there."""
        here = runs(words, self.shortest)
        if not len(here) or not len(self.keys):
            return {}
        near = self.keys[self.keys.searchsorted(here).clip(max=len(self.keys) - 1)]
        places = dict[int, int]()
        for start in (near == here).nonzero()[0].tolist():
            for at, wanted, ids in self.places[int(here[start])]:
                if start >= at and tuple(words[start - at : start - at + len(wanted)]) == wanted:
                    for id_ in ids:
                        places.setdefault(id_, start - at)
        return places
