"""Zhao et al. 2025 (Absolute Zero), arXiv 2505.03335: what the proposer is shown."""

from backend.code_tasks import ZERO
from backend.prompt_sources.verified_tasks import VerifiedTasks
from backend.values import Messages, Prompt
from tests.tasks_about_code import ABDUCE, DEDUCE, INDUCE

SET: Messages = [{"role": "user", "content": "anything at all"}]


def questions(*own: object, limit: int = 3, **knobs: int) -> list[str]:
    pool = [Prompt(1, SET), Prompt(2, SET)]
    pool += [Prompt(n, SET, metadata={"task": entry.to_json()}, is_own=True) for n, entry in enumerate(own, 3)]  # type: ignore[attr-defined]
    reply = VerifiedTasks(**knobs).ask([], pool, limit=limit, seed=1)
    assert [group.prompt.id for group in reply] == [1, 2, 1, 2, 1, 2, 1, 2][:limit]
    return [group.prompt.messages[-1]["content"] for group in reply]


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


def test_what_files_call_a_task_is_not_shown() -> None:
    pool = [Prompt(1, SET, metadata={"task": "translation"})]
    (asked,) = VerifiedTasks().ask([], pool, limit=1, seed=1)
    assert ZERO.program in asked.prompt.messages[-1]["content"]
