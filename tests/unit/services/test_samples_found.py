"""What a search found is marked at its place in the text itself, however the text is folded before it is compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.widgets.sample_card import found_in, joined, places
from backend.db.search import Patience
from backend.errors import InvalidInput
from backend.services.samples.found import BEGINNING, EXCERPT, MOST, ShownSearch, TextPiece
from backend.services.samples.rows import SampleRow
from backend.values import LabelSource


def marked(search: str, text: str) -> str:
    """The text with what was found in brackets."""
    sought = ShownSearch.of(search)
    assert sought is not None
    return "".join(f"[{piece.text}]" if piece.is_found else piece.text for piece in sought.pieces(text))


@pytest.mark.parametrize(
    ("search", "text", "expected"),
    [
        ("red", "Red, reddish RED", "[Red], reddish [RED]"),
        ("blue red", "red  blue", "[red]  [blue]"),
        ('"red green"', "a red \n\t green b", "a [red \n\t green] b"),
        ("3*5", "13*5 = 3*5", "13*5 = [3*5]"),
        ("café", "Cafe\u0301 and CAFÉ", "[Cafe\u0301] and [CAFÉ]"),
        ("fine", "a \ufb01ne day", "a [\ufb01ne] day"),
        ("a b", "a  \t b\n\nc a", "[a]  \t [b]\n\nc [a]"),
        ("straße", "STRASSE, Straße", "[STRASSE], [Straße]"),
        ("本語", "日本語", "日[本語]"),
        ("softly", "soft\u00adly", "[soft\u00adly]"),
        (r"/\d+/", "a 12 b 3", "a [12] b [3]"),
        ("/x*/", "axxb", "a[xx]b"),
        ('"red blue" blue', "red blue blue", "[red blue] [blue]"),
        ("nothing", "red", "red"),
        ("<b>", "a <b>c</b>", "a [<b>]c</b>"),
    ],
)
def test_the_place_is_that_in_the_text(search: str, text: str, expected: str) -> None:
    assert marked(search, text) == expected


@given(st.text(max_size=60), st.text(min_size=1, max_size=6))
def test_the_pieces_are_the_text(text: str, search: str) -> None:
    try:
        sought = ShownSearch.of(search)
    except InvalidInput:
        return
    assert sought is None or joined(sought.pieces(text)) == text


def test_an_excerpt_is_one_short_line_around_the_first_place() -> None:
    sought = ShownSearch.of("unicorn")
    assert sought is not None
    text = "word " * 200 + "a\nunicorn is\nhere " + "more " * 200
    pieces = sought.excerpt(text)
    assert joined(pieces).startswith("…word word a unicorn is here more")
    assert joined(pieces).endswith("…")
    assert len(joined(pieces)) <= EXCERPT + 2
    assert [piece for piece in pieces if piece.is_found] == [TextPiece("unicorn", is_found=True)]
    assert sought.excerpt("nothing here") == ()
    for before in (BEGINNING // 2 - 8, BEGINNING - 4, 2 * BEGINNING):
        assert [
            text_piece.text for text_piece in sought.excerpt("w " * (before // 2) + "unicorn") if text_piece.is_found
        ] == ["unicorn"]


def test_a_pattern_that_would_run_for_ever_marks_nothing_and_ends() -> None:
    patience = Patience(0.05)
    sought = ShownSearch.of("/(a|aa)+$/", patience)
    assert sought is not None
    for _ in range(20):
        assert sought.pieces("a" * 5_000 + "!") == (TextPiece("a" * 5_000 + "!"),)
    assert patience.left <= 0
    words = ShownSearch.of("a", patience)
    assert words is not None
    assert words.excerpt("a b") == (), "one patience for all searches of a page"
    every = ShownSearch.of("/a/")
    assert every is not None
    assert len(every.places("ab" * 2 * MOST)) == MOST


def test_a_browser_counts_characters_beyond_the_first_65536_twice() -> None:
    pieces = (TextPiece("😀 "), TextPiece("red", is_found=True), TextPiece(" 😀"), TextPiece("red", is_found=True))
    assert places(pieces) == [[3, 6], [9, 12]]
    plain = (1, 0.5, None, LabelSource.none, None, False, False, False, "completion", "stop", 9, "p", "t", 1, "policy")
    assert found_in([SampleRow(*plain), SampleRow(*plain, excerpt=pieces)]) == {"😀 red 😀red": [[3, 6], [9, 12]]}
