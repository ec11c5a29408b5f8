"""A text as changes of another, word by word."""

import itertools
import random
import time

import pytest

from backend.services.held_out.words import LONGEST, Piece, changes
from tests import hostile


def test_words_that_went_and_came() -> None:
    assert changes("the answer is 42.", "the answer was 42!") == [
        Piece("same", "the answer "),
        Piece("out", "is "),
        Piece("in", "was "),
        Piece("same", "42"),
        Piece("out", "."),
        Piece("in", "!"),
    ]
    assert changes("same", "same") == [Piece("same", "same")]
    assert changes("", "new") == [Piece("in", "new")]
    assert changes("", "") == []


def made_hard() -> list[tuple[str, str]]:
    draw = random.Random(0)
    two = [" ".join(draw.choice("ab") for _ in range(1000)) for _ in range(2)]
    runs = ["".join("a b " * n + "c " for n in range(30)), "q " + "".join("b a " * n + "d " for n in range(30))]
    long = [" ".join(str(draw.randrange(3000)) for _ in range(40_000)) for _ in range(2)]
    lines = [text.replace(" ", "\n") for text in long]
    hostile_texts = ["\n".join(hostile.STRINGS), "\n".join(reversed(hostile.STRINGS))]
    return [tuple(pair) for pair in (two, runs, long, lines, hostile_texts)]  # type: ignore[misc]


@pytest.mark.parametrize(("old", "new"), made_hard(), ids=["two words", "runs", "long", "lines", "hostile"])
def test_both_texts_stand_in_it_whole_and_it_takes_no_longer_than_a_page_may(old: str, new: str) -> None:
    start = time.process_time()
    pieces = changes(old, new)
    assert time.process_time() - start < 3
    assert "".join(piece.text for piece in pieces if piece.kind != "in") == old[:LONGEST]
    assert "".join(piece.text for piece in pieces if piece.kind != "out") == new[:LONGEST]
    assert all(piece.kind != other.kind for piece, other in itertools.pairwise(pieces))
