import pytest
from pydantic import ValidationError

from backend.prompt_sources import exam_prompts
from backend.prompt_sources.exam_prompts import ExamPrompts
from backend.values import Group, Prompt
from tests.groups import prompt, sample

POOL = [
    prompt("add two and three", id=1, answer="5"),
    prompt("add two and four", id=2, answer="6"),
    prompt("name a colour of the sky", id=3, answer="blue"),
    prompt("add two and three", id=4, answer="5"),
    prompt("add two and five", id=5),
]
GROUP = Group(POOL[0], (sample(11, "2 + 3 = 5"), sample(12, "3 + 2 = 5")))


def ask(part: ExamPrompts, group: Group = GROUP, pool: list[Prompt] = POOL) -> list[Group]:
    return part.ask([group], pool, limit=9, seed=0)


def test_after_each_text_stands_the_prompt_most_like_its_own_with_its_answer():
    # ROUGE-L with "add two and three": 3 of 4 words of prompt 2, none of prompt 3. Not itself, nor the same question,
    # nor one that nobody knows the answer to.
    groups = ask(ExamPrompts(n=1, template="{prompt} {response} | {question}"))
    assert [group.prompt.messages[0]["content"] for group in groups] == [
        "add two and three 2 + 3 = 5 | add two and four",
        "add two and three 3 + 2 = 5 | add two and four",
    ]
    assert [(group.parent.id, group.prompt.id, group.prompt.answer) for group in groups] == [(11, 2, "6"), (12, 2, "6")]
    assert [group.prompt.id for group in ask(ExamPrompts(n=9))] == [2, 3] * 2
    assert (ExamPrompts().has_parents, ExamPrompts().knows_answers, ExamPrompts(n=3).groups_at_most(1, 4, 9)) == (
        True,
        True,
        12,
    )


def test_only_prompts_with_the_same_note_are_asked_where_one_is_named():
    noted = [
        Prompt(n, entry.messages, entry.answer, {"topic": topic})
        for n, (entry, topic) in enumerate(zip(POOL[:3], ("a", "b", "a"), strict=True), start=1)
    ]
    group = Group(noted[0], GROUP.samples)
    assert [entry.prompt.id for entry in ask(ExamPrompts(same="topic"), group, noted)] == [3, 3]
    assert ask(ExamPrompts(same="other"), group, noted) == []


def test_of_many_prompts_some_are_compared_the_same_ones_for_the_same_seed(monkeypatch):
    monkeypatch.setattr(exam_prompts, "MOST_COMPARED", 3)
    pool = [prompt(f"add two and {n}", id=n, answer="1") for n in range(1, 30)]
    group = Group(pool[0], GROUP.samples[:1])
    ids = [entry.prompt.id for entry in ask(ExamPrompts(n=5), group, pool)]
    assert len(ids) == 3
    assert ids == [entry.prompt.id for entry in ask(ExamPrompts(n=5), group, pool)]
    # A database gives the prompts in any order.
    assert ids == [entry.prompt.id for entry in ask(ExamPrompts(n=5), group, pool[::-1])]


def test_a_template_that_hides_something_is_refused():
    with pytest.raises(ValidationError, match=r"lacks \{response\}"):
        ExamPrompts(template="{prompt} {question}")
