"""The numbers behind the judge's light, worked out by hand, and what it says where it does not know."""

from itertools import combinations
from typing import Any

import pytest

from backend.judges import Comparison
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.judges.written_verdict import WrittenVerdict
from backend.metrics._intervals import wilson
from backend.pipeline.health import Health, HealthLimits, Light, health, lights
from backend.pipeline.health.advice import ADVICE
from backend.pipeline.health.limits import SHARES
from backend.pipeline.health.numbers import calibration_error, rank_correlation, ratio
from backend.pipeline.health.shapes import Estimate, HealthEvidence, HealthMeasure, JudgedText, Witness

JUDGE, OTHER = 7, 8


def text(n: int, score: float | None, **more: Any) -> JudgedText:
    columns = {
        "group_id": n,
        "position": 0,
        "accepted": None if score is None else score >= 0.5,
        "spread": 0.0,
        "is_unparsed": score is None,
        "num_tokens": 10,
        "author_id": OTHER,
    }
    return JudgedText(id=n, score=score, **columns | more)


def people(*parts: tuple[int, float, bool], **more: Any) -> tuple[Witness, ...]:
    """So many texts of a score that people accept or not."""
    rows = [(score, accepts) for number, score, accepts in parts for _ in range(number)]
    return tuple(Witness(text(n, score, **more), accepts) for n, (score, accepts) in enumerate(rows))


MIXED = people((15, 1.0, True), (5, 0.0, True), (5, 1.0, False), (15, 0.0, False))


def judged(evidence: HealthEvidence, **limits: Any) -> tuple[Health, dict[str, HealthMeasure]]:
    result = health(evidence, HealthLimits(**limits))
    return result, {measure.name: measure for measure in result.measures}


def test_limits_of_what_is_shown_in_percent_are_typed_in_percent() -> None:
    _, by_name = judged(HealthEvidence(WrittenVerdict(), judge_id=JUDGE))
    measure_of = {name: name.rpartition("_")[0] for name in HealthLimits.model_fields if name not in ("hold", "fewest")}
    assert set(measure_of.values()) <= set(by_name)
    assert {name for name, measure in measure_of.items() if by_name[measure].is_share} == SHARES


def of(judge: Any = None, **more: Any) -> HealthEvidence:
    return HealthEvidence(judge or WrittenVerdict(), judge_id=JUDGE, **more)


def test_agreement_precision_and_recall_are_those_of_the_table() -> None:
    _, by_name = judged(of(witnesses=MIXED))
    # Observed agreement 30 / 40, by chance 1 / 2.
    assert by_name["kappa"].number.value == pytest.approx(0.5)
    # Disagreement 10 / 40, expected 2 * 40 * 40 / (80 * 79).
    assert by_name["alpha"].number.value == pytest.approx(1 - 0.25 * 80 * 79 / 3200)
    number = by_name["precision"].number
    assert (number.value, number.n) == (0.75, 20)
    assert (number.low, number.high) == pytest.approx((0.531, 0.888), abs=0.001)
    assert by_name["recall"].number.value == 0.75
    low, high = by_name["kappa"].number.low, by_name["kappa"].number.high
    assert low is not None
    assert high is not None
    assert low < 0.5 < high


def test_a_calibration_error_weighs_each_bin_by_its_texts() -> None:
    # Scored 1 and accepted 15 of 20, scored 0 and accepted 5 of 20: both are off by a quarter.
    result, by_name = judged(of(witnesses=MIXED))
    assert by_name["calibration"].number.value == pytest.approx(0.25)
    assert [(entry.n, entry.score, entry.accepted) for entry in result.calibration] == [
        (20, 0.0, 0.25),
        (20, 1.0, 0.75),
    ]
    near = calibration_error(
        [0.25] * 40 + [0.75] * 40, [n % 4 == 0 for n in range(40)] + [n % 4 > 0 for n in range(40)], 2
    )
    assert near.low is not None
    assert near.high is not None
    assert near.value is not None
    assert near.low <= near.value <= near.high, "an error near 0 is on average larger where it is drawn again"
    assert calibration_error([0.25] * 4, [True, False, False, False], 2).value == pytest.approx(0.0)
    _, elo = judged(of(PairwiseSwapped(), witnesses=MIXED))
    assert (elo["calibration"].light, elo["calibration"].number.value) == (Light.unknown, None)
    assert "have no ends" in elo["calibration"].missing


