"""Clusters of vectors by mini-batch k-means, and the words that tell them apart.

Sculley 2010, "Web-scale k-means clustering".
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

FEWEST, MOST = 2, 32
OF_ONE = 25
"""So many samples a cluster has on average, where that makes no more than `MOST` of them."""
BATCH, STEPS = 1_024, 150
SEEDED_FROM = 4_096
WORDS = 6
FUNCTION_WORDS = """
about after all also am an and any are as at be because been before being but by can could did do does for from had
has have he her here him his how if in into is it its just may me more most my no nor not of on one only or other
our out over she should so some such than that the their them then there these they this those through to too up us
very was we were what when where which while who why will with would you your
"""
"""English words that are in texts about anything."""
_IN_ANY_TEXT = frozenset(FUNCTION_WORDS.split())

Matrix = NDArray[numpy.float32]
Numbers = NDArray[numpy.int64]


def number_of(count: int) -> int:
    """How many clusters so many samples make; no more than there are samples."""
    return min(count, max(FEWEST, min(MOST, count // OF_ONE)))


def centers(vectors: NDArray[Any], number: int, *, seed: int = 0) -> Matrix:
    """The directions of so many clusters. Vectors have the length 1, so the closest has the largest product."""
    drawn = numpy.random.default_rng(seed)
    means = _spread(_some(vectors, SEEDED_FROM, drawn), number, drawn)
    counts = numpy.zeros(number)
    for _ in range(STEPS):
        batch = _some(vectors, BATCH, drawn)
        places = closest(batch, means)
        for place in numpy.unique(places):
            of_place = batch[places == place]
            counts[place] += len(of_place)
            # A mean of all that came so far: each step moves it less.
            means[place] += (of_place.mean(axis=0) - means[place]) * len(of_place) / counts[place]
        means = _unit(means)
    return means


def closest(vectors: NDArray[Any], means: Matrix) -> Numbers:
    """The number of the closest cluster of each vector."""
    return numpy.argmax(numpy.asarray(vectors, dtype=numpy.float32) @ means.T, axis=1)


def by_size(places: Numbers, means: Matrix) -> tuple[Numbers, Matrix]:
    """The same clusters, numbered from the largest on."""
    order = numpy.argsort(-numpy.bincount(places, minlength=len(means)), kind="stable")
    return numpy.argsort(order, kind="stable")[places], means[order]


def _some(vectors: NDArray[Any], most: int, drawn: numpy.random.Generator) -> Matrix:
    number = len(vectors)
    places = numpy.sort(drawn.choice(number, most, replace=False)) if number > most else numpy.arange(number)
    return numpy.asarray(vectors[places], dtype=numpy.float32)


def _spread(some: Matrix, number: int, drawn: numpy.random.Generator) -> Matrix:
    """First means that are far from each other (k-means++, Arthur and Vassilvitskii 2007)."""
    means = [some[drawn.integers(len(some))]]
    away = numpy.full(len(some), numpy.inf)
    while len(means) < number:
        away = numpy.minimum(away, numpy.clip(1 - some @ means[-1], 0, None) ** 2)
        total = float(away.sum())
        place = drawn.choice(len(some), p=away / total) if total > 0 else drawn.integers(len(some))
        means.append(some[place])
    return _unit(numpy.array(means, dtype=numpy.float32))


def _unit(rows: Matrix) -> Matrix:
    length = numpy.linalg.norm(rows, axis=1, keepdims=True)
    unit: Matrix = (rows / numpy.where(length > 0, length, 1)).astype(numpy.float32)
    return unit


def distinctive(counts: Sequence[Counter[str]], sizes: Sequence[int], most: int = WORDS) -> list[list[str]]:
    """The words of each cluster by tf-idf: in many of its samples, in few of all, and in fewer of the others'.

    `counts`: in how many samples of the cluster each word is; `sizes`: of how many. A word of one sample alone tells of
    no cluster.
    """
    everywhere: Counter[str] = Counter()
    for counted in counts:
        everywhere.update(counted)
    number = sum(sizes)
    named: list[list[str]] = []
    for counted, size in zip(counts, sizes, strict=True):
        shares = {word: n / size for word, n in counted.items() if n > 1 and n / size > everywhere[word] / number}
        worths = {word: share * math.log(number / everywhere[word]) for word, share in shares.items()}
        named.append(sorted(worths, key=lambda word: (-worths[word], word))[:most])
    return named


def told_words(words: Iterable[str]) -> set[str]:
    """The words of a text that may name a cluster: numbers, single letters and function words tell nothing."""
    return {word for word in words if len(word) > 1 and not word.isdecimal() and word not in _IN_ANY_TEXT}
