"""Wang et al. 2022 (self-instruct), arXiv 2212.10560: of 8 examples 6 are seed tasks and 2 are the model's own."""

import re

import pytest

from backend.errors import InvalidInput
from backend.prompt_sources.few_shot_prompts import FewShotPrompts
from backend.values import Message, Prompt


def pool(given: int, own: int) -> list[Prompt]:
    def chat(text: str) -> list[Message]:
        return [{"role": "user", "content": text}]

    seeds = [Prompt(n, chat(f"seed{n}"), answer="4") for n in range(1, given + 1)]
    return seeds + [Prompt(100 + n, chat(f"own{n}"), is_own=True) for n in range(1, own + 1)]


def shown(source: FewShotPrompts, prompts: list[Prompt], limit: int = 5, seed: int = 0) -> list[list[str]]:
    reply = source.ask([], prompts, limit=limit, seed=seed)
    return [re.findall(r"(?:seed|own)\d+", group.prompt.messages[0]["content"]) for group in reply]


def test_six_seed_prompts_and_two_own_ones_are_shown_each_once():
    for texts in shown(FewShotPrompts(), pool(10, 5)):
        assert len(set(texts)) == 8
        assert sum(text.startswith("own") for text in texts) == 2


def test_without_own_prompts_seed_prompts_take_their_place():
    assert {len(set(texts)) for texts in shown(FewShotPrompts(), pool(10, 0))} == {8}
    assert {len(set(texts)) for texts in shown(FewShotPrompts(), pool(3, 1))} == {4}
    assert {len(texts) for texts in shown(FewShotPrompts(n_own=0), pool(0, 9))} == {6}


def test_there_are_as_many_questions_as_the_round_takes_prompts():
    replies = shown(FewShotPrompts(), pool(9, 0), limit=12)
    assert len(replies) == 12
    assert len({tuple(texts) for texts in replies}) == 12
    assert replies == shown(FewShotPrompts(), pool(9, 0), limit=12)
    assert replies[:5] == shown(FewShotPrompts(), pool(9, 0), limit=5)
    assert replies != shown(FewShotPrompts(), pool(9, 0), limit=12, seed=1)
    assert FewShotPrompts().ask([], [], limit=3, seed=0) == []


def test_a_question_has_no_parent_and_no_known_answer():
    (group,) = FewShotPrompts().ask([], pool(8, 0), limit=1, seed=0)
    assert (group.parent, group.prompt.answer, group.trained) == (None, None, None)
    assert group.prompt.id in range(1, 9)
    assert group.prompt.messages[0]["content"].count("Task ") == 8


def test_a_question_that_shows_nothing_is_refused():
    with pytest.raises(ValueError, match=r"does not hold \{examples\}"):
        FewShotPrompts(template="Write a task.")
    with pytest.raises(ValueError, match="n_seed and n_own are both 0"):
        FewShotPrompts(n_seed=0, n_own=0)


def test_prompts_without_an_answer_may_be_left_out():
    documents = [Prompt(n, [{"role": "user", "content": f"seed{n}"}]) for n in range(50, 60)]
    source = FewShotPrompts(n_seed=3, n_own=0, answered=True)
    for texts in shown(source, [*pool(4, 0), *documents]):
        assert set(texts) <= {"seed1", "seed2", "seed3", "seed4"}
        assert len(set(texts)) == 3
    with pytest.raises(InvalidInput, match="None of the 10 prompts of this round has a known answer"):
        source.ask([], documents, limit=3, seed=0)
