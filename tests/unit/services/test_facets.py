"""Which type the values of a key are, and what a test of metadata may say."""

import pytest

from backend.db.filter_tests import MetadataTest
from backend.db.filters import Filters
from backend.errors import InvalidInput
from backend.services.samples.facets import FEW, FacetKind, facet_of


def test_few_values_are_choices_and_many_are_ranges_or_text() -> None:
    few = facet_of("topic", ["b", "a", "b", True, 3])
    assert few is not None
    assert [(choice.value, choice.count, choice.test) for choice in few.choices] == [
        ("b", 2, "topic=b"),
        ("a", 1, "topic=a"),
        ("true", 1, "topic=true"),
        ("3", 1, "topic=3"),
    ]
    numbers = facet_of("level", [*range(20), "20"])
    assert numbers is not None
    assert (numbers.kind, len(numbers.bins)) == (FacetKind.number, 20)
    assert [bin_.count for bin_ in numbers.bins] == [*[1] * 19, 2], "the last bin holds its end"
    assert (numbers.bins[-1].least, numbers.bins[-1].most) == (19, 20)
    days = facet_of("day", [f"2026-01-{n:02}" for n in range(31, 0, -1)])
    assert days is not None
    assert (days.kind, days.low, days.high) == (FacetKind.date, "2026-01-01", "2026-01-31")
    text = facet_of("note", [f"word {n}" for n in range(FEW + 1)])
    assert text is not None
    assert (text.kind, text.choices) == (FacetKind.text, ())


def test_texts_of_one_number_are_one_choice_and_only_days_are_dates() -> None:
    numbers = facet_of("level", ["1.0", "1", 1, 2.0, "9" * 101])
    assert numbers is not None
    assert [(choice.value, choice.count) for choice in numbers.choices] == [("1.0", 3), ("2.0", 1), ("9" * 101, 1)]
    days = [f"2026-01-{n:02}" for n in range(1, FEW + 2)]
    for more, kind in (
        ("2026-02", FacetKind.text),
        ("2026-02-01x", FacetKind.text),
        ("2026-02-01T10:00Z", FacetKind.date),
    ):
        facet = facet_of("day", [*days, more])
        assert facet is not None
        assert facet.kind is kind, more
    large = facet_of("size", [n * 1e12 for n in range(FEW + 1)])
    assert large is not None
    assert large.kind is FacetKind.number


def test_what_no_filter_can_say_is_no_choice() -> None:
    assert facet_of("a=b", [1, 2]) is None
    topic = facet_of("topic", ["x; y", " blank", "plain"])
    assert topic is not None
    assert [choice.test for choice in topic.choices] == ["", "", "topic=plain"]


def test_a_test_of_metadata_says_what_is_wrong_with_it() -> None:
    assert MetadataTest.read(" a key >= 2.5 ") == MetadataTest("a key", ">=", "2.5")
    assert MetadataTest.read("day<=2026-01-31").number is None
    assert MetadataTest.read("size>=2e12").number == 2e12
    for wrong, why in (("level", "tests nothing"), ("=2", "tests nothing"), ("level>=inf", "neither a number nor")):
        with pytest.raises(InvalidInput, match=why):
            Filters(metadata=(wrong,))
    with pytest.raises(InvalidInput, match="up to 10"):
        Filters(metadata=("a=1",) * 11)
