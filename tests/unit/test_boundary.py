"""What may come in: each limit at its edge, and the sentence that is said beyond it."""

import unicodedata
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.nesting import Nesting
from backend import boundary
from backend.boundary import Count, Data, Id, Line, Name, Note, Score, Seed, Text
from backend.errors import InvalidInput, NotFound

HALF = "half \ud83d"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Id, 2**63 - 1),
        (Id, 0),
        (Count, 2**31 - 1),
        (Seed, 2**31 - 1),
        (Score, -1e9),
        (Name, "x" * 120),
        (Line, "x" * 1000),
        (Note, "two\nlines"),
        (Text, "\U0001f600 whole, and \u202e a sign"),
        (Data, {"a": [1.5, None]}),
    ],
)
def test_what_is_within_the_limit_is_taken_as_it_is(kind: Any, value: Any) -> None:
    assert TypeAdapter(kind).validate_python(value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Id, 2**63),
        (Id, -1),
        (Id, 1.5),
        (Id, float("nan")),
        (Count, 2**31),
        (Seed, 2**31),
        (Score, float("inf")),
        (Score, 1.1e9),
        (Name, "x" * 121),
        (Name, ""),
        (Line, "x" * 1001),
        (Line, HALF),
        (Note, "\x00"),
        (Text, HALF),
        (Data, {HALF: 1}),
        (Data, {"a": [{"b": HALF}]}),
        (Data, {"a": float("nan")}),
        (Data, {"a": 2**64}),
        (Data, [1]),
    ],
)
def test_what_is_beyond_it_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    "name",
    ["", " ", "\n", "a\nb", "a\tb", "nul\x00", "\u202eevil", "a\u2066b", "\u200d", "\u3164", "\u0301", HALF, "\x7f"],
)
def test_a_name_without_a_visible_line_of_text_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^A project's name (is|holds) .*\. .+\.$"):
        boundary.name(name, "A project's name")


def test_a_name_is_composed_and_has_no_blanks_at_its_ends() -> None:
    decomposed = unicodedata.normalize("NFD", "café")
    assert boundary.name(f"\u3000{decomposed}\u00a0one ", "A name") == "café one"
    assert boundary.name("\U0001f469\u200d\U0001f52c می\u200cخواهم", "A name")


@pytest.mark.parametrize(
    "value", [None, "", "7", True, 0.5, -1, 2**31, float("nan"), float("inf"), [1], 10**400, -(10**400)]
)
def test_a_number_of_a_form_is_whole_and_within_its_limits(value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"Seed: must be a whole number from 0 to 2,147,483,647"):
        boundary.whole(value, "Seed")
    assert boundary.whole(7.0, "Seed") == 7


def test_what_a_model_wrote_is_kept_with_replacements() -> None:
    assert boundary.clean("a\x00b\ud83dc \U0001f600") == "a\ufffdb\ufffdc \U0001f600"


def test_a_message_that_quotes_half_an_emoji_can_be_sent() -> None:
    assert NotFound(f"There is no {HALF}.").message == "There is no half \\ud83d."


@pytest.mark.parametrize(
    ("body", "deepest"),
    [
        (b'{"a": [1, {"b": []}]}', 4),
        (b'["[[[[", "\\"[[", {}]', 2),
        (b'"\\\\" [[ ]]', 2),
        (b"[" * 600, 600),
        (b"no json", 0),
    ],
)
def test_nesting_is_counted_over_any_pieces_and_not_in_texts(body: bytes, deepest: int) -> None:
    for size in (1, 2, 3, len(body)):
        nesting = Nesting()
        for start in range(0, len(body), size):
            nesting.feed(body[start : start + size])
        assert nesting.deepest == deepest, size
