"""Kappa, alpha and percent against numbers worked out by hand, and the bootstrap against scipy's."""

import warnings
from collections import Counter
from itertools import starmap

import pytest

from backend.metrics import _agreement as measures

COHEN = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
MEG_AND_OWEN = list(zip("0100000010", "1110010000", strict=True))
FOUR_OBSERVERS = [
    [1, 1, None, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [None, 5, 5, 5],
    [None, None, 1, 1],
    [None, 3, None, None],
]


def test_cohens_kappa_of_a_table_worked_out_by_hand() -> None:
    """Cohen (1960), kappa = (po - pe) / (1 - pe): po = 35/50 = 0.7; pe = 25/50 * 30/50 + 25/50 * 20/50 = 0.5."""
    figure = measures.cohen(COHEN)
    assert figure.value == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert figure.n == 50
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < 0.4 < figure.high


def test_cohens_kappa_tells_the_raters_apart() -> None:
    """Two who never agree: po = 0, pe = 1/2 * 1/2 * 2, so kappa = -1; as a set of two words each item looks the same."""
    assert measures.cohen([("a", "b"), ("b", "a")]).value == pytest.approx(-1.0)


def test_fleiss_kappa_of_the_example_in_the_paper_that_made_it_known() -> None:
    """14 raters, 10 items, 5 categories: P = 0.378, Pe = 0.213 (Fleiss 1971, formulas 3 to 7), kappa = 0.210."""
    items = [[str(j) for j, number in enumerate(row) for _ in range(number)] for row in FLEISS]
    shares = [sum(row[j] for row in FLEISS) / 140 for j in range(5)]
    by_item = [(sum(n * n for n in row) - 14) / (14 * 13) for row in FLEISS]
    observed, expected = sum(by_item) / 10, sum(share * share for share in shares)
    assert (round(observed, 3), round(expected, 3)) == (0.378, 0.213)
    figure = measures.fleiss(items)
    assert figure.value == pytest.approx((observed - expected) / (1 - expected))
    assert figure.value == pytest.approx(0.210, abs=0.0005)


def test_fleiss_kappa_takes_the_commonest_number_of_raters() -> None:
    two, three = [["a", "a"], ["a", "b"], ["b", "b"]], [["a", "a", "b"]]
    assert measures.fleiss(two + three) == measures.fleiss(two)


def test_nominal_alpha_of_meg_and_owen() -> None:
    """Krippendorff, "Computing Krippendorff's Alpha-Reliability", section A: binary data, two observers, none missing.

    4 of 10 units differ: o01 = 4; of 20 values 14 are 0, 6 are 1: alpha = 1 - 19 * 4 / (14 * 6) = 0.095.
    """
    assert measures.alpha(MEG_AND_OWEN).value == pytest.approx(1 - 19 * 4 / (14 * 6))


def test_alpha_with_missing_values_as_published() -> None:
    """The same paper, section C and D: four observers, twelve units, 0.743 nominal and 0.849 interval."""
    items = [[value for value in unit if value is not None] for unit in FOUR_OBSERVERS]
    assert measures.alpha([[str(value) for value in unit] for unit in items]).value == pytest.approx(0.743, abs=0.0005)
    figure = measures.alpha(items, is_interval=True)
    assert figure.value == pytest.approx(0.849, abs=0.0005)
    assert figure.n == 11  # one unit was seen by one observer only


def test_interval_alpha_worked_out_by_hand() -> None:
    """Do = (1/6) * 2 * (3 - 2)^2 = 1/3; De = sum of squared differences of all ordered pairs / (6 * 5) = 202/30."""
    values = [1, 1, 2, 3, 5, 5]
    expected = sum((a - b) ** 2 for a in values for b in values) / 30
    assert expected == pytest.approx(202 / 30)
    assert measures.alpha([(1, 1), (2, 3), (5, 5)], is_interval=True).value == pytest.approx(1 - (1 / 3) / expected)


def test_percent_counts_pairs_of_raters() -> None:
    """Three raters, two alike: 1 of 3 pairs. With an item on which all agree: (1/3 + 1) / 2."""
    assert measures.percent([("a", "a", "b"), ("a", "a", "a")]).value == pytest.approx((1 / 3 + 1) / 2)


@pytest.mark.parametrize(("within", "share"), [(0.0, 0.5), (0.5, 1.0)])
def test_percent_of_scores_allows_a_difference(within: float, share: float) -> None:
    assert measures.percent([(2.0, 2.0), (2.0, 2.5)], within=within).value == share


def test_an_item_with_one_rater_says_nothing() -> None:
    assert measures.percent([("a",), ("a", "b")]) == measures.percent([("a", "b")])


@pytest.mark.parametrize("measure", [measures.cohen, measures.fleiss, measures.alpha])
def test_kappa_is_not_defined_when_only_one_thing_was_said(measure) -> None:
    assert measure([("a", "a")] * 5) == measures.Figure(None, None, None, 5)


@pytest.mark.parametrize("measure", [measures.percent, measures.cohen, measures.fleiss, measures.alpha])
def test_nothing_is_no_number(measure) -> None:
    assert measure([]) == measures.UNKNOWN


def test_the_interval_is_that_of_scipys_bootstrap() -> None:
    import numpy as np
    from scipy.stats import bootstrap
    from statsmodels.stats.inter_rater import cohens_kappa

    codes = np.array(list(starmap(lambda a, b: 2 * (a == "no") + (b == "no"), COHEN)))

    def kappa(drawn):
        return cohens_kappa(np.bincount(drawn, minlength=4).reshape(2, 2), return_results=False)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs = bootstrap(
            (codes,), kappa, vectorized=False, method="percentile", n_resamples=2000, rng=np.random.default_rng(1)
        ).confidence_interval
    ours = measures.cohen(COHEN)
    assert ours.low == pytest.approx(theirs.low, abs=0.04)
    assert ours.high == pytest.approx(theirs.high, abs=0.04)


@pytest.mark.parametrize("number", [20, 400])
def test_where_one_rater_always_says_the_same_kappa_has_no_interval(number: int) -> None:
    figure = measures.cohen([("yes", "yes")] * number + [("yes", "no")] * 3)
    assert (figure.value, figure.low, figure.high) == (pytest.approx(0.0), None, None)
    assert measures.cohen([("yes", "yes")] * 20 + [("no", "no")] * 20).low == 1.0


def test_interval_alpha_is_that_of_the_library() -> None:
    import krippendorff
    import numpy as np

    chance = np.random.default_rng(3)
    items = [tuple(chance.integers(-3, 9, size=n % 3 + 2).astype(float)) for n in range(60)]
    table = [[*item, *[np.nan] * (4 - len(item))] for item in items]
    theirs = krippendorff.alpha(reliability_data=np.array(table).T, level_of_measurement="interval")
    assert measures.alpha(items, is_interval=True).value == pytest.approx(theirs, abs=1e-9)


def test_many_different_scores_are_rounded_and_cost_little() -> None:
    items = [(n / 1000, n / 1000 + 0.01 * (n % 3)) for n in range(2000)]
    figure = measures.alpha(items, is_interval=True)
    assert figure.value == pytest.approx(1.0, abs=0.01)
    assert figure.n == 2000


@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_alpha_of_random_items_is_that_of_the_library(level: str) -> None:
    import krippendorff
    import numpy as np

    chance = np.random.default_rng(7)
    for _ in range(20):
        items = [tuple(map(float, chance.integers(0, 5, size=n % 3 + 2))) for n in range(40)]
        table = np.array([[*item, *[np.nan] * (4 - len(item))] for item in items]).T
        theirs = krippendorff.alpha(reliability_data=table, level_of_measurement=level)
        ours = measures.ordinal_alpha(items) if level == "ordinal" else measures.alpha(items)
        assert ours.value == pytest.approx(theirs, abs=1e-9)


def test_kappas_of_random_items_are_those_of_the_library() -> None:
    import numpy as np
    from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

    chance = np.random.default_rng(8)
    for values in (2, 3, 6):
        pairs = chance.integers(0, values, size=(50, 2))
        table = np.zeros((values, values))
        np.add.at(table, (pairs[:, 0], pairs[:, 1]), 1)
        ours = measures.cohen([tuple(map(str, pair)) for pair in pairs])
        assert ours.value == pytest.approx(cohens_kappa(table, return_results=False), abs=1e-9)
        rated = chance.integers(0, values, size=(50, 3))
        ours = measures.fleiss([tuple(map(str, item)) for item in rated])
        assert ours.value == pytest.approx(fleiss_kappa(aggregate_raters(rated)[0]), abs=1e-9)


def test_patterns_with_their_numbers_are_the_items_themselves() -> None:
    items = [("a", "b"), ("b", "a"), ("a", "a"), ("a",), ("b", "b"), ("b", "b")]
    for measure in (measures.percent, measures.cohen, measures.fleiss, measures.alpha):
        assert measure(Counter(items)) == measure(items)
