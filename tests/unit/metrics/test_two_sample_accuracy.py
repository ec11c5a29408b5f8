"""Lopez-Paz and Oquab 2017, arXiv 1610.06545: with a classifier that cannot tell two samples apart, accuracy is 1/2."""

import numpy
import pytest

from backend.metrics import Evidence
from backend.metrics.two_sample_accuracy import TwoSampleAccuracy, nearest_of_own_kind
from backend.values import Group
from tests.groups import prompt, sample


def measured(*pairs: tuple[str, str | None]) -> float | None:
    groups = [
        Group(prompt(id=n, answer=known), (sample(n, text), sample(99, "never looked at")))
        for n, (text, known) in enumerate(pairs, start=1)
    ]
    (measure,) = TwoSampleAccuracy().compute(Evidence(round_groups=groups))
    return measure.value


def test_texts_of_other_words_are_told_apart():
    assert measured(("red blue", "one two"), ("red green", "one three"), ("blue red", None)) == 1.0


def test_texts_that_say_what_the_data_say_are_not():
    # Each is nearest to the known answer of its own prompt, which is of the other kind.
    assert measured(("one two", "one two"), ("red green", "red green")) == 0.0


def test_equally_near_texts_count_their_share():
    # Cosines from the first: 1 to the second (its kind), 1 to the third, 0 to the fourth.
    vectors = numpy.array([[1, 0], [1, 0], [1, 0], [0, 1]], dtype=numpy.float32)
    assert nearest_of_own_kind(vectors, 2) == pytest.approx([0.5, 0.5, 0.0, 1 / 3])


def test_one_prompt_tells_nothing():
    assert measured(("red", "one")) is None
    assert measured() is None
