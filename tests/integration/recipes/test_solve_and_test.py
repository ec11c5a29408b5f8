"""Lin et al. 2025 (Sol-Ver), arXiv 2502.14948: what makes it that method."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.generators.sample import Sample
from backend.judges.all_of import AllOf
from backend.judges.run_tests import RunTests
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe, Step
from backend.schedules.balance_probe import BalanceProbe
from backend.selectors.above_threshold import AboveThreshold
from backend.trainers.sft import SFT
from backend.values import RoundStatus
from tests.groups import texts
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_of_own_prompts import adopted

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


RIGHT, WRONG = "```python\ndef f(x):\n    return x * 2\n```", "```python\ndef f(x):\n    return x * 3\n```"

TRUE = "```python\nassert f(1) == 2\nassert f(4) == 8\n```"

FALSE, WEAK = "```python\nassert f(1) == 7\nassert f(2) == 8\n```", "```python\nassert f(2) == 4\n```"

CODER = {
    "name": "scripted",
    "rules": [
        {"pattern": "Reply with the new task alone", "reply": "Write f that doubles its argument"},
        {"pattern": "Write tests for it", "reply": (TRUE, TRUE, TRUE, FALSE, WEAK)},
        {"pattern": "doubles", "reply": (RIGHT, RIGHT, WRONG)},
    ],
}


@pytest.mark.on_sqlite
@pytest.mark.usefixtures("sandboxed")
def test_programs_and_tests_judge_each_other_and_both_are_trained_on(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {"solutions": {"n": 8}, "tests": {"n": 8}, "taught": TRAINING | {"start": "base", "max_steps": 1}}
    data = recipes.get("solve_and_test").with_changes(steps | {"metrics": []}).model_dump(mode="json")
    data["steps"][-1]["part"] |= TRAINING | {"max_steps": 1}
    loop = Loop(recipes.Recipe.model_validate(data), CODER, tiny)
    first, second = (loop.launch(num_prompts=2, seed=7) for _ in range(2))
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with dying(monkeypatch):
        loop.run(second)
    result = rows_of_round(first)
    assert rows_of_round(second)["texts"] == result["texts"]
    (task,) = adopted(first)
    solutions = {row[6]: row for row in result["texts"] if row[0] == 3}
    tests = {row[6]: row for row in result["texts"] if row[0] == 5}
    assert len(solutions) == len(tests) == 8
    # A program is as good as the share of tests that it passes; a test by the programs, and a weak one by none.
    counted = [row for row in tests.values() if row[7] != WEAK]
    true, right = sum(row[7] == TRUE for row in counted), sum(row[7] == RIGHT for row in solutions.values())
    assert (true, len(counted), right) == (5, 6, 6)
    expected = {RIGHT: true / len(counted), WRONG: 0.0, TRUE: right / 8, FALSE: 0.0, WEAK: 0.0}
    for row in (*solutions.values(), *tests.values()):
        assert row[8] == pytest.approx(expected[row[7]])
    with reading() as db:
        judgment = tables.Judgment
        raw = db.scalars(select(judgment.raw).where(judgment.round_id == first, judgment.step == 8)).all()
    matrix = [json.loads(entry)["programs"] for entry in raw]
    assert [len(row) for row in matrix] == [8] * 8, "every program was run on every test"
    taught, preferred = result["rows"][10], result["rows"][13]
    assert {last_content(row, "completion") for row in taught} == {RIGHT, TRUE}
    assert [last_content(row, "prompt") == task.text for row in taught] == [True, False]
    assert "Write tests for it" in last_content(taught[1], "prompt")
    assert {(last_content(row, "chosen"), last_content(row, "rejected")) for row in preferred} <= {
        (RIGHT, WRONG),
        (TRUE, FALSE),
        (TRUE, WEAK),
    }
    assert len(preferred) == 2
    with reading() as db:
        names = dict(db.execute(select(tables.Checkpoint.id, tables.Checkpoint.parent_id)).tuples().all())
    assert names[names[ended.checkpoint_id or 0] or 0] == loop.base.id, "pairs are learned after rows"
