"""Lee et al. 2022, arXiv 2210.02871: what makes it that method."""

from backend import recipes

RECIPE = recipes.get("self_distilled_further_pretraining")
FIRST, LATER = RECIPE.phases


def test_a_copy_is_adapted_and_then_the_original_weights_are_pulled_to_it():
    adapt, distil = FIRST.steps[2], FIRST.steps[4]
    assert (adapt.part.name, adapt.part.start, adapt.makes) == ("sft", "base", "adapted")
    assert (distil.part.name, distil.part.start, distil.part.reference) == ("hidden_state_sft", "base", "adapted")
    assert (distil.makes, RECIPE.product) == ("policy", "policy")


def test_both_learn_the_same_texts():
    assert FIRST.steps[1].part == FIRST.steps[3].part
    assert [place.source for place in RECIPE.places(0)[1:4:2]] == [0, 0]


def test_later_rounds_restart_from_the_base_and_distil_from_the_last_one():
    (distil,) = (step.part for step in LATER.steps if step.kind == "trainer")
    assert (distil.start, distil.reference, distil.pull) == ("base", "policy", 1.0)
    assert [RECIPE.phase_of(n) for n in range(3)] == [0, 1, 1]
