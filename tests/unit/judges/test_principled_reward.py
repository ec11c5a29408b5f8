import pytest

from backend.engines.scripted import ScoreRule, Scripted
from backend.judges.principled_reward import PrincipledReward, under
from backend.values import Group
from tests.groups import prompt, sample

ENGINE = Scripted(
    ratings=(
        ScoreRule(pattern=r"(?s)- be brief.*\nshort\Z", number=2.0),
        ScoreRule(pattern=r"(?s)- be thorough.*\nshort\Z", number=-1.0),
        ScoreRule(pattern="", number=0.0),
    )
)
GROUP = Group(prompt("Why?"), (sample(1, "short"), sample(2, "a long answer")))


def scores(*principles: str) -> list[float | None]:
    return [judgment.score for judgment in PrincipledReward(principles=principles).judge(ENGINE, [GROUP], seed=0)]


def test_another_list_makes_another_score_of_the_same_texts():
    assert scores("be brief") == [2.0, 0.0]
    assert scores("be thorough") == [-1.0, 0.0]


def test_principles_stand_after_the_last_question_and_the_chat_is_left_as_it_is():
    chat = [*prompt("One?").messages, {"role": "assistant", "content": "1"}, *prompt("{principles}?").messages]
    read = under(chat, ("be brief", "be kind"))
    assert read[:2] == chat[:2]
    assert read[2] == {
        "role": "user",
        "content": "{principles}?\n\nThe answer is scored by these principles:\n- be brief\n- be kind",
    }
    assert chat[2]["content"] == "{principles}?"


def test_there_have_to_be_principles():
    with pytest.raises(ValueError, match="at least 1"):
        PrincipledReward(principles=())
