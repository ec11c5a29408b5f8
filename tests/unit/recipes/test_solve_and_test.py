"""Lin et al. 2025 (Sol-Ver), arXiv 2502.14948: what makes it that method."""

import pytest
from pydantic import ValidationError

from backend import recipes
from backend.generators.sample import Sample
from backend.judges.all_of import AllOf
from backend.judges.run_tests import RunTests
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.schedules.balance_probe import BalanceProbe
from backend.selectors.above_threshold import AboveThreshold
from backend.trainers.sft import SFT
from tests.groups import texts

RECIPE = recipes.get("solve_and_test")
PLACES = RECIPE.places()
BY_NAME = {place.step.name: place for place in PLACES if place.step.name}


def test_programs_are_judged_by_own_tests_and_tests_by_own_programs() -> None:
    passed, agreed = BY_NAME["passed"].step.part, BY_NAME["agreed"].step.part
    assert isinstance(passed, RunTests)
    assert isinstance(agreed, RunTests)
    assert (passed.texts, passed.beside) == ("programs", "tests")
    assert (agreed.texts, agreed.beside) == ("tests", "solutions")
    # Both are written by one model, each from the task alone.
    assert [BY_NAME[name].step.by for name in ("tasks", "solutions", "tests")] == ["policy"] * 3
    asked = PLACES[5].step.part
    assert (asked.name, asked.about, "{response}" in asked.template) == ("ask", "prompt", False)


def test_a_weak_test_is_flagged_and_judges_nobody() -> None:
    program, weak = texts("def f(x): return 4"), texts("assert f(2) == 4")
    (row,) = BY_NAME["passed"].step.part.with_beside([weak]).judge(None, [program], seed=0)
    (column,) = BY_NAME["agreed"].step.part.with_beside([program]).judge(None, [weak], seed=0)
    assert (row.score, column.score) == (None, 0.0)
    assert "weak" in column.rationale


def test_agreeing_ones_are_rows_and_failing_ones_the_rejected_side_for_both_roles() -> None:
    taught, last = BY_NAME["taught"], PLACES[-1]
    assert [PLACES[n].step.of for n in taught.rows] == ["solutions", "tests"]
    assert [PLACES[n].step.of for n in last.rows] == ["solutions", "tests"]
    assert (taught.step.part.name, last.step.part.name, last.step.part.start) == ("sft", "dpo", "taught")
    assert last.step.makes == "policy", "one checkpoint has both roles"


def test_who_is_compared_with_has_to_be_a_generator_before() -> None:
    data = RECIPE.model_dump(mode="json")
    data["steps"][8]["part"]["beside"] = "nobody"
    with pytest.raises(ValidationError, match=r"texts of 'nobody', but no generator before it has that name: tasks, "):
        recipes.Recipe.model_validate(data)


def test_several_judges_in_one_compare_with_one_step_alone() -> None:
    with pytest.raises(ValidationError, match="all_of holds compare with the texts of easy and hard, and one step"):
        AllOf(judges=(RunTests(beside="easy"), RunTests(beside="hard")))
    assert AllOf(judges=(RunTests(beside="easy"), RunTests())).reads_beside == "easy"


def test_a_schedule_cannot_try_out_what_compares_with_another_step() -> None:
    steps = (
        PromptSet(),
        Step(Sample(), name="programs"),
        Step(Sample(), name="tests"),
        RunTests(beside="tests"),
        AboveThreshold(),
        SFT(),
    )
    assert Recipe(name="x", title="X", steps=steps)
    with pytest.raises(ValidationError, match="compares with the texts of another step, and a schedule that tries"):
        Recipe(name="x", title="X", steps=steps, schedule=BalanceProbe())
