"""A text as a vector of its words, so that texts can be compared by an angle."""

import zlib
from collections import Counter

import numpy
from numpy.typing import NDArray

from backend.likeness import words

SIZE = 512
"""Length of a text's vector: words are counted at the place that their checksum says."""
Vectors = NDArray[numpy.float32]


def counted(text: str) -> Vectors:
    """The counts of a text's words and signs, divided by their length; nothing but zeros for an empty text."""
    vector = numpy.zeros(SIZE, dtype=numpy.float32)
    for word, count in Counter(words(text, signs=True)).items():
        vector[zlib.crc32(word.encode("utf-8", "surrogatepass")) % SIZE] += count
    length = float(numpy.linalg.norm(vector))
    return vector / numpy.float32(length) if length else vector


def distance(first: str, other: str) -> float:
    """Return 1 less the cosine of two texts' counts of words, 0 to 1; equal texts are 0 apart, blank ones too."""
    if first.strip() == other.strip():
        return 0.0
    return round(1.0 - float(counted(first) @ counted(other)), 6)
