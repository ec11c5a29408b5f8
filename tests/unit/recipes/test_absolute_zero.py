"""Zhao et al. 2025 (Absolute Zero), arXiv 2505.03335: what makes it that method."""

import pytest
from pydantic import ValidationError

from backend import recipes
from backend.judges.learnability import Learnability
from backend.judges.run_tests import RunTests
from backend.judges.solves_task import SolvesTask
from backend.trainers.grpo import GRPO

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
