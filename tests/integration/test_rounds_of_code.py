"""Rounds whose programs are run: solutions and tests that judge each other, and tasks that are proposed and solved."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import MissingPrerequisite
from backend.values import RoundStatus, Verdict
from tests.integration.loop import TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_of_own_prompts import adopted
from tests.integration.test_rounds_rl import TRAINING as ONLINE
from tests.rows import make_prompt_set
from tests.tasks_about_code import INPUTS, PAIR

pytestmark = pytest.mark.on_sqlite

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
PROPOSER = {
    "name": "scripted",
    "rules": [
        {"pattern": "Kind of task: induction", "reply": INPUTS},
        {"pattern": "Kind of task: deduction", "reply": (PAIR, PAIR.replace("2, 3", "7, 8"))},
        {"pattern": "Kind of task: abduction", "reply": (PAIR, PAIR.replace("2, 3", "2"), "no task")},
    ],
}


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


@pytest.mark.usefixtures("sandboxed")
def test_tasks_are_proposed_checked_adopted_solved_and_proposed_anew(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipes.get("absolute_zero")
    data = recipe.with_changes({"solver": ONLINE | {"start": "base"}, "metrics": []}).model_dump(mode="json")
    reward = {"solver_runs": 2, "max_tokens": 4}
    data["steps"][-1]["part"] |= ONLINE
    data["steps"][-1]["part"]["reward"] |= reward
    loop = Loop(recipe.model_validate(data), PROPOSER, tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=["not a word of this is asked"])
    first, second = (loop.launch(num_prompts=9) for _ in range(2))
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with dying(monkeypatch):
        loop.run(second)
    result = rows_of_round(first)
    assert rows_of_round(second)["texts"] == [row for row in result["texts"] if row[0] in (0, 3)]
    proposals = [row for row in result["texts"] if row[0] == 0]
    assert len(proposals) == 9
    for row in proposals:
        is_valid = row[7] != "no task" and "```input\n2\n```\n" not in f"{row[7]}\n"
        assert row[9] is (Verdict.accept if is_valid or row[7] == INPUTS else Verdict.reject)
    # Each task once, with the output that its program returned; nobody but the check is told.
    tasks = adopted(first)
    assert {task.extra["task"]["kind"] for task in tasks} >= {"deduction", "induction"}
    assert len({task.text for task in tasks}) == len(tasks)
    solver, proposer = result["rows"][4], result["rows"][6]
    assert [row["metadata"]["task"] for row in solver] == [task.extra["task"] for task in tasks]
    assert [row["answer"] for row in solver] == [task.answer for task in tasks]
    assert [last_content(row, "prompt") for row in solver] == [task.text for task in tasks]
    assert [last_content(row, "prompt") for row in proposer] == [row[2][0]["content"] for row in proposals]
    assert not any("not a word of this" in last_content(row, "prompt") for row in (*solver, *proposer))
    # What an untrained model writes has no form: both rewards say so.
    rollouts = tables.Sample
    with reading() as db:
        query = select(rollouts.step, rollouts.extra).where(rollouts.round_id == first, rollouts.kind == "rollout")
        rewards = {(step, extra.get("reward")) for step, extra in db.execute(query)}
        made_by = {row.id: row for row in db.scalars(select(tables.Checkpoint))}
    assert rewards == {(5, -1.0), (7, -1.0)}
    product = made_by[ended.checkpoint_id or 0]
    assert made_by[product.parent_id or 0].parent_id == loop.base.id, "the proposer is trained after the solver"
    # The next round shows the tasks of this one.
    third = loop.launch(num_prompts=3, parent_id=first)
    loop.run(third)
    asked = [row[2][0]["content"] for row in rows_of_round(third)["texts"] if row[0] == 0]
    assert PAIR.split("```input")[0].split("```python")[1] in asked[0]
    assert "Hello World" not in asked[0]


def test_a_round_that_runs_programs_is_refused_without_a_sandbox(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(recipes.get("absolute_zero"), PROPOSER, tiny)
    with session() as db:
        db.get_one(tables.Checkpoint, loop.policy.id).engine = loop.base.engine
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPrerequisite, match=r"Step 3 \(judge valid_task\) runs programs .* not installed"):
        loop.launch()
