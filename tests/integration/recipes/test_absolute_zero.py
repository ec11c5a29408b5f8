"""Zhao et al. 2025 (Absolute Zero), arXiv 2505.03335: what makes it that method."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.errors import MissingPrerequisite
from backend.judges.learnability import Learnability
from backend.judges.run_tests import RunTests
from backend.judges.solves_task import SolvesTask
from backend.trainers.grpo import GRPO
from backend.values import RoundStatus, Verdict
from tests.integration.loop import Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_of_own_prompts import adopted
from tests.integration.test_rounds_rl import TRAINING as ONLINE
from tests.rows import make_prompt_set
from tests.tasks_about_code import INPUTS, PAIR

RECIPE = recipes.get("absolute_zero")
PLACES = RECIPE.places()
SOLVER, PROPOSER = (place.step for place in PLACES if place.step.kind == "trainer")


def test_all_three_kinds_are_proposed_by_the_model_that_solves_them() -> None:
    assert PLACES[0].step.part.kinds == ("deduction", "abduction", "induction")
    assert PLACES[1].step.by == "policy"
    assert [place.step.part.name for place in PLACES[2:4]] == ["valid_task", "adopt_tasks"]
    assert PLACES[0].step.part.reads_own, "tasks of earlier rounds are shown"


def test_the_solver_is_rewarded_by_a_run_and_the_proposer_by_eight_of_the_solver() -> None:
    reward = SOLVER.part.reward
    assert isinstance(reward, SolvesTask)
    assert (reward.needs_engine, reward.wrong, reward.unread) == (False, -0.5, -1.0)
    reward = PROPOSER.part.reward
    assert isinstance(reward, Learnability)
    assert (reward.solver_runs, PROPOSER.part.judge_by, PROPOSER.part.reward_from) == (8, "live", "score")
    assert (reward.invalid, reward.unread) == (-0.5, -1.0)


def test_one_model_has_both_roles() -> None:
    assert (SOLVER.part.start, SOLVER.makes, PROPOSER.part.start, PROPOSER.makes) == (
        "policy",
        "solver",
        "solver",
        "policy",
    )
    # The solver is trained on adopted tasks, the proposer on the questions for tasks.
    assert [PLACES[place.rows[0]].source for place in PLACES if place.step.kind == "trainer"] == [3, 0]


def test_nothing_but_programs_says_what_is_right() -> None:
    assert not any(judge.needs_answer for judge in RECIPE.judges)
    assert all(judge.needs_sandbox for judge in RECIPE.judges)


def test_a_judge_that_compares_with_other_texts_is_no_reward() -> None:
    with pytest.raises(ValidationError, match="judges by other texts than the group that is written"):
        GRPO(reward=RunTests(beside="tests"))


SCRIPTED = {
    "name": "scripted",
    "rules": [
        {"pattern": "Kind of task: induction", "reply": INPUTS},
        {"pattern": "Kind of task: deduction", "reply": (PAIR, PAIR.replace("2, 3", "7, 8"))},
        {"pattern": "Kind of task: abduction", "reply": (PAIR, PAIR.replace("2, 3", "2"), "no task")},
    ],
}


@pytest.mark.on_sqlite
@pytest.mark.usefixtures("sandboxed")
def test_tasks_are_proposed_checked_adopted_solved_and_proposed_anew(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipes.get("absolute_zero")
    data = recipe.with_changes({"solver": ONLINE | {"start": "base"}, "metrics": []}).model_dump(mode="json")
    reward = {"solver_runs": 2, "max_tokens": 4}
    data["steps"][-1]["part"] |= ONLINE
    data["steps"][-1]["part"]["reward"] |= reward
    loop = Loop(recipe.model_validate(data), SCRIPTED, tiny)
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


@pytest.mark.on_sqlite
def test_a_round_that_runs_programs_is_refused_without_a_sandbox(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(recipes.get("absolute_zero"), SCRIPTED, tiny)
    with session() as db:
        db.get_one(tables.Checkpoint, loop.policy.id).engine = loop.base.engine
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPrerequisite, match=r"Step 3 \(judge valid_task\) runs programs .* not installed"):
        loop.launch()
