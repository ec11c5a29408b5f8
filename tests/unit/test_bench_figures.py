"""What the judges of a bench come to, in numbers worked out by hand."""

import json

import pytest

from backend.judges.written_verdict import WrittenVerdict
from backend.pipeline import bench_figures
from backend.pipeline.bench_figures import BenchWord, Confusion
from backend.pipeline.health.shapes import JudgedText, Light


def bench_words(number: int, accepts: bool | None, judge: bool | None, *, first: int = 0) -> list[BenchWord]:
    """So many texts with people's word and the judge's."""
    score = None if judge is None else float(judge)
    return [
        BenchWord(JudgedText(first + n, first + n, 0, score, judge, 0.0, judge is None, 10, None), accepts)
        for n in range(number)
    ]


TABLE = [
    *bench_words(12, True, True),
    *bench_words(3, False, True, first=12),
    *bench_words(4, True, False, first=15),
    *bench_words(11, False, False, first=19),
    *bench_words(2, True, None, first=30),
    *bench_words(1, False, None, first=32),
    *bench_words(5, None, True, first=33),
]


def test_the_table_counts_what_people_labelled() -> None:
    confusion = bench_figures.confusion(TABLE)
    assert confusion == Confusion(12, 3, 4, 11, 2, 1)
    assert (confusion.labelled, confusion.disagreements) == (33, 10), "three of them have no verdict"


def test_measures_are_of_the_texts_with_both_words() -> None:
    by_name = {
        health_measure.name: health_measure for health_measure in bench_figures.measured(WrittenVerdict(), None, TABLE)
    }
    # Observed 23 / 30; by chance (16 * 15 + 14 * 15) / 900 = 1 / 2.
    assert by_name["kappa"].number.value == pytest.approx((23 / 30 - 0.5) / 0.5)
    assert (by_name["precision"].number.value, by_name["precision"].number.n) == (12 / 15, 15)
    assert (by_name["recall"].number.value, by_name["recall"].number.n) == (12 / 16, 16)
    # Unread are 3 of all 38 texts, those without people's word included.
    assert (by_name["unparsed"].number.value, by_name["unparsed"].number.n) == (pytest.approx(3 / 38), 38)
    assert not {"flips", "position"} & by_name.keys()


def test_a_value_without_an_interval_is_shown_without_one() -> None:
    always = [*bench_words(20, True, True), *bench_words(20, False, True, first=20)]
    kappa = {
        health_measure.name: health_measure for health_measure in bench_figures.measured(WrittenVerdict(), None, always)
    }["kappa"]
    assert (kappa.number.value, kappa.number.low, kappa.number.n) == (0.0, None, 40)


def test_few_labels_are_unknown_and_never_zero() -> None:
    few = bench_words(9, True, True)
    by_name = {
        health_measure.name: health_measure for health_measure in bench_figures.measured(WrittenVerdict(), None, few)
    }
    for name in ("kappa", "alpha", "precision", "recall"):
        assert by_name[name].light is Light.unknown
        assert by_name[name].number.value is None
        assert "9 " in by_name[name].missing
        assert "at least 10 are needed" in by_name[name].missing
    nothing = bench_figures.to_json(WrittenVerdict(), None, [], unasked=["It is gone."])
    assert (nothing["judged"], nothing["unasked"], nothing["reason"]) == (0, 1, "It is gone.")
    assert all(health_measure.light is Light.unknown for health_measure in bench_figures.measures_of(nothing))


def test_two_judges_are_compared_on_what_both_decided() -> None:
    entry = {n: n < 10 for n in range(20)}
    other = {n: n < 8 for n in range(5, 30)}
    [pair] = bench_figures.pairs({None: entry, 2: other})
    assert (pair.first, pair.second, pair.agreement.n) == (None, 2, 15)
    assert pair.agreement.value == pytest.approx(13 / 15), "they differ on 8 and 9"
    few = bench_figures.pairs({0: {1: True}, 1: {1: True}, 2: {5: False}})
    assert [(judge_pair.first, judge_pair.second, judge_pair.agreement.value) for judge_pair in few] == [
        (0, 1, None)
    ], "one text says nothing"


def test_what_is_stored_reads_back_as_it_was() -> None:
    stored = json.loads(json.dumps(bench_figures.to_json(WrittenVerdict(), 3, TABLE)))
    assert bench_figures.confusion_of(stored) == Confusion(12, 3, 4, 11, 2, 1)
    assert list(bench_figures.measures_of(stored)) == bench_figures.measured(WrittenVerdict(), 3, TABLE)
    pairs = bench_figures.pairs({0: dict.fromkeys(range(12), True), 1: {n: n > 2 for n in range(12)}})
    assert list(bench_figures.pairs_of(json.loads(json.dumps(bench_figures.pairs_to_json(pairs))))) == pairs
