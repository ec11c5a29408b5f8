"""Tong et al. 2024 (self-reinforcement), arXiv 2405.04086: what makes it that method."""

from backend import recipes
from backend.values import Group
from tests.groups import prompt, sample
from tests.unit.recipes.turns import Steps

RECIPE = recipes.get("weak_supervision_self_reinforcement")
TAUGHT, REINFORCED = Steps(RECIPE, 0), Steps(RECIPE, 1)


def test_the_first_round_is_sft_on_known_answers():
    (known,) = TAUGHT.part(1).generate(None, [prompt(answer="#### 4")], seed=0)
    assert [entry.text for entry in known] == ["#### 4"]
    (labelled,) = TAUGHT.label(2, [Group(prompt(), (sample(1, "#### 4", role="data"),))])
    assert [row.sample_id for row in TAUGHT.select(3, labelled).examples] == [1]
    assert (TAUGHT.part(4).name, TAUGHT.places[4].step.makes) == ("sft", "policy")


def test_then_the_tuned_models_text_is_preferred_to_the_untuned_ones_without_a_judge():
    assert [place.step.by for place in REINFORCED.places[1:3]] == ["policy", "base"]
    assert not any(place.step.kind == "judge" for place in REINFORCED.places)
    tuned, untuned = sample(1, "#### 5", role="policy"), sample(2, "#### 4", role="base")
    # No answer is known, and neither text is scored.
    (pair,) = REINFORCED.select(3, Group(prompt(), (tuned, untuned))).examples
    assert (pair.sample_id, pair.rejected_id) == (1, 2)
    assert (REINFORCED.part(4).name, REINFORCED.part(4).beta) == ("dpo", 0.1)


def test_pairs_whose_sides_agree_are_filtered():
    tuned, untuned = sample(1, "It is #### 4", role="policy"), sample(2, "so #### 4", role="base")
    selection = REINFORCED.select(3, Group(prompt(), (tuned, untuned)))
    assert selection.dropped == {"same answer on both sides": 1}


def test_the_second_phase_goes_on():
    assert [RECIPE.phase_of(n) for n in range(4)] == [0, 1, 1, 1]
