"""What a claim keeps beside what it takes costs no reading."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from backend.services.queue.review_pick import draw

FREE: Any = SimpleNamespace(may_have=lambda ids, seen: [n for n in ids if n not in seen])


@pytest.mark.parametrize(
    ("number", "spare", "ids", "pages"),
    [(2, 0, [1, 2], 1), (2, 5, [1, 2, 3], 1), (4, 1, [1, 2, 3, 4, 5], 2), (0, 5, [], 0), (-1, 5, [], 0)],
)
def test_spares_come_from_the_pages_that_are_read_anyway(number: int, spare: int, ids: list[int], pages: int) -> None:
    read: list[Sequence[int]] = []

    def walk() -> Iterator[list[int]]:
        for page in ([1, 2, 3], [4, 5, 6], [7, 8, 9]):
            read.append(page)
            yield page

    assert draw(FREE, walk(), number, [], spare=spare) == ids
    assert len(read) == pages
