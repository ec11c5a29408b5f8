"""Levels of difficulty, by the held-out accuracy at the present one (Lee et al. 2025, arXiv 2502.01612)."""

import pytest
from pydantic import ValidationError

from backend.recipes import Recipe, Step
from backend.recipes._parts import SFT, AboveThreshold, ExactMatch, HeldOutAccuracy, PromptsByDifficulty, Sample
from backend.recipes._parts import AccuracyByDifficulty as ByDifficulty
from backend.recipes._parts import DifficultyLadder as Ladder

LADDER = Ladder(levels=(2, 3, 5), at_least=0.9, knobs=("lowest", "highest"))


MEASURED = (ByDifficulty(),)


def level(*history, ladder=LADDER):
    (bounds,) = ladder.changes(history).values()
    assert len(set(bounds.values())) == 1
    return bounds["highest"]


def test_goes_up_by_one_where_the_present_level_is_answered():
    assert level() == 2
    assert level({"accuracy_at_2": 0.9}) == 3
    assert level({"accuracy_at_2": 0.89}) == 2
    # Level 3 was as good already, but the model was not trained on it yet: one step for one training.
    assert level({"accuracy_at_2": 0.95, "accuracy_at_3": 1.0}) == 3
    assert level({"accuracy_at_2": 0.95}, {"accuracy_at_2": 1.0, "accuracy_at_3": 0.2}) == 3
    assert level({"accuracy_at_2": 0.95}, {"accuracy_at_3": 0.95}) == 5


def test_never_without_a_measured_checkpoint_and_never_beyond_the_last():
    assert level({"distinct_2": 0.5}, {}, {"accuracy_at_2": None}) == 2
    assert level({"accuracy_at_2": 1.0}, {}) == 3, "a round that trained nothing moves nothing"
    assert level({"accuracy_at_2": 1.0}, {"accuracy_at_3": 1.0}, {"accuracy_at_5": 1.0}) == 5


def test_a_level_stays_passed_when_the_model_forgets_it():
    assert level({"accuracy_at_2": 1.0}, {"accuracy_at_2": 0.0, "accuracy_at_3": 0.5}) == 3


@pytest.mark.parametrize("levels", [(), (1, 1), (2, 1)])
def test_refuses_levels_that_do_not_rise(levels):
    with pytest.raises(ValidationError):
        Ladder(levels=levels)


def recipe(*, metrics=MEASURED, schedule=LADDER, lowest=2, highest=2, name=""):
    source = Step(PromptsByDifficulty(lowest=lowest, highest=highest), name=name)
    steps = (source, Sample(), ExactMatch(), AboveThreshold(), SFT())
    return Recipe(name="x", title="X", steps=steps, schedule=schedule, metrics=metrics)


def test_a_recipe_stands_at_one_of_the_levels_and_measures_each():
    first = recipe()
    after = first.with_changes(LADDER.changes([{"accuracy_at_2": 1.0}]))
    assert (after.prompt_source.lowest, after.prompt_source.highest) == (3, 3)
    assert after.schedule == LADDER
    named = recipe(name="sums", schedule=LADDER.model_copy(update={"slot": "sums"}))
    assert named.with_changes(named.schedule.changes([{"accuracy_at_2": 1.0}])).prompt_source.highest == 3
    with pytest.raises(ValidationError, match="looks at the metric accuracy_by_difficulty, which this recipe does not"):
        recipe(metrics=(HeldOutAccuracy(),))
    with pytest.raises(ValidationError, match=r"goes from .*2.* to .*5.*stands at none of its settings"):
        recipe(lowest=1, highest=4)
    with pytest.raises(ValidationError, match=r"cannot set .* in this recipe"):
        recipe(schedule=LADDER.model_copy(update={"slot": "generator"}))
    with pytest.raises(ValidationError, match=r"cannot set .*lowest 1 is above highest 0"):
        recipe(lowest=1, schedule=Ladder(levels=(0, 2)))
