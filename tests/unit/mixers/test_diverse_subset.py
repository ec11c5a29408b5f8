import numpy
import pytest

from backend.mixers.diverse_subset import DiverseSubset, spread_out, vectors_of, without_outliers
from backend.values import Past
from tests.unit.mixers.training_rows import ids, row


def test_rows_are_picked_greedily_for_the_distance_to_the_nearest_one_kept():
    # Cosines with "a b": 1, 1/2, 0, 1/2. The first is kept, then the one that shares nothing, then "a c": its nearest is
    # half alike, as is that of "b c", which comes later.
    rows = [row(1, "a b"), row(2, "a b"), row(3, "a c"), row(4, "d e"), row(5, "b c")]
    assert ids(DiverseSubset(most=2).mix(rows, (), Past(), seed=0).rows) == [1, 4]
    mixture = DiverseSubset(most=3).mix(rows, (), Past(), seed=0)
    assert ids(mixture.rows) == [1, 3, 4]
    assert mixture.dropped == {"less different": 2}


def test_a_distance_is_one_less_the_cosine_of_word_counts():
    # (1, 1) and (1, 0, 1): cosine 1 / (sqrt 2 * sqrt 2); "a a b" is (2, 1): 3 / (sqrt 5 * sqrt 2).
    vectors = vectors_of([row(1, "a b"), row(2, "a c"), row(3, "A a b"), row(4, "")])
    assert (vectors @ vectors[0]).tolist() == pytest.approx([1, 0.5, 3 / 10**0.5, 0], abs=1e-6)


def test_of_preferences_both_sides_count_half():
    # The chosen texts are equal, the rejected ones share nothing: (1 + 0) / 2.
    pairs = vectors_of([row(1, "a b", rejected="c"), row(2, "a b", rejected="d")])
    assert float(pairs[0] @ pairs[1]) == pytest.approx(0.5, abs=1e-6)
    assert float(pairs[0] @ pairs[0]) == pytest.approx(1, abs=1e-6)


def test_signs_count_as_words():
    sums = vectors_of([row(1, "3*5"), row(2, "3+5")])
    assert float(sums[0] @ sums[1]) == pytest.approx(2 / 3, abs=1e-6)


def test_outliers_are_the_rows_farthest_from_the_mean():
    rows = [row(1, "a b"), row(2, "x y"), row(3, "a b"), row(4, "a c")]
    assert without_outliers(vectors_of(rows), 1) == [0, 2, 3]
    mixture = DiverseSubset(most=3, outliers=0.25).mix(rows, (), Past(), seed=0)
    assert ids(mixture.rows) == [1, 3, 4]
    assert mixture.dropped == {"outlier": 1}


def test_each_prompt_has_its_own_rows_unless_all_are_chosen_among():
    rows = [row(1, "a"), row(2, "b", prompt=2), row(3, "a"), row(4, "c", prompt=2)]
    assert ids(DiverseSubset(most=1).mix(rows, (), Past(), seed=0).rows) == [1, 2]
    assert ids(DiverseSubset(most=3, of="all").mix(rows, (), Past(), seed=0).rows) == [1, 2, 4]


def test_no_more_rows_than_asked_for_are_all_kept():
    rows = [row(1, "a"), row(2, "a")]
    mixture = DiverseSubset(most=2).mix(rows, (), Past(), seed=0)
    assert (mixture.rows, mixture.dropped) == (rows, {})
    assert spread_out(numpy.zeros((0, 4), dtype=numpy.float32), 3) == []


def test_plain_texts_stand_in_place_of_the_prompt():
    texts = vectors_of([row(1, "", asked="a b"), row(2, "", asked="a c"), row(3, "a b")])
    assert (texts @ texts[0]).tolist() == pytest.approx([1, 0.5, 1], abs=1e-6)
