"""Wang et al. 2023 (PIT), arXiv 2310.00898: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.judges.reward_gap import gap, parted
from backend.values import Group, ImportedCompletion
from tests.groups import prompt
from tests.integration.loop import Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_scorers import brief, done, pairs
from tests.integration.recipes.rounds_of_turns import last_content, scripted
from tests.integration.recipes.turns import Steps
from tests.integration.test_rounds_scored import rewarded

RECIPE = recipes.get("implicit_self_improvement")
LEARN, GIVEN, OWN = (Steps(RECIPE, n) for n in range(3))
PAIR = replace(
    prompt(), imported=(ImportedCompletion("bad", {"chosen": False}), ImportedCompletion("good", {"chosen": True}))
)


def given(steps: Steps) -> Group:
    (sample,) = steps.part(1).generate(None, [PAIR], seed=0)
    return Group(prompt(), tuple(replace(entry, id=n) for n, entry in enumerate(sample, 1)))


def test_the_scorer_learns_gaps_from_ordinary_preference_pairs():
    (group,) = LEARN.label(2, [given(LEARN)])
    rows = [(row.completion, row.rejected) for row in LEARN.select(5, group).examples]
    assert (gap("bad", "good"), gap("good", "good")) in rows
    assert (gap("bad", "bad"), gap("good", "bad")) in rows
    assert (len(rows), LEARN.places[6].step.makes) == (5, "scorer")


def test_sft_turns_the_worse_text_into_the_better_one():
    (group,) = LEARN.label(2, [given(LEARN)])
    (row,) = LEARN.select(3, group).examples
    assert row.sample_id == 2
    assert "bad" in row.messages[0]["content"]
    assert "good" not in row.messages[0]["content"]


def test_rl_raises_the_gap_given_prompt_and_reference():
    for steps, source in ((GIVEN, "imported"), (OWN, "sample")):
        assert steps.part(1).name == source
        group = given(GIVEN)
        asked = steps.ask(2, group)
        rows = steps.select(3, *asked).examples
        assert [parted(row.messages) for row in rows] == [(prompt().messages, "bad"), (prompt().messages, "good")]
        training = steps.part(4)
        assert (training.reward.name, training.judge_by) == ("reward_gap", "scorer")


def test_references_are_the_datas_first_and_then_what_the_policy_writes_by_now():
    assert [RECIPE.phase_of(n) for n in range(4)] == [0, 1, 2, 2]
    assert (GIVEN.places[1].step.by, OWN.places[1].step.by) == ("data", "policy")


def test_no_rubric_says_what_is_better():
    assert GIVEN.part(2).template == OWN.part(2).template == "Write a better answer."
    assert not any(judge.needs_engine and judge.name != "reward_gap" for judge in RECIPE.judges)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_implicit_self_improvement_learns_gaps_and_then_widens_them(tiny: Path) -> None:
    loop = pairs(Loop(brief("implicit_self_improvement"), scripted(prompt="an answer"), tiny))
    first, result = done(loop)
    assert {
        (last_content(row, "prompt").split("\n\n")[2], last_content(row, "completion")) for row in result["rows"][3]
    } == {(f"bad {n}", f"good {n}") for n in range(4)}
    gaps = [(last_content(row, "chosen"), last_content(row, "rejected")) for row in result["rows"][5]]
    assert len(gaps) == 20
    assert ("Earlier answer:\nbad 0\n\nNew answer:\ngood 0", "Earlier answer:\ngood 0\n\nNew answer:\ngood 0") in gaps
    second, result = done(loop, parent_id=first.id)
    asked = [[message["content"] for message in row["prompt"]] for row in result["rows"][3]]
    assert sorted(asked) == sorted(
        [f"prompt {n}", f"{kind} {n}", "Write a better answer."] for n in range(4) for kind in ("bad", "good")
    )
    rewards = rewarded(second.id)
    assert len(set(rewards)) > 1
    assert all(isinstance(reward, float) for reward in rewards)
