"""Runs of words as numbers, so that those of many texts are looked up at once."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import uint64
    from numpy.typing import NDArray

BASE = 0x9E3779B97F4A7C15
INVERSE = pow(BASE, -1, 2**64)


def runs(words: list[str], length: int) -> "NDArray[uint64]":
    """Return a 64-bit number for each run of so many words, in order; the same words have the same number.

    They are polynomials over the words' hashes, modulo 2**64, and hold within one process.
    """
    import numpy

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
