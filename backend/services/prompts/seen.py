"""Which of a million keys came before, and where: sixteen bytes each, where a dict takes a hundred."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class SeenKeys:
    """Keys of 64 bits with the number of the row that each came with first, looked up by the thousands."""

    def __init__(self) -> None:
        self._runs: list[tuple[Any, Any]] = []
        """Each sorted by key; every one is longer than those after it together."""

    def find(self, keys: Sequence[int]) -> dict[int, int]:
        """The number of each of these keys that is known."""
        asked, numbers = np.array(keys, np.uint64), dict[int, int]()
        for known, places in self._runs:
            at = np.searchsorted(known, asked)
            at[at == len(known)] = 0
            hits = np.nonzero(known[at] == asked)[0]
            numbers.update(zip(asked[hits].tolist(), places[at[hits]].tolist(), strict=True))
        return numbers

    def add(self, numbers: Mapping[int, int]) -> None:
        """Note new keys with their numbers."""
        if not numbers:
            return
        keys = np.fromiter(numbers.keys(), np.uint64, len(numbers))
        places = np.fromiter(numbers.values(), np.int64, len(numbers))
        while self._runs and len(self._runs[-1][0]) <= 2 * len(keys):
            before = self._runs.pop()
            keys, places = np.concatenate([before[0], keys]), np.concatenate([before[1], places])
        order = np.argsort(keys, kind="stable")
        self._runs.append((keys[order], places[order]))
