"""Tasks of reasoning-gym as prompts: as many as are asked for, each once, each known by what its verifier needs."""

import importlib.util

import pytest

from backend import gym_tasks
from backend.errors import InvalidInput, MissingPrerequisite
from backend.prompt_sources.reasoning_gym import ReasoningGym
from backend.values import Group

SUMS = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}


def asked(seed: int = 1, limit: int = 4, **knobs: object) -> list[Group]:
    return ReasoningGym(**({"config": SUMS} | knobs)).ask([], [], limit=limit, seed=seed)


@pytest.mark.large_library
def test_tasks_have_answers_and_are_made_again_from_what_is_noted() -> None:
    groups = asked()
    texts = [group.prompt.messages[0]["content"] for group in groups]
    assert len(set(texts)) == 4
    for group in groups:
        prompt = group.prompt
        assert (prompt.id, group.samples, group.parent) == (0, (), None)
        left, sign, right = prompt.messages[0]["content"].split(":")[1].removesuffix(" =").split()
        assert prompt.answer == str(int(left) + int(right) if sign == "+" else int(left) - int(right))
        task = gym_tasks.GymTask.of(prompt.metadata)
        assert task is not None
        assert (task.dataset, task.config) == ("chain_sum", SUMS)
        result, entry = gym_tasks.entry_of(task)
        assert (entry["question"], entry["answer"]) == (prompt.messages[0]["content"], prompt.answer)
        assert gym_tasks.score(result, entry, prompt.answer) == 1.0


def test_tasks_follow_from_the_seed_and_no_question_is_asked_twice() -> None:
    assert asked(seed=1) == asked(seed=1) != asked(seed=2)
    few = asked(limit=300)
    assert len({group.prompt.messages[0]["content"] for group in few}) == len(few) < 300, "there are not so many"


def test_a_name_a_setting_and_a_verifier_that_are_unfit_are_told_before_the_launch() -> None:
    ReasoningGym().check_ready()
    for knobs, reply in (
        ({"dataset": "chain_sums"}, "no data set 'chain_sums'. Choose one such as chain_sum"),
        ({"config": {"nonsense": 1}}, "does not take the settings"),
        ({"config": {"min_terms": 5, "max_terms": 2}}, "does not take the settings"),
        ({"config": {"seed": 1}}, "The setting 'seed' of reasoning-gym's data sets follows from the round"),
        ({"dataset": "countdown"}, "runs answers as programs"),
        ({"dataset": "composite"}, "runs answers as programs"),
    ):
        with pytest.raises(InvalidInput, match=reply):
            ReasoningGym(**knobs).check_ready()


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    source = ReasoningGym()
    with pytest.raises(MissingPrerequisite, match=r"pip install rondo\[gym\]"):
        source.check_ready()
