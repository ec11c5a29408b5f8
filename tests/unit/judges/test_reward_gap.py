import pytest

from backend.engines import Ability
from backend.engines.scripted import ScoreRule, Scripted
from backend.judges.reward_gap import RewardGap, gap, parted
from backend.trainers.grpo import GRPO
from backend.values import Group, Messages, Prompt
from tests.groups import prompt, sample

ENGINE = Scripted(
    ratings=(
        ScoreRule(pattern="\\AWhy\\?\nEarlier answer:\nbad\n\nNew answer:\ngood\\Z", number=1.5),
        ScoreRule(pattern="", number=-0.5),
    )
)
ASKED: Messages = [
    {"role": "user", "content": "Why?"},
    {"role": "assistant", "content": "bad"},
    {"role": "user", "content": "Better."},
]


def test_the_scorer_reads_the_chat_before_the_earlier_answer_and_both_texts():
    group = Group(Prompt(1, ASKED), (sample(1, "good"), sample(2, "bad")))
    assert [judgment.score for judgment in RewardGap().judge(ENGINE, [group], seed=0)] == [1.5, -0.5]
    assert RewardGap().asks_for is Ability.rate


def test_of_several_answers_the_last_is_the_reference():
    later: Messages = [*ASKED, {"role": "assistant", "content": "fair"}, {"role": "user", "content": "Better."}]
    assert parted(later) == (later[:3], "fair")
    assert gap("{response}", "x") == "Earlier answer:\n{response}\n\nNew answer:\nx"


def test_without_an_earlier_answer_there_is_no_score():
    groups = [Group(prompt("Why?"), (sample(1, "good"),)), Group(Prompt(1, ASKED), (sample(2, "good"),))]
    assert {judgment.sample_id: judgment.score for judgment in RewardGap().judge(ENGINE, groups, seed=0)} == {
        1: None,
        2: 1.5,
    }
    assert RewardGap().may_be_silent


def test_it_may_be_a_reward():
    assert GRPO(reward=RewardGap(), judge_by="scorer").rewards == (RewardGap(),)
    with pytest.raises(ValueError, match="the policy in training is none"):
        GRPO(reward=RewardGap())
