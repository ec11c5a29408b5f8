import pytest

from backend import demo
from backend.metrics import Evidence
from backend.metrics.distinct_n import DistinctN
from backend.services.round_report.metrics import takes
from tests.groups import texts


def measured(*groups, **knobs):
    (value,) = DistinctN(**knobs).compute(Evidence(round_groups=groups))
    return value


def test_counts_different_word_pairs_prompt_by_prompt():
    # First prompt: a-b b-c a-b: 2 different of 3. Second: x-y: 1 of 1. Mean 5/6.
    value = measured(texts("a b c", "a b"), texts("x y"))
    assert (value.name, value.value, value.n) == ("distinct_2", pytest.approx(5 / 6), 2)


def test_counts_characters_when_told():
    # 3*7 and 3*5 in single characters: 3 * 7 3 * 5, 4 different of 6.
    assert measured(texts("3*7", "3*5"), n=1, unit="character").value == pytest.approx(4 / 6)


def test_prompt_without_ngrams_is_left_out():
    value = measured(texts("a", "b"), texts("a b"))
    assert (value.value, value.n, value.details["without_ngrams"]) == (1.0, 1, 1)
    assert measured(texts("a")).value is None


def test_identical_samples_lower_the_share():
    assert measured(texts(*["a b c"] * 4)).value == pytest.approx(2 / 8)


def test_the_demo_asks_for_a_metric_that_its_answers_have():
    (asked,) = [entry for entry in demo.RECIPE_CHANGES["metrics"] if entry["name"] == "distinct_n"]
    value = measured(texts("3*7+5", "3+7+5"), **{name: knob for name, knob in asked.items() if name != "name"})
    assert value.value is not None
    assert "knob unit set to character" in takes(value.name), "the reason where words are asked for"
