"""Zeng et al. 2024 (B-STaR), arXiv 2412.17256: what makes it that method."""

from backend import recipes
from backend.metrics import Evidence
from backend.metrics.balance_score import BalanceScore
from tests.groups import prompt
from tests.unit.recipes.loop import Lines, run

RECIPE = recipes.get("bstar")


def score(*lines: str) -> float | None:
    """The balance score of what is kept of one prompt, whose answer is 4."""
    result = run(RECIPE, Lines(lines=lines), prompt("2+2?", answer="4"))
    kept = frozenset(example.sample_id for example in result.selection.examples)
    (metric,) = [entry for entry in RECIPE.metrics if isinstance(entry, BalanceScore)]
    return metric.compute(Evidence(round_groups=[result.group], kept=kept))[0].value


def test_temperatures_are_tried_with_64_samples_before_every_round():
    trials = RECIPE.schedule.trials()
    assert {trial["generator"]["n"] for trial in trials} == {64}
    assert [trial["generator"]["temperature"] for trial in trials] == [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2]
    assert RECIPE.schedule.pilot_prompts == 64
    assert RECIPE.schedule.metric == "balance_score"


def test_without_a_step_scorer_the_threshold_is_0_or_1_and_only_the_temperature_is_tuned():
    assert all("selector" not in trial for trial in RECIPE.schedule.trials())
    # 64 samples in 16 ways, 6 of them right: 6 kept after duplicates, all right, of 8 wanted.
    ways = [f"way {n} #### 4" for n in range(6)] + [f"way {n} #### 5" for n in range(10)]
    assert score(*ways) == 6 / 8


def test_more_than_eight_right_ones_are_no_better():
    assert score(*(f"way {n} #### 4" for n in range(8))) == score(*(f"way {n} #### 4" for n in range(32))) == 1.0


def test_a_prompt_without_a_right_sample_is_in_no_mean():
    assert score("#### 5") is None


def test_each_round_goes_on_from_the_last_checkpoint():
    assert (RECIPE.trainer.name, RECIPE.trainer.start) == ("sft", "policy")
