"""Ye et al. 2024 (eva), arXiv 2411.00062: what makes it that method."""

from dataclasses import replace

from backend import recipes
from tests.groups import scored
from tests.unit.recipes.turns import Steps

RECIPE = recipes.get("eva")
STEPS = Steps(RECIPE)


def test_only_the_quarter_of_prompts_with_the_widest_reward_gap_is_evolved():
    """Gaps of 1, 5, 2 and 3 within the prompts' own groups, whatever their level."""
    groups = [
        replace(scored([low, low + gap], id=n), id=n)
        for n, (low, gap) in enumerate(((9, 1), (-7, 5), (0, 2), (4, 3)), 1)
    ]
    kept = STEPS.part(3).ask(groups, [], limit=9, seed=0)
    assert [group.prompt.id for group in kept] == [2]
    (asked,) = STEPS.ask(4, *kept)
    assert "harder task" in asked.prompt.messages[0]["content"]
    assert "question" in asked.prompt.messages[0]["content"]


def test_a_fixed_reward_model_rates_old_and_new_answers():
    judges = [place for place in STEPS.places if place.step.part.name == "reward_model"]
    assert [(place.source, place.step.by) for place in judges] == [(0, "scorer"), (7, "scorer")]
    assert {place.step.makes for place in STEPS.places if place.step.kind == "trainer"} == {"policy"}


def test_the_solver_trains_on_the_mix_of_evolved_and_original_prompts():
    selectors = [place for place in STEPS.places if place.step.kind == "selector"]
    assert [(place.step.part.name, place.source, place.narrowed) for place in selectors] == [
        ("best_versus_worst", 7, None),
        ("best_versus_worst", 0, None),
    ]
    assert (STEPS.places[-1].step.part.name, STEPS.places[-1].rows) == ("dpo", (10, 11))


def test_what_was_evolved_is_in_the_pool_of_later_rounds():
    assert (STEPS.part(0).take_own, STEPS.part(7).name) == (True, "adopt")
    assert RECIPE.gate() == 3
