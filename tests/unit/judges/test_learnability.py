"""Zhao et al. 2025 (Absolute Zero), arXiv 2505.03335, equation 4: the proposer's reward."""

from collections.abc import Sequence

import pytest

from backend.engines.scripted import Scripted
from backend.judges.learnability import Learnability
from backend.values import Completion, FailureKind, Messages, Sampling, Verdict
from tests.tasks_about_code import INPUTS, PAIR, proposed

pytestmark = pytest.mark.usefixtures("sandboxed")

RIGHT, WRONG = "```output\n5\n```", "```output\n6\n```"


class Solver(Scripted):
    """Answers as its replies say, in order."""

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        return [
            [Completion(self.replies[n % len(self.replies)], "stop", 1) for n in range(sampling.n)] for _ in prompts
        ]


del Scripted.registry["solver"]


@pytest.mark.parametrize(("right", "score"), [(0, 0.0), (1, 0.875), (2, 0.75), (4, 0.5), (7, 0.125), (8, 0.0)])
def test_it_is_one_less_the_rate_of_eight_runs_and_nothing_if_none_or_all_are_right(right: int, score: float) -> None:
    engine = Solver(replies=(RIGHT,) * right + (WRONG,) * (8 - right))
    (judgment,) = Learnability().judge(engine, [proposed("deduction", PAIR)], seed=1)
    assert judgment.score == score
    assert judgment.rationale == f"{right} of 8 runs of the solver are right."
    # A valid task goes on whatever it is worth.
    assert Learnability().label([judgment]) == (score, Verdict.accept)


def test_what_is_no_task_asks_nobody_and_has_its_own_scores() -> None:
    engine = Scripted(rules=({"pattern": ".", "reply": "must not be asked", "fails": "server"},))  # type: ignore[arg-type]
    judge = Learnability(invalid=-0.5, unread=-1.0)
    group = proposed("deduction", PAIR.replace("2, 3", "2"), "?")
    assert [judge.label([judgment]) for judgment in judge.judge(engine, [group], seed=1)] == [
        (-0.5, Verdict.reject),
        (-1.0, Verdict.reject),
    ]


def test_a_solver_that_cannot_be_asked_leaves_no_score() -> None:
    engine = Scripted(rules=({"pattern": ".", "reply": "no server", "fails": "server"},))  # type: ignore[arg-type]
    first, second = Learnability().judge(engine, [proposed("deduction", PAIR, "?")], seed=1)
    assert first.score is None
    assert first.failure is not None
    assert first.failure.kind is FailureKind.server
    assert second.score == 0.0


def test_the_solver_of_an_induction_is_tried_on_what_it_was_not_shown() -> None:
    shown_only = "```python\ndef f(x): return {1: 2, 'a': 'aa'}[x]\n```"
    engine = Solver(replies=("```python\ndef f(x): return x * 2\n```", shown_only))
    (judgment,) = Learnability(solver_runs=2).judge(engine, [proposed("induction", INPUTS)], seed=1)
    assert judgment.score == 0.5
    assert Learnability(solver_runs=2).calls_per_sample == 2
