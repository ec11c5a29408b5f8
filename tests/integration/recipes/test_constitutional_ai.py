"""Bai et al. 2022, arXiv 2212.08073: what makes the recipe constitutional AI."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.judges.pairwise_swapped import PairwiseSwapped
from backend.recipes._principles import PRINCIPLES
from backend.values import Group, RoundStatus
from tests.groups import prompt, sample
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.test_rounds_scored import learned, rewarded
from tests.integration.test_rounds_scored import tiny as tiny  # a fixture
from tests.rows import make_checkpoint

RECIPE = recipes.get("constitutional_ai")
LEARN, REINFORCE = (phase.steps for phase in RECIPE.phases)


def asked(step: int, group: Group, *, seed: int = 0) -> Group:
    (result,) = LEARN[step].part.ask([group], [prompt()], limit=1, seed=seed)
    return result


def test_the_last_revision_is_trained_on_for_the_prompt_alone() -> None:
    """Section 3.1: neither the first answer nor the critique is in the row."""
    draft = sample(1, "draft")
    critique_asked = asked(2, Group(prompt(), (draft,)))
    assert [message["role"] for message in critique_asked.prompt.messages] == ["user", "assistant", "user"]
    critique = sample(2, "critique")
    revision_asked = asked(4, replace(critique_asked, samples=(critique,)))
    assert [message["content"] for message in revision_asked.prompt.messages][1:4:2] == ["draft", "critique"]
    answered = replace(revision_asked, samples=(sample(3, "revision"),))
    (row,) = LEARN[6].part.select([answered], seed=0).examples
    assert (row.sample_id, answered.trained) == (3, prompt().messages)


def test_a_principle_is_drawn_for_each_critique() -> None:
    groups = [replace(Group(prompt(), (sample(1),)), position=n) for n in range(40)]
    drawn = {asked(2, group).prompt.messages[-1]["content"] for group in groups}
    assert len(drawn) == len(PRINCIPLES)
    assert all(any(principle in text for principle in PRINCIPLES) for text in drawn)


def test_preferences_are_the_models_own_and_the_reward_is_what_learned_them() -> None:
    """Section 4.1: a model chooses between two samples under a principle; people write the principles alone."""
    pair, choice, _, scorer, prompts, training = (step.part for step in REINFORCE[1:])
    assert (pair.n, choice.principles, choice.needs_answer) == (2, PRINCIPLES, False)
    assert isinstance(choice, PairwiseSwapped)
    assert (scorer.makes, training.reward.name, training.judge_by) == ("scorer", "reward_model", "scorer")
    assert prompts.name == "all_prompts"
    assert [RECIPE.phase_of(n) for n in range(3)] == [0, 1, 1]


REVISER = {
    "name": "scripted",
    "rules": [
        {"pattern": "Now write the answer anew", "reply": ("a kind answer", "a better answer")},
        {"pattern": "Look at your last answer", "reply": "It is rude."},
        {"pattern": "prompt", "reply": ("a rude answer", "another answer", "a third answer")},
    ],
}

RUDE = [{"pattern": "<<<A\\na rude answer", "reply": "Winner: B"}, {"pattern": "", "reply": "Winner: A"}]

CHOOSER = {"name": "scripted", "rules": RUDE}


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_constitutional_ai_learns_revisions_and_then_by_what_it_prefers(tiny: Path) -> None:
    loop = Loop(learned("constitutional_ai"), REVISER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    (rows,) = rows_of_round(first)["rows"].values()
    assert {row["prompt"][0]["content"] for row in rows} == set(RIGHT)
    assert {len(row["prompt"]) for row in rows} == {1}
    assert {row["completion"][0]["content"] for row in rows} <= {"a kind answer", "a better answer"}

    judge = make_checkpoint(loop.project, engine=CHOOSER)
    second = loop.launch(parent_id=first, judge_id=judge.id, seed=4)
    ended = loop.run(second, trains=True)
    assert (ended.status, ended.phase) == (RoundStatus.done, 1), ended.error
    records = rows_of_round(second)["rows"]
    assert all(row["chosen"][0]["content"] != "a rude answer" for row in records[3])
    assert {row["prompt"][0]["content"] for row in records[5]} == set(RIGHT)
    rewards = rewarded(second)
    assert len(set(rewards)) > 1
    assert all(isinstance(reward, float) for reward in rewards)
