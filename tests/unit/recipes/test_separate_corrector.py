"""Welleck et al. 2022 (learning to self-correct), arXiv 2211.00053: what makes it that method."""

from backend import recipes
from backend.values import Group
from tests.groups import prompt, sample
from tests.unit.recipes.turns import Steps, answered

RECIPE = recipes.get("separate_corrector")
STEPS = Steps(RECIPE)
(DRAFTS,) = STEPS.label(2, [Group(prompt(answer="4"), (sample(1, "#### 5"), sample(2, "#### 4")))])


def test_the_generator_stays_as_it_is_and_a_corrector_of_its_own_is_trained():
    assert [place.step.makes for place in STEPS.places if place.step.kind == "trainer"] == ["corrector"]
    assert [place.step.by for place in STEPS.places if place.step.kind == "generator"] == ["policy", "corrector"]
    assert (STEPS.part(8).name, STEPS.part(8).start) == ("sft", "corrector")


def test_the_pool_begins_with_value_improving_pairs_of_drafts():
    (row,) = STEPS.select(3, DRAFTS).examples
    assert row.sample_id == 2
    # A row asks what the corrector is asked.
    (asked, _) = STEPS.ask(4, DRAFTS)
    assert row.messages == asked.prompt.messages


def test_a_rewrite_is_kept_only_if_its_value_is_higher():
    wrong, right = STEPS.ask(4, DRAFTS)
    rewrites = STEPS.label(6, [answered(wrong, "so #### 4", first=11), answered(right, "it is #### 4", first=12)])
    selection = STEPS.select(7, *rewrites)
    assert [row.sample_id for row in selection.examples] == [11]
    assert selection.dropped == {"no better than the draft": 1}
    # From the draft to the rewrite: the row asks about the draft.
    assert rewrites[0].trained is None


def test_the_pool_grows():
    assert RECIPE.earlier_rounds
    assert RECIPE.earlier_rounds_limit == 0
    assert STEPS.places[8].rows == (3, 7)
