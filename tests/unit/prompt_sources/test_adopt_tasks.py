"""Own tasks are adopted with their check."""

import ast

import pytest
from pydantic import ValidationError

from backend.code_tasks import written
from backend.prompt_sources.adopt_tasks import AdoptTasks
from backend.values import Group, Prompt, Verdict
from tests.groups import sample
from tests.tasks_about_code import INPUTS, PAIR, asked

pytestmark = pytest.mark.usefixtures("sandboxed")


def test_accepted_tasks_become_prompts_with_their_check_and_show_no_answer() -> None:
    broken = PAIR.replace("2, 3", "2")
    groups = [
        Group(Prompt(1, asked(kind)), tuple(sample(n, text, verdict=verdict) for n, text, verdict in written))
        for kind, written in {
            "deduction": [(1, PAIR, Verdict.accept), (2, PAIR, Verdict.reject), (3, broken, Verdict.accept)],
            "abduction": [(4, PAIR, Verdict.accept)],
            "induction": [(5, INPUTS, Verdict.accept), (6, "?", None)],
        }.items()
    ]
    reply = AdoptTasks().ask(groups, [], limit=9, seed=1)
    assert [group.parent.id for group in reply if group.parent] == [1, 4, 5]
    tasks = [group.prompt.metadata["task"] for group in reply]
    assert [task["kind"] for task in tasks] == ["deduction", "abduction", "induction"]
    assert [task["outputs"] for task in tasks] == [["5"], ["5"], ["2", "'aa'", "[2, 2]"]]
    assert [group.prompt.answer for group in reply] == ["5", "2, 3", "def f(x): return x * 2"]
    first, second, third = (group.prompt.messages[-1]["content"] for group in reply)
    assert "```input\n2, 3" in first
    assert "```output" not in first
    assert "```output\n5" in second
    assert "```input" not in second
    # Half of the pairs are kept to check the program on.
    assert "[2, 2]" not in third
    assert "'aa'" in third
    assert "x * 2" not in third
    assert len(AdoptTasks(most=2).ask(groups, [], limit=9, seed=1)) == 2


def test_a_set_is_written_alike_by_every_process() -> None:
    words = [f"word {n}" for n in range(9)]
    assert written({*words}) == "{" + ", ".join(map(repr, words)) + "}"
    for value in (set(), {1: {("b",), ()}}, [{2, 1}, (3,)], (), "a", 1.5, None, b"x", -1j):
        assert ast.literal_eval(written(value)) == value


def test_what_says_how_a_text_is_asked_is_no_knob_of_it() -> None:
    with pytest.raises(ValidationError):
        AdoptTasks(template="Solve this: {response}")  # type: ignore[call-arg]