def test_a_pair_is_ordered_rightly_where_the_better_text_scores_higher() -> None:
    pairs = [(0.9, 0.1)] * 12 + [(0.1, 0.9)] * 4 + [(0.5, 0.5)] * 4
    witnesses = [
        Witness(text(2 * n + side, score, group_id=n), accepts=side == 0)
        for n, pair in enumerate(pairs)
        for side, score in enumerate(pair)
    ]
    _, by_name = judged(of(witnesses=tuple(witnesses)))
    # 12 right, 4 tied: 12 + 4 / 2 of 20.
    assert (by_name["order"].number.value, by_name["order"].number.n) == (0.7, 20)
    better = tuple((n, *((5.0, 1.0) if n < 15 else (1.0, 5.0))) for n in range(20))
    _, compared = judged(of(better=better))
    assert compared["order"].number.value == 0.75
    assert compared["kappa"].light is Light.unknown


def test_a_judge_that_ties_every_pair_orders_them_by_chance() -> None:
    tied = tuple((n, 3.0, 3.0) for n in range(40))
    _, by_name = judged(of(better=tied))
    assert (by_name["order"].number.value, by_name["order"].light is Light.red) == (0.5, False)


def test_one_ranking_of_one_prompt_turns_no_light_red() -> None:
    ranking = tuple((1, float(a), float(b)) for a, b in combinations(range(7), 2))
    assert len(ranking) == 21
    result, by_name = judged(of(better=ranking))
    assert (by_name["order"].light, result.light) == (Light.unknown, Light.unknown)
    assert by_name["order"].missing.startswith("21 pairs that people ordered, of 1 prompts; 20 prompts are needed.")
    many = tuple((n % 20, 1.0, 2.0) for n in range(60))
    result, by_name = judged(of(better=many))
    assert (by_name["order"].light, by_name["order"].number.n) == (Light.red, 60)
    assert by_name["order"].number.high == pytest.approx(wilson(0, 20)[1]), "20 prompts, not 60 pairs"
    crowded = tuple(text(n, 1.0, group_id=n // 20) for n in range(60))
    _, few = judged(of(texts=crowded))
    assert few["ties"].light is Light.unknown
    assert "of 3 prompts; 10 prompts are needed" in few["ties"].missing


def test_a_judge_or_people_who_always_say_the_same_leave_kappa_unknown() -> None:
    strict = people((97, 1.0, True), (3, 1.0, False))
    result, by_name = judged(of(witnesses=strict))
    assert (by_name["kappa"].light, by_name["kappa"].number.low) == (Light.unknown, None)
    assert "no interval" in by_name["kappa"].missing
    assert result.light is not Light.red, "they agree on 97 of 100 texts"
    constant = people((10, 1.0, False), (10, 0.0, False))
    result, _ = judged(of(witnesses=constant))
    assert result.light is not Light.ok, "nothing is known"


def test_ends_ties_and_unparsed_are_shares_of_all_texts() -> None:
    texts = [text(2 * n + side, score, group_id=n) for n in range(20) for side, score in enumerate((5.0, 5.0))]
    texts += [
        text(100 + 2 * n + side, score, group_id=50 + n) for n in range(10) for side, score in enumerate((5.0, 2.0))
    ]
    texts += [text(200 + n, None, group_id=80 + n) for n in range(15)]
    _, by_name = judged(of(AdditiveRubric(), texts=tuple(texts)))
    assert by_name["saturation"].number.value == 50 / 60
    assert (by_name["ties"].number.value, by_name["ties"].number.n) == (20 / 30, 30)
    assert by_name["unparsed"].number.value == 15 / 75
    assert by_name["unparsed"].light is Light.amber
    assert by_name["spread"].missing.endswith("Raise its votes, with a temperature above 0.")
    voted = [text(n, score, group_id=n // 2, spread=1.0, votes=3) for n, score in enumerate((4.0, 3.5, 5.0, 1.0) * 15)]
    _, noisy = judged(of(AdditiveRubric(), texts=tuple(voted)))
    assert (noisy["spread"].number.value, noisy["noise"].number.value) == (1.0, 0.5)
    assert noisy["noise"].light is Light.amber


def in_pairs(*pairs: tuple[float | None, float | None], **more: Any) -> tuple[JudgedText, ...]:
    """Texts of so many prompts, two of each."""
    return tuple(
        text(2 * n + side, score, group_id=n, **more) for n, pair in enumerate(pairs) for side, score in enumerate(pair)
    )


BINARY = in_pairs(*[(1.0, 1.0)] * 20, *[(0.0, 0.0)] * 15, *[(1.0, 0.0)] * 5)


def test_ties_of_two_scores_have_a_limit_only_where_training_needs_differences() -> None:
    result, by_name = judged(of(texts=BINARY, witnesses=MIXED))
    ties = by_name["ties"]
    assert (ties.light, ties.amber, ties.number.value) == (Light.unlimited, None, 35 / 40)
    assert ties.note.startswith("No limit: the judge gives two scores")
    assert "tied pairs" not in result.sentence
    result, by_name = judged(of(texts=BINARY, needs_differences=True))
    assert (by_name["ties"].light, by_name["ties"].amber, result.light) == (Light.amber, 0.6, Light.amber)
    assert result.sentence.startswith("Look at this judge before you train on it: tied pairs 87.5% (95% interval ")
    assert result.sentence.endswith("Training needs texts of a prompt whose scores differ: a tied pair gives nothing.")


@pytest.mark.parametrize(
    ("judge", "texts"),
    [
        (WrittenVerdict(), in_pairs(*[(1.0, 1.0)] * 40)),
        (WrittenVerdict(), in_pairs(*[(1.0, 1.0)] * 30, *[(0.5, 0.5)] * 5, *[(0.0, 0.0)] * 5)),
        (AdditiveRubric(), in_pairs(*[(4.0, 4.0)] * 20, *[(3.0, 3.0)] * 20)),
    ],
    ids=["one score for all", "three scores", "two in the middle of a scale"],
)
def test_a_judge_that_could_say_more_is_held_to_the_limit_of_ties(judge: Any, texts: tuple[JudgedText, ...]) -> None:
    _, by_name = judged(of(judge, texts=texts))
    assert (by_name["ties"].light, by_name["ties"].note) == (Light.amber, "")


def test_a_judge_of_verdicts_without_scores_is_told_so_and_not_to_sample_more() -> None:
    _, by_name = judged(of(texts=in_pairs(*[(None, None)] * 40, accepted=True, is_unparsed=False)))
    for name in ("ties", "saturation"):
        assert (by_name[name].light, by_name[name].missing) == (
            Light.unknown,
            "The judge gives verdicts and no scores.",
        )


def test_seats_are_swapped_and_counted() -> None:
    same = (Comparison(0, 1, 0), Comparison(1, 0, 0))
    first_wins = (Comparison(0, 1, 0), Comparison(1, 0, 1))
    half_named = (Comparison(0, 1, 1), Comparison(1, 0, None))
    _, by_name = judged(of(PairwiseSwapped(), compared=(same,) * 15 + (first_wins,) * 15 + (half_named,) * 10))
    assert (by_name["flips"].number.value, by_name["flips"].number.n) == (0.5, 30)
    # Of 30 + 30 + 10 named winners the first seat has 15 + 30 + 0.
    assert (by_name["position"].number.value, by_name["position"].number.n) == (45 / 70, 70)
    assert by_name["flips"].light is Light.amber
    _, alone = judged(of())
    assert "does not compare each two texts in both orders" in alone["flips"].missing


def test_pairs_are_read_back_from_the_replies_that_are_kept() -> None:
    comparisons = PairwiseSwapped().comparisons(
        ["Winner: A\n---\nWinner: B", "Winner: A\n---\nno idea", "Winner: A\n---\nB"]
    )
    assert comparisons == [
        Comparison(0, 1, 0),
        Comparison(0, 2, 2),
        Comparison(1, 0, 1),
        Comparison(1, 2, None),
        Comparison(2, 0, 2),
        Comparison(2, 1, 1),
    ]
    assert PairwiseSwapped().comparisons(["Winner: A", "a reply that holds\n---\na line"]) == []


def test_length_pulls_among_texts_of_the_same_worth() -> None:
    rising = [Witness(text(n, n / 40, num_tokens=n), accepts=n % 2 == 0) for n in range(40)]
    _, by_name = judged(of(witnesses=tuple(rising)))
    assert by_name["length"].number.value == pytest.approx(1.0)
    assert by_name["length"].light is Light.amber
    # Ranks 1 2 3 4 against 2 1 4 3: 1 - 6 * 4 / (4 * 15).
    assert rank_correlation([[(1, 2), (2, 1), (3, 4), (4, 3)]]).value == pytest.approx(0.6)
    one_sided = [Witness(text(n, n / 40, num_tokens=n), accepts=True) for n in range(10)]
    one_sided += [Witness(text(20 + n, 0.5, num_tokens=10), accepts=False) for n in range(15)]
    _, used = judged(of(witnesses=tuple(one_sided)))
    assert used["length"].light is Light.unknown, "15 of the 25 have one score and one length"
    assert used["length"].missing.startswith("10 blind decisions")
    _, even = judged(of(witnesses=MIXED))
    assert even["length"].light is Light.unknown
    assert even["length"].missing.startswith("All texts of a verdict have the same score or the same length.")


def test_its_own_texts_are_preferred_beyond_what_people_prefer() -> None:
    own = people((20, 1.0, True), (20, 1.0, False), author_id=JUDGE)
    others = people((20, 1.0, True), (20, 0.0, False), author_id=OTHER)
    _, by_name = judged(of(witnesses=own + others))
    assert by_name["self_preference"].number.value == pytest.approx(0.5)
    assert by_name["self_preference"].light is Light.amber
    _, alone = judged(of(witnesses=MIXED))
    assert alone["self_preference"].missing.startswith("0 texts of each of two authors")


def test_below_its_fewest_rows_a_measure_is_unknown_and_never_zero() -> None:
    few = people((10, 1.0, True), (9, 0.0, False))
    result, by_name = judged(of(witnesses=few, why="Take items in the order random."))
    assert result.light is Light.unknown
    for measure in result.measures:
        assert (measure.light, measure.number.value, measure.number.low) == (Light.unknown, None, None), measure.name
        assert measure.missing
    reply = "19 blind decisions at random and gold items; at least 20 are needed. Take items in the order random."
    assert by_name["kappa"].missing == reply
    assert result.calibration == ()
    result, _ = judged(of(witnesses=few), fewest=10)
    assert result.light is Light.ok
    assert health(HealthEvidence(None), HealthLimits()).sentence == "No judge labels the texts of this round."


def test_the_light_is_that_of_the_worst_measure_whose_whole_interval_is_beyond_its_limit() -> None:
    wrong = people((5, 1.0, True), (35, 1.0, False))
    result, by_name = judged(of(witnesses=wrong))
    assert (result.light, by_name["precision"].light, by_name["recall"].light) == (Light.red, Light.red, Light.unknown)
    assert result.sentence.startswith("Do not train on this judge: precision")
    assert {health_measure.name for health_measure in result.reds()} == {"precision"}
    over, _ = judged(of(witnesses=wrong, is_done=True))
    assert over.sentence.startswith("Do not train the next round on this judge: precision"), "this one has trained"
    opposed = people((5, 1.0, True), (30, 1.0, False), (5, 0.0, True))
    result, _ = judged(of(witnesses=opposed))
    assert result.sentence.startswith("Do not train on this judge: Cohen’s kappa")
    assert {health_measure.name for health_measure in result.reds()} == {"kappa", "precision"}
    near = people((12, 1.0, True), (10, 1.0, False), (10, 0.0, False))
    result, by_name = judged(of(witnesses=near))
    assert by_name["precision"].number.value == pytest.approx(0.545, abs=0.001)
    assert by_name["precision"].light is Light.amber, "its interval, 0.35 to 0.73, is below 0.8 and not below 0.5"
    assert lights.is_beyond(Estimate(0.7, 0.61, 0.8, 50), 0.6, below=False, is_two_sided=True)
    assert lights.is_beyond(Estimate(0.3, 0.2, 0.39, 50), 0.6, below=False, is_two_sided=True)
    assert not lights.is_beyond(Estimate(0.3, None, None, 50), 0.6, below=True)


def test_each_measure_that_has_a_limit_says_what_helps() -> None:
    limited = {name.rsplit("_", 1)[0] for name in HealthLimits.model_fields if name.endswith(("_amber", "_red"))}
    assert limited == ADVICE.keys()


def test_planted_faults_raise_their_own_measure() -> None:
    texts = tuple(text(n, 5.0, group_id=n // 2) for n in range(80))
    _, always_five = judged(of(AdditiveRubric(), texts=texts))
    assert {health_measure.name for health_measure in always_five.values() if health_measure.light is Light.amber} == {
        "saturation",
        "ties",
    }
    good = people((40, 1.0, True), (40, 0.0, False))
    sound = tuple(text(n, float(n % 2), group_id=n // 2) for n in range(80))
    result, by_name = judged(of(witnesses=good, texts=sound))
    assert result.light is Light.ok
    assert not [
        health_measure.name for health_measure in by_name.values() if health_measure.light in (Light.amber, Light.red)
    ]
    assert result.sentence.startswith("People agree with the judge as far as is known: Cohen’s kappa")


def test_a_ratio_over_groups_has_a_width_even_where_all_groups_are_alike() -> None:
    estimate = ratio([(1, 1)] * 20)
    assert (estimate.value, estimate.n) == (1.0, 20)
    assert (estimate.low, estimate.high) == pytest.approx((0.839, 1.0), abs=0.001)
    assert ratio([(1, 3), (0, 0), (2, 3)]).value == 0.5
    assert ratio([(1, 3), (0, 0), (2, 3)]).low is None, "two groups tell nothing of others"
    assert ratio([]).value is None
