"""What people said of the same items, counted: as many patterns as there are ways to differ, however many items."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from backend.metrics._agreement import Pattern, Value
from backend.services.decisions.cast_votes import CastVotes
from backend.services.decisions.decision_columns import last_of_each

OF_VERDICT = -10
"""Verdicts are below all that a group's best may be."""


@dataclass(frozen=True)
class Words:
    """One line a word: on which item, whose, which of the values in `domain`, and of which vote, by its place.

    A person has one word on an item.
    """

    item: Any
    user: Any
    code: Any
    vote: Any
    domain: Sequence[Value]

    def __len__(self) -> int:
        return len(self.item)

    def where(self, mask: Any) -> "Words":
        """Those words alone."""
        return Words(self.item[mask], self.user[mask], self.code[mask], self.vote[mask], self.domain)

    def patterns(self) -> Counter[Pattern]:
        """What was said of items on which there are several words, and of how many items; by whom does not matter."""
        counts = Counter[Pattern]()
        for places in self._shared():
            lines, numbers = np.unique(np.sort(self.code[places], axis=1), axis=0, return_counts=True)
            for line, number in zip(lines.tolist(), numbers.tolist(), strict=True):
                counts[tuple(self.domain[code] for code in line)] += number
        return counts

    def pairs(self) -> dict[tuple[int, int], Counter[Pattern]]:
        """What each two people said of the items that both have a word on, by their numbers, the smaller one first."""
        counts: dict[tuple[int, int], Counter[Pattern]] = {}
        users, values = np.unique(self.user), max(1, len(self.domain))
        for places in self._shared():
            people = np.searchsorted(users, self.user[places])
            codes = self.code[places]
            for a, b in combinations(range(places.shape[1]), 2):
                both = ((people[:, a] * len(users) + people[:, b]) * values + codes[:, a]) * values + codes[:, b]
                keys, numbers = np.unique(both, return_counts=True)
                for key, number in zip(keys.tolist(), numbers.tolist(), strict=True):
                    key, second = divmod(key, values)
                    key, first = divmod(key, values)
                    one_of, other = divmod(key, len(users))
                    of_pair = counts.setdefault((int(users[one_of]), int(users[other])), Counter())
                    of_pair[self.domain[first], self.domain[second]] += number
        return dict(sorted(counts.items()))

    def against(self, given: "ItemLabels") -> dict[int, Counter[Pattern]]:
        """What each person said of the items that something was given for, and what that is."""
        codes = given.codes_of(self.item)
        words, codes = self.where(codes >= 0), codes[codes >= 0]
        counts: dict[int, Counter[Pattern]] = {}
        values, others = max(1, len(self.domain)), max(1, len(given.domain))
        users, people = np.unique(words.user, return_inverse=True)
        keys, numbers = np.unique((people * values + words.code) * others + codes, return_counts=True)
        for key, number in zip(keys.tolist(), numbers.tolist(), strict=True):
            key, other = divmod(key, others)
            person, own = divmod(key, values)
            counts.setdefault(int(users[person]), Counter())[self.domain[own], given.domain[other]] += number
        return counts

    def _shared(self) -> Iterator[Any]:
        """The places of the words on items that have several: an array for each number of words, an item a line."""
        order = np.lexsort((self.user, self.item))
        items = self.item[order]
        starts = np.flatnonzero(np.r_[True, items[1:] != items[:-1]]) if len(items) else np.array([], dtype=int)
        sizes = np.diff(np.r_[starts, len(items)])
        for size in np.unique(sizes[sizes > 1]):
            yield order[starts[sizes == size][:, None] + np.arange(size)]


@dataclass(frozen=True)
class ItemLabels:
    """What a judge gave, by item, in order of the items' numbers: the place in `domain`, -1 where it gave nothing."""

    item: Any
    code: Any
    domain: Sequence[Value]

    def codes_of(self, items: Any) -> Any:
        """What was given for these items; -1 for nothing."""
        if not len(self.item):
            return np.full(len(items), -1)
        places = np.minimum(np.searchsorted(self.item, items), len(self.item) - 1)
        return np.where(self.item[places] == items, self.code[places], -1)


def last_words(votes: CastVotes) -> Words:
    """The verdict of each vote on a sample, and which sample each on a group puts first, as `raw_word` writes it."""
    kept = last_of_each(votes.sample, votes.user)
    domain, code = np.unique(raw_word(votes.together, votes.best, votes.verdict)[kept], return_inverse=True)
    return Words(votes.sample[kept], votes.user[kept], code, kept, domain.tolist())


def raw_word(together: Any, best: Any, verdict: Any) -> Any:
    """Verdicts and samples as numbers in one column."""
    return np.where(together, best, verdict + OF_VERDICT)


def coded(values: Any) -> tuple[Any, list[Value]]:
    """Numbers as places in the list of those that occur; NaN is -1."""
    known = ~np.isnan(values)
    domain, places = np.unique(values[known], return_inverse=True)
    codes = np.full(len(values), -1)
    codes[known] = places
    return codes, [float(value) for value in domain]
