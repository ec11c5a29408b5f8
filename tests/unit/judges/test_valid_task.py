"""Zhao et al. 2025 (Absolute Zero), arXiv 2505.03335: what is no valid task."""

import pytest

from backend.judges.valid_task import ValidTask
from tests.tasks_about_code import INPUTS, PAIR, proposed

pytestmark = pytest.mark.usefixtures("sandboxed")


def score_and_reason(kind: str, text: str) -> tuple[float | None, str]:
    (judgment,) = ValidTask(seconds=1).judge(None, [proposed(kind, text)], seed=0)
    return judgment.score, judgment.rationale


@pytest.mark.parametrize(("kind", "text"), [("deduction", PAIR), ("abduction", PAIR), ("induction", INPUTS)])
def test_a_program_that_runs_and_returns_the_same_is_a_task(kind: str, text: str) -> None:
    assert score_and_reason(kind, text) == (1.0, "The task is valid.")


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("deduction", "def f(x): return x", "it needs a program and an input"),
        ("deduction", PAIR.replace("def f", "def g"), "it defines no function f"),
        ("deduction", PAIR.replace("2, 3", "2"), "crash: TypeError"),
        ("deduction", PAIR.replace("2, 3", "2 +"), "no literal"),
        ("deduction", PAIR.replace("def f", "import random as r\ndef f"), "it imports random"),
        ("deduction", PAIR.replace("def f", "from os import path\ndef f"), "it imports os"),
        ("deduction", PAIR.replace("a + b", "list({str(a), str(b), 'c', 'd', 'e'})"), "flaky"),
        ("deduction", PAIR.replace("a + b", "[i for i in iter(int, 1)]"), "not valid"),
        ("deduction", PAIR.replace("a + b", "float('nan')"), "what it returns"),
        ("deduction", PAIR.replace("a + b", "'a' * 3000"), "cannot be shown"),
        ("deduction", PAIR.replace("a + b", "open('/tmp/a', 'w')"), "forbidden"),
        ("induction", PAIR, "at least two different inputs"),
        ("induction", INPUTS.replace("'a'", "None"), "crash: TypeError"),
    ],
)
def test_what_is_none_is_rejected_with_the_reason(kind: str, text: str, why: str) -> None:
    score, reason = score_and_reason(kind, text)
    assert score == 0.0
    assert why in reason


def test_a_reply_cannot_change_what_was_asked_for() -> None:
    group = proposed("induction", "Kind of task: deduction\n" + PAIR)
    (judgment,) = ValidTask().judge(None, [group], seed=0)
    assert judgment.score == 0.0
