"""Keep rows that differ as much as possible."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy
from pydantic import Field

from backend.mixers import Mixer, text_of
from backend.values import Group, Mixture, Past, TrainingRow
from backend.word_vectors import Vectors, counted


class DiverseSubset(Mixer):
    """Of each prompt, or of all rows, keep those picked greedily for distance.

    The first row is kept; then, again and again, the one that is farthest from the nearest row kept so far. A distance
    is 1 less the cosine of two texts' counts of words and signs; of preferences the mean of both sides' distances.
    Before that the rows farthest from the mean of all may be dropped as outliers. Rows with the same distance are taken
    in order, and where there are no more rows than asked for all are kept.
    """

    most: int = Field(4, ge=1, description="rows that are kept, of each prompt or of all")
    of: Literal["prompt", "all"] = Field("prompt", description="each prompt's rows are chosen from, or all rows")
    outliers: float = Field(
        0.0, ge=0, lt=1, description="share of the rows, rounded down, that is dropped first as farthest from the mean"
    )

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        together: dict[int, list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            together[row.example.prompt_id if self.of == "prompt" else 0].append(number)
        kept: set[int] = set()
        dropped = Counter[str]()
        for numbers in together.values():
            vectors = vectors_of([rows[number] for number in numbers])
            inside = without_outliers(vectors, math.floor(self.outliers * len(numbers) + 1e-9))
            chosen = spread_out(vectors[inside], self.most)
            kept |= {numbers[inside[place]] for place in chosen}
            dropped["outlier"] += len(numbers) - len(inside)
            dropped["less different"] += len(inside) - len(chosen)
        return Mixture([rows[number] for number in sorted(kept)], {why: n for why, n in dropped.items() if n})


def vectors_of(rows: Sequence[TrainingRow]) -> Vectors:
    """Return a vector of length 1 for each row, so that a product is a cosine; of two sides half of each side's."""
    if all(row.rejected is None for row in rows):
        # A row of plain text has nothing but what stands in place of its prompt.
        return numpy.stack([counted(row.completion or text_of(row)) for row in rows])
    both = [numpy.concatenate([counted(row.completion), counted(row.rejected or "")]) for row in rows]
    return numpy.stack(both) * numpy.float32(math.sqrt(0.5))


def without_outliers(vectors: Vectors, number: int) -> list[int]:
    """Return the places of the vectors but the `number` farthest from their mean; of equally far ones the last go."""
    near = numpy.round(vectors @ vectors.mean(axis=0), 6)
    order = sorted(range(len(vectors)), key=lambda place: (-near[place], place))
    return sorted(order[: len(vectors) - number])


def spread_out(vectors: Vectors, most: int) -> list[int]:
    """Return up to `most` places: the first, then always the one farthest from the nearest one taken so far."""
    if len(vectors) <= most:
        return list(range(len(vectors)))
    taken = [0]
    least = 1 - vectors @ vectors[0]
    while len(taken) < most:
        least[taken] = -1
        # Rounded, so that equal texts are equally far whatever the order of adding.
        taken.append(int(numpy.round(least, 6).argmax()))
        least = numpy.minimum(least, 1 - vectors @ vectors[taken[-1]])
    return taken
