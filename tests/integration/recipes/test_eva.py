"""Ye et al. 2024 (eva), arXiv 2411.00062: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from tests.groups import scored
from tests.integration.loop import RIGHT, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_scorers import brief
from tests.integration.recipes.rounds_of_turns import last_content, scripted, trained
from tests.integration.recipes.turns import Steps
from tests.rows import make_checkpoint

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


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_eva_evolves_the_prompts_with_the_widest_gap_and_trains_on_the_mix(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = ("count to ten in steps of two", "name a thing that is cold", "say why iron sinks in water")
    engine = scripted(**{"harder_task": tasks, "prompt_[ab]": ("bad", "good"), ".": ("fair", "good")})
    loop = Loop(brief("eva", answers={"n": 5}, new_answers={"n": 4}), engine, tiny)
    numbers = {"bad\\Z": 0.0, "fair\\Z": 4.0, "good\\Z": 5.0}
    ratings = [{"pattern": pattern, "number": number} for pattern, number in numbers.items()]
    scorer = make_checkpoint(loop.project, engine={"name": "scripted", "ratings": ratings})
    _, result = trained(loop, monkeypatch, roles={"scorer": scorer.id})
    scores: dict[str, list[float]] = {}
    for row in (row for row in result["texts"] if row[0] == 0):
        scores.setdefault(str(row[1]), []).append(row[8])
    gaps = sorted((max(some) - min(some) for some in scores.values()), reverse=True)
    evolved = {row[2][0]["content"] for row in result["texts"] if row[0] == 4}
    assert (gaps[:2], result["steps"]["3"], len(evolved)) == ([5.0, 5.0], 2, 2)
    assert all(any(f"prompt {letter}" in text for letter in "ab") for text in evolved)
    trained_on = {last_content(row, "prompt") for row in result["rows"][11]}
    assert trained_on & set(tasks)
    assert trained_on & set(RIGHT)
    assert all(last_content(row, "chosen") == "good" for row in result["rows"][11])
