"""Zhao et al. 2025 (Absolute Zero), arXiv 2505.03335: each kind of task by its own check."""

from dataclasses import replace

import pytest

from backend.code_tasks import Task
from backend.judges.solves_task import SolvesTask
from backend.values import Verdict
from tests.groups import texts
from tests.tasks_about_code import ABDUCE, DEDUCE, INDUCE, answered

pytestmark = pytest.mark.usefixtures("sandboxed")

TWICE = "```python\ndef f(x):\n    return x + x\n```"
SHOWN_ONLY = "```python\ndef f(x): return {1: 2, 'a': 'aa'}[x]\n```"


@pytest.mark.parametrize(
    ("task", "text", "score"),
    [
        (DEDUCE, "2 and 3 is\n```output\n5\n```", 1.0),
        (DEDUCE, "```output\n6\n```", -0.5),
        (DEDUCE, "5", -1.0),
        (DEDUCE, "```output\nf(2, 3)\n```", -1.0),
        (ABDUCE, "```input\n2, 3\n```", 1.0),
        (ABDUCE, "```input\n9, -4\n```", 1.0),
        (ABDUCE, "```input\n9, 4\n```", -0.5),
        (ABDUCE, "```input\n9\n```", -0.5),
        (ABDUCE, "```input\nSame()\n```", -1.0),
        (INDUCE, TWICE, 1.0),
        (INDUCE, SHOWN_ONLY, -0.5),
        (INDUCE, "```python\ndef f(x) return\n```", -1.0),
        (INDUCE, "```python\nimport random\ndef f(x): return random.random()\n```", None),
    ],
)
def test_an_answer_is_right_if_it_leads_to_the_known_outputs(task: Task, text: str, score: float | None) -> None:
    judge = SolvesTask(wrong=-0.5, unread=-1.0)
    (judgment,) = judge.judge(None, [answered(task, text)], seed=0)
    assert judgment.score == score
    assert judgment.verdict == (None if score is None else Verdict.accept if score == 1 else Verdict.reject)


def test_a_prompt_that_is_no_task_has_no_score() -> None:
    judgments = SolvesTask().judge(None, [texts("a"), answered(DEDUCE, "```output\n5\n```", "?")], seed=0)
    assert sorted((judgment.sample_id, judgment.score) for judgment in judgments if judgment.score is not None) == [
        (1, 1.0),
        (2, 0.0),
    ]
    assert [judgment.score for judgment in judgments].count(None) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "translation"},
        {"task": {"kind": "deduction"}},
        {"task": DEDUCE.to_json() | {"outputs": ["five ("]}},
        {"task": DEDUCE.to_json() | {"kind": "?"}},
        {"task": DEDUCE.to_json() | {"inputs": []}},
    ],
)
def test_what_files_call_a_task_is_none_and_no_answer_is_blamed(changes: dict[str, object]) -> None:
    group = answered(DEDUCE, "```output\n5\n```")
    other = replace(group, prompt=replace(group.prompt, metadata=changes))
    (judgment,) = SolvesTask(unread=-1.0).judge(None, [other], seed=0)
    assert judgment.score is None
