"""Searches as the index and the texts are asked: nothing typed is syntax, and no expression takes a page's time."""

import sqlite3
import sys
import time
import unicodedata
from contextlib import closing

import pytest

from backend.db import search
from backend.db.search import Patience, parse
from backend.errors import InvalidInput

SLOW = r"/^(?:(.)|(.)|(.)){10}(?<=\x01)/"
TEXT = "a perfectly usual text of a model " * 20
QUOTES = [chr(n) for n in range(128, sys.maxunicode) if '"' in unicodedata.normalize("NFKC", chr(n))]


@pytest.mark.parametrize(
    "quote", [*QUOTES, "\uff02 OR \uff02", "\uff0a", "\uff08", "\uff1a", "\uff3e", "\uff0b", "\u207a"]
)
@pytest.mark.parametrize("form", ["{}", "a{}", "{}a", "a{}b", "a{} OR {}b", '"a{}b"', "a{} NOT b"])
def test_no_character_becomes_syntax_of_the_index(quote: str, form: str) -> None:
    query = parse(form.replace("{}", quote))
    assert all('"' not in term.words for term in query.terms)
    match = query.match("sqlite", "w")
    if match is None:
        return
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
        db.execute("INSERT INTO t VALUES ('c')")
        assert db.execute("SELECT * FROM t WHERE t MATCH ?", tuple(match[1].values())).fetchall() == []


def test_there_are_quotes_to_look_at_and_they_are_found_as_characters() -> None:
    assert "\uff02" in QUOTES
    check = parse("\uff02hi\uff02").check
    assert check is not None
    assert check('he said "hi"')
    assert not check("he said hi")


def test_an_expression_may_look_at_all_texts_of_a_page_for_so_long() -> None:
    shared = Patience(0.3)
    checks = [parse(SLOW, shared).check, parse(SLOW, shared).check]
    start = time.monotonic()

    def look_at_a_page() -> None:
        for _ in range(1_000):
            for check in checks:
                assert check is not None
                check(TEXT)

    with pytest.raises(InvalidInput, match=r"too slow.*all the texts together"):
        look_at_a_page()
    assert time.monotonic() - start < 60  # unbounded, they take minutes
    quick = parse("/model$/", Patience(30.0)).check
    assert quick is not None
    assert not any(quick(TEXT) for _ in range(5_000))


def test_each_page_begins_with_its_own_patience() -> None:
    first, second = parse(SLOW), parse(SLOW)
    assert first == second
    assert first.patience is not second.patience
    assert first.patience.left == search.PAGE_SECONDS
