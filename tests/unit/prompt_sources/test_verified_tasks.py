"""Zhao et al. 2025 (Absolute Zero), arXiv 2505.03335: what the proposer is shown."""

from backend.code_tasks import ZERO
from backend.prompt_sources.adopt_tasks import AdoptTasks
from backend.prompt_sources.verified_tasks import VerifiedTasks
from backend.values import Group, Messages, Prompt, Verdict
from tests.groups import sample
from tests.tasks_about_code import ABDUCE, DEDUCE, INDUCE, INPUTS, PAIR, asked

SET: Messages = [{"role": "user", "content": "anything at all"}]


def questions(*own: object, limit: int = 3, **knobs: int) -> list[str]:
    pool = [Prompt(1, SET), Prompt(2, SET)]
    pool += [Prompt(n, SET, metadata={"task": one.to_json()}, is_own=True) for n, one in enumerate(own, 3)]  # type: ignore[attr-defined]
    made = VerifiedTasks(**knobs).ask([], pool, limit=limit, seed=1)
    assert [group.prompt.id for group in made] == [1, 2, 1, 2, 1, 2, 1, 2][:limit]
    return [group.prompt.messages[-1]["content"] for group in made]


def test_kinds_take_turns_and_the_first_example_is_the_identity() -> None:
    first, second, third = questions()
    kinds = [text.splitlines()[0] for text in (first, second, third)]
    assert kinds == [f"Kind of task: {kind}" for kind in ("deduction", "abduction", "induction")]
    assert all(ZERO.program in text for text in (first, second, third))
    assert "anything at all" not in first + second + third, "there is no data"
    assert third.count("```input") == 1
    assert "Write 10 different inputs" in third
    # Engines answer equal questions alike.
    assert len(set(questions(limit=8))) == 8


def test_tasks_of_the_same_kind_are_shown_and_programs_of_all_for_inductions() -> None:
    first, second, third = questions(DEDUCE, ABDUCE, INDUCE)
    assert "ask for something else than all tasks below" in " ".join(first.split())
    assert DEDUCE.program in first
    assert ZERO.program not in first + second
    assert third.splitlines()[1:4] == ["```python", *DEDUCE.program.splitlines()]
    assert "```message\ntwice" in third
    many = [DEDUCE] * 9
    assert questions(*many, limit=1)[0].count("Task ") == 6
    assert questions(*many, limit=1, references=2)[0].count("Task ") == 2


def test_no_prompts_no_questions() -> None:
    assert VerifiedTasks().ask([], [], limit=3, seed=1) == []


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
    made = AdoptTasks().ask(groups, [], limit=9, seed=1)
    assert [group.parent.id for group in made if group.parent] == [1, 4, 5]
    tasks = [group.prompt.metadata["task"] for group in made]
    assert [task["kind"] for task in tasks] == ["deduction", "abduction", "induction"]
    assert [task["outputs"] for task in tasks] == [["5"], ["5"], ["2", "'aa'", "[2, 2]"]]
    assert [group.prompt.answer for group in made] == ["5", "2, 3", "def f(x): return x * 2"]
    first, second, third = (group.prompt.messages[-1]["content"] for group in made)
    assert "```input\n2, 3" in first
    assert "```output" not in first
    assert "```output\n5" in second
    assert "```input" not in second
    # Half of the pairs are kept to check the program on.
    assert "[2, 2]" not in third
    assert "'aa'" in third
    assert "x * 2" not in third
    assert len(AdoptTasks(most=2).ask(groups, [], limit=9, seed=1)) == 2
