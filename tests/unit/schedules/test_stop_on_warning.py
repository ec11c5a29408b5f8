"""Warnings end a line of rounds; each compares the newest number with a limit."""

import pytest
from pydantic import ValidationError

from backend.recipes import Recipe
from backend.recipes._parts import SFT, AboveThreshold, DistinctN, ExactMatch, HeldOutAccuracy, PromptSet, Sample
from backend.schedules import History
from backend.schedules._warnings import WARNINGS
from backend.schedules.stop_on_warning import StopOnWarning


def line(metric: str, *number: float | None) -> History:
    return [{metric: value} for value in number]


def stops(warning: str, history: History, **knobs: object) -> bool:
    return StopOnWarning(warnings=(warning,), **knobs).stops(history) is not None


@pytest.mark.parametrize(
    ("warning", "history", "expected"),
    [
        ("accuracy_fell", line("held_out_accuracy", 0.5, 0.6, 0.55), False),  # 0.6 - 0.05 is not below itself
        ("accuracy_fell", line("held_out_accuracy", 0.5, 0.6, 0.54), True),
        ("balance_lost", line("balance_score", 0.5, 0.8, 0.63), True),  # 0.8 * 0.8 = 0.64
        ("balance_lost", line("balance_score", 0.5, 0.8, 0.64), False),
        ("cannot_be_told_apart", line("two_sample_accuracy", 0.54), True),
        ("cannot_be_told_apart", line("two_sample_accuracy", 0.56), False),
        ("diversity_fell", line("distinct_2", 0.5, 0.9, 0.34), True),  # 0.7 * 0.5 = 0.35
        ("diversity_fell", line("distinct_2", 0.5, 0.9, 0.36), False),
        ("judge_decayed", line("judge_accuracy_people", 0.9, 0.84), True),
        ("pair_gap_fell", line("pair_distance", 0.6, 0.29), True),
        ("pair_gap_fell", line("pair_distance", 0.6, 0.31), False),
    ],
)
def test_each_warning_at_its_limit(warning: str, history: History, expected: bool) -> None:
    assert stops(warning, history) is expected


def test_what_holds_only_beside_another_number():
    short, long = {"mean_tokens": 100.0}, {"mean_tokens": 151.0}
    for accuracy, expected in ((0.5, True), (0.4, True), (0.6, False)):
        history = [short | {"held_out_accuracy": 0.5}, long | {"held_out_accuracy": accuracy}]
        assert stops("longer_without_gain", history) is expected
    assert not stops("longer_without_gain", [short, long]), "nothing says that there was no gain"
    sharper = [
        {"pass_at_8": 0.8, "held_out_accuracy": 0.3},
        {"pass_at_8": 0.77, "held_out_accuracy": 0.4},
    ]
    assert stops("sharpening_only", sharper)
    assert not stops("sharpening_only", [sharper[0], sharper[1] | {"held_out_accuracy": 0.3}])


def test_patience_asks_for_rounds_in_a_row():
    fell = line("distinct_2", 1.0, 0.6, 0.6)
    assert stops("diversity_fell", fell, patience=2)
    assert not stops("diversity_fell", fell[:2], patience=2)
    assert not stops("diversity_fell", line("distinct_2", 1.0, 0.6, 0.9, 0.6), patience=2)


def test_a_round_that_measured_nothing_stops_nothing():
    for name in WARNINGS:
        assert not stops(name, [])
        assert not stops(name, [{}])
    assert not stops("diversity_fell", line("distinct_2", 1.0, 0.1, None))
    assert stops("diversity_fell", line("distinct_2", None, 1.0, None, 0.1))


def test_limits_can_be_others_and_the_reason_has_the_numbers():
    history = line("distinct_2", 0.5, 0.4)
    assert not stops("diversity_fell", history)
    text = StopOnWarning(warnings=("accuracy_fell", "diversity_fell"), limits={"diversity_fell": 0.9}).stops(history)
    assert text == (
        "The warning diversity_fell holds: distinct_2 is 0.4, below 0.9 times the 0.5 of the first round that measured "
        "it."
    )
    assert StopOnWarning().changes(history) == {}


def test_a_recipe_has_to_measure_what_the_warnings_look_at():
    steps = (PromptSet(), Sample(), ExactMatch(), AboveThreshold(), SFT())
    schedule = StopOnWarning(warnings=("accuracy_fell", "diversity_fell"))
    Recipe(name="x", title="X", steps=steps, schedule=schedule, metrics=(HeldOutAccuracy(), DistinctN()))
    with pytest.raises(ValidationError, match="looks at distinct_2, which none of this recipe's metrics gives"):
        Recipe(name="x", title="X", steps=steps, schedule=schedule, metrics=(HeldOutAccuracy(), DistinctN(n=3)))
    with pytest.raises(ValidationError, match="warnings"):
        StopOnWarning(warnings=("it_rains",))
