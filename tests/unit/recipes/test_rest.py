"""Gulcehre et al. 2023 (ReST), arXiv 2308.08998: one set of samples, a fixed scorer, several rising improve steps."""

from backend import recipes

RECIPE = recipes.get("rest")
STEPS = RECIPE.phases[0].steps
PLACES = RECIPE.places()


def test_texts_are_made_and_scored_once_before_the_first_training():
    kinds = [step.kind for step in STEPS]
    assert kinds == ["prompt_source", "generator", "judge", *["selector", "trainer"] * 3]
    assert all(place.texts == (1,) for place in PLACES if place.step.kind == "selector"), (
        "all choose among the same texts"
    )


def test_the_scorer_is_fixed():
    """No step trains the role that scores, so it stays what was bound."""
    (judge,) = (step for step in STEPS if step.kind == "judge")
    assert (judge.part.name, judge.by) == ("reward_model", "scorer")
    assert {step.makes for step in STEPS if step.kind == "trainer"} == {"policy"}


def test_the_threshold_rises_strictly_from_improve_step_to_improve_step():
    thresholds = [step.part.threshold for step in STEPS if step.kind == "selector"]
    assert thresholds == sorted(set(thresholds))
    assert len(thresholds) == 3


def test_each_improve_step_goes_on_from_the_one_before_and_sees_its_own_rows_alone():
    trainers = [place for place in PLACES if place.step.kind == "trainer"]
    assert [place.step.part.start for place in trainers] == ["policy"] * 3
    assert [place.rows for place in trainers] == [(3,), (5,), (7,)]
    rates = [place.step.part.learning_rate for place in trainers]
    assert rates == sorted(set(rates), reverse=True)
