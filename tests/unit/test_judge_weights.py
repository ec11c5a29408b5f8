"""What people said of all texts where the queue chose some of those they decided, worked out by hand."""

import pytest

from backend.metrics._intervals import wilson
from backend.pipeline.health import Light, Limits
from backend.pipeline.health.shapes import Evidence, Measure, Witness, Word
from backend.pipeline.health.weights import agreement, share, weighed
from tests.unit.test_judge_health import judged, of, text

TEXTS = tuple(text(n, float(n < 50)) for n in range(100))
"""The judge accepts the first half."""
WRONG = [Word(one, False, is_drawn=False) for one in TEXTS[:10]]
"""Ten that it accepts, which the queue chose, and people reject."""
RIGHT = [Word(one, bool(one.accepted), is_drawn=True) for one in (*TEXTS[40:50], *TEXTS[50:60])]
"""Twenty that the queue drew from the others, on which people agree with the judge."""


def of_words(words: list[Word], why: str = "") -> Evidence:
    witnesses = tuple(Witness(one.text, one.accepts) for one in words if one.is_drawn or one.is_known)
    return of(texts=TEXTS, words=tuple(words), witnesses=witnesses, why=why)


def by_name(words: list[Word]) -> dict[str, Measure]:
    return judged(of_words(words))[1]


def test_what_was_chosen_speaks_for_itself_and_what_was_drawn_for_all_others() -> None:
    found = weighed(of_words([*WRONG, *RIGHT]), Limits())
    # 90 of 100 texts are left when the twenty are drawn.
    assert [one.weight for one in found.words] == [1.0] * 10 + [4.5] * 20
    assert (found.texts, found.by_draw) == (100, True)
    measures = by_name([*WRONG, *RIGHT])
    # Accepted by both 10 * 4.5, by the judge alone 10, rejected by both 45, of 100 in all.
    precision = measures["precision"].number
    assert (precision.value, precision.n) == (pytest.approx(45 / 55), 20)
    rows = 55**2 / (10 * 4.5**2 + 10 * 1)
    assert (precision.low, precision.high) == pytest.approx(wilson(45 / 55 * rows, rows))
    # Observed 0.9; by chance 0.45 * 0.55 + 0.55 * 0.45.
    assert measures["kappa"].number.value == pytest.approx((0.9 - 0.495) / (1 - 0.495))
    # Of 60 values half are accepts: expected 2 * 30 * 30 / (60 * 59).
    assert measures["alpha"].number.value == pytest.approx(1 - 0.1 * 60 * 59 / 1800)
    assert measures["calibration"].number.value == pytest.approx(0.1)
    assert measures["kappa"].of == "blind decisions, weighed by how the queue took them, and gold items"


def test_recall_counts_what_was_chosen_among_the_rejected() -> None:
    missed = [Word(one, True, is_drawn=False) for one in TEXTS[90:]]
    drawn = [Word(one, bool(one.accepted), is_drawn=True) for one in (*TEXTS[:25], *TEXTS[50:75])]
    recall = by_name([*missed, *drawn])["recall"].number
    # 25 * 90 / 50 that both accept, and ten that the judge missed.
    assert (recall.value, recall.n) == (pytest.approx(45 / 55), 35)


def test_a_word_is_weighed_by_what_had_been_chosen_by_then() -> None:
    found = weighed(of_words([*RIGHT[:10], *WRONG, *RIGHT[10:]]), Limits())
    # 100 texts were left for the first ten draws, 90 for the others; ten of twenty draws came after what was chosen.
    assert [one.weight for one in found.words] == [5.0] * 10 + [0.5] * 10 + [4.5] * 10
    assert sum(one.weight for one in found.words) == 100
    later = weighed(of_words([*RIGHT, *WRONG]), Limits())
    assert ([one.weight for one in later.words], later.by_draw) == ([5.0] * 20, False)


def test_a_label_that_was_known_speaks_for_itself_beside_draws_and_for_all_without_them() -> None:
    known = [Word(one, False, is_drawn=False, is_known=True) for one in TEXTS[:20]]
    beside = weighed(of_words([*known, *RIGHT]), Limits())
    assert [one.weight for one in beside.words] == [1.0] * 20 + [4.0] * 20
    alone = weighed(of_words(known), Limits())
    assert ([one.weight for one in alone.words], alone.by_draw) == ([1.0] * 20, False)


def test_with_fewer_draws_than_the_fewest_rows_what_was_chosen_is_left_out() -> None:
    _, measures = judged(of_words([*WRONG, *RIGHT[:19]], "Keep random_share above 0."))
    said = "19 blind decisions at random and gold items; at least 20 are needed. Keep random_share above 0."
    assert (measures["kappa"].light, measures["kappa"].missing) == (Light.unknown, said)


def test_the_interval_of_an_agreement_is_that_of_the_draws() -> None:
    kappa, _ = agreement(weighed(of_words([*WRONG, *RIGHT]), Limits()))
    assert kappa.low is not None
    assert kappa.high is not None
    assert kappa.low < 0.5, "twenty draws that agree may miss one in ten that would not"
    assert kappa.high == pytest.approx(0.802, abs=0.001)
    mixed = [Word(one.text, one.accepts is (n % 4 > 0), is_drawn=True) for n, one in enumerate(RIGHT)]
    wider, _ = agreement(weighed(of_words([*WRONG, *mixed]), Limits()))
    assert wider.low is not None
    assert wider.high is not None
    assert wider.high - wider.low > kappa.high - kappa.low


def test_equal_weights_give_the_plain_share_and_nothing_gives_none() -> None:
    found = share([(True, 3.0)] * 3 + [(False, 3.0)])
    assert (found.value, found.n) == (0.75, 4)
    assert (found.low, found.high) == pytest.approx(wilson(3, 4))
    assert share([]).value is None
