"""Xi et al. 2024 (critique in the loop), arXiv 2411.16579: what makes it that method."""

from backend import recipes
from backend.values import Group
from tests.groups import prompt, sample
from tests.unit.recipes.turns import Steps, answered

RECIPE = recipes.get("critique_in_the_loop")
STEPS = Steps(RECIPE, 1)


def test_a_critic_of_its_own_is_trained_first():
    trainer = Steps(RECIPE, 0).places[4].step
    assert (trainer.part.name, trainer.makes) == ("sft", "critic")
    assert STEPS.places[5].step.by == "critic"
    assert {STEPS.places[n].step.by for n in (1, 7)} == {"policy"}
    assert [RECIPE.phase_of(n) for n in range(3)] == [0, 1, 1]


def test_hard_prompts_get_extra_samples_guided_by_the_critic():
    easy = Group(prompt(id=1, answer="4"), tuple(sample(n, "#### 4") for n in (1, 2, 3)))
    hard = Group(prompt(id=2, answer="4"), tuple(sample(n, f"#### {n}", prompt_id=2) for n in (5, 6, 7)))
    asked = STEPS.ask(4, *STEPS.label(2, [easy, hard]))
    assert [group.parent.id for group in asked] == [5, 6, 7]
    (refine, *_) = STEPS.ask(6, answered(asked[0], "step 1 is wrong", first=11))
    content = refine.prompt.messages[0]["content"]
    assert "question" in content
    assert "#### 5" in content
    assert "step 1 is wrong" in content


def test_only_verified_refinements_enter_the_actors_sft_for_the_prompt_alone():
    (wrong,) = STEPS.label(2, [Group(prompt(answer="4"), (sample(1, "#### 5"),))])
    (critique,) = STEPS.ask(4, wrong)
    (asked,) = STEPS.ask(6, answered(critique, "step 1 is wrong", first=11))
    (refined,) = STEPS.label(8, [answered(asked, "#### 4", "#### 6", first=21, chain=wrong.samples)])
    assert [row.sample_id for row in STEPS.select(9, refined).examples] == [21]
    assert refined.trained == prompt().messages
    assert (STEPS.part(10).name, STEPS.places[10].step.makes, STEPS.places[10].rows) == ("sft", "policy", (3, 9))
