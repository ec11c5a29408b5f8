"""Proposals of tasks about programs and answers to them, as models write them."""

from backend.code_tasks import Task
from backend.code_tasks.questions import proposal, solving
from backend.values import Group, Messages, Prompt
from tests.groups import sample

SUM = "def f(a, b):\n    return a + b"
PAIR = f"A task:\n```python\n{SUM}\n```\n```input\n2, 3\n```"
INPUTS = "```input\n1\n```\n```input\n'a'\n```\n```input\n[2]\n```\n```message\nthe same again\n```"
DEDUCE = Task("deduction", SUM, ("2, 3",), ("5",))
ABDUCE = Task("abduction", SUM, ("2, 3",), ("5",))
INDUCE = Task("induction", "def f(x): return x * 2", ("1", "'a'", "[2]"), ("2", "'aa'", "[2, 2]"), "twice")


def asked(kind: str) -> Messages:
    return proposal(kind, [], program="def f(x): return x * 2")  # type: ignore[arg-type]


def proposed(kind: str, *written: str) -> Group:
    """A question for a task of a kind, and what was proposed."""
    return Group(Prompt(1, asked(kind)), tuple(sample(n, text) for n, text in enumerate(written, start=1)))


def answered(task: Task, *written: str) -> Group:
    """A task, and what was answered."""
    prompt = Prompt(1, solving(task), task.answer, {"task": task.to_json()})
    return Group(prompt, tuple(sample(n, text) for n, text in enumerate(written, start=1)))
