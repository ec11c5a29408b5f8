"""How well what was seen of items tells gold items from others: a classifier over everything, and every single column.

A sighting is any JSON. It becomes columns: of each place in it whether it is there, its number, its length, and its word.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

FOLDS, ROUNDS, PENALTY = 5, 30, 3.0
CHOSEN = 12
"""So many columns, those that tell most among the items learned from, are in the regression: more drown each other."""
DEALT = 2_000
MOST_WORDS = 12
"""A place with more words than this holds texts or names, which are told by their length."""
Numbers = NDArray[numpy.float64]


def columns(sightings: Sequence[Any]) -> tuple[list[str], Numbers]:
    """The columns of these sightings, standardised; those that say the same of all are left out."""
    rows = [dict(_flat(sighting, "")) for sighting in sightings]
    places = sorted({place for row in rows for place in row})
    fields: dict[str, list[float]] = {}
    for place in places:
        values = [row.get(place) for row in rows]
        fields[f"{place} is there"] = [float(place in row) for row in rows]
        fields[place] = [float(value) if isinstance(value, int | float) else 0.0 for value in values]
        fields[f"{place} length"] = [float(len(value)) if isinstance(value, str) else 0.0 for value in values]
        words = sorted({value for value in values if isinstance(value, str)})
        if len(words) <= MOST_WORDS:
            fields |= {f"{place} = {word}": [float(value == word) for value in values] for word in words}
    names = [name for name, column in fields.items() if len(set(column)) > 1]
    table = numpy.array([fields[name] for name in names]).T
    return names, (table - table.mean(0)) / table.std(0)


def _flat(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, number in value.items():
            yield from _flat(number, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        yield f"{place} number", len(value)
        for number in value[:1]:
            yield from _flat(number, f"{place}[0]")
    else:
        yield place, value


def scores(table: Numbers, truth: Numbers, items: Sequence[int]) -> Numbers:
    """Of each sighting how likely it is gold, learned from other items only: logistic regression, ridge, cross-validated."""
    folds = numpy.array([hash((item, 7)) % FOLDS for item in items])
    values = numpy.zeros(len(truth))
    for fold in range(FOLDS):
        train = folds != fold
        if train.all():
            continue
        places = numpy.array([_places(column) for column in table[train].T]).T
        best = numpy.argsort(-abs(_areas(places, truth[train]) - 0.5))[:CHOSEN]
        weights = _fit(numpy.c_[table[train][:, best], numpy.ones(train.sum())], truth[train])
        values[~train] = numpy.c_[table[~train][:, best], numpy.ones((~train).sum())] @ weights
        # Folds have cuts of their own: only the order within one counts.
        values[~train] -= values[~train].mean()
    return values


def _fit(table: Numbers, truth: Numbers) -> Numbers:
    weights = numpy.zeros(table.shape[1])
    for _ in range(ROUNDS):
        chance = 1 / (1 + numpy.exp(-numpy.clip(table @ weights, -30, 30)))
        slope = table.T @ (chance - truth) + PENALTY * weights
        bend = (table.T * (chance * (1 - chance))) @ table + PENALTY * numpy.eye(table.shape[1])
        weights -= numpy.linalg.solve(bend, slope)
    return weights


def area(numbers: Numbers, truth: Numbers) -> float:
    """The area under the ROC curve: how often a gold sighting stands above another; equal ones count half."""
    return float(_areas(_places(numbers)[:, None], truth)[0])


def _places(numbers: Numbers) -> Numbers:
    """The rank of each value; equal ones share the middle of theirs."""
    _, place, counts = numpy.unique(numbers, return_inverse=True, return_counts=True)
    middle: Numbers = (numpy.cumsum(counts) - (counts - 1) / 2)[place]
    return middle


def _areas(places: Numbers, truth: Numbers) -> Numbers:
    """The area of each column of ranks."""
    number = truth.sum()
    numbers: Numbers = (truth @ places - number * (number + 1) / 2) / (number * (len(truth) - number))
    return numbers


def interval(numbers: Numbers, truth: Numbers, items: Sequence[int], *, share: float) -> tuple[float, float]:
    """The interval of the area by bootstrap over items, because sightings of one item are alike."""
    chance, ids = numpy.random.default_rng(1), numpy.array(items)
    of = {item: numpy.flatnonzero(ids == item) for item in set(items)}
    known = [item for item in of if truth[of[item][0]] == 1]
    others = [item for item in of if truth[of[item][0]] == 0]
    areas = []
    for _ in range(1_000):
        drawn = [*chance.choice(known, len(known)), *chance.choice(others, len(others))]
        rows = numpy.concatenate([of[item] for item in drawn])
        areas.append(area(numbers[rows], truth[rows]))
    low, high = numpy.quantile(areas, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def best_column(names: Sequence[str], table: Numbers, truth: Numbers, items: Sequence[int]) -> tuple[str, float, float]:
    """The column that tells most, its area, and how often chance would do as well: gold dealt anew among the items."""
    chance, ids = numpy.random.default_rng(2), sorted(set(items))
    number = len({item for item, is_gold in zip(items, truth, strict=True) if is_gold})
    places = numpy.array([_places(column) for column in table.T]).T
    far = abs(_areas(places, truth) - 0.5)
    as_good = 0
    for _ in range(DEALT):
        known = set(chance.choice(ids, number, replace=False))
        dealt = numpy.array([float(item in known) for item in items])
        as_good += abs(_areas(places, dealt) - 0.5).max() >= far.max() - 1e-9
    return names[int(far.argmax())], 0.5 + float(far.max()), (as_good + 1) / (DEALT + 1)
