"""He et al. 2024 (self-correction learning), arXiv 2410.04055: what makes it that method."""

from backend import recipes
from backend.values import Group
from tests.groups import prompt, sample
from tests.unit.recipes.turns import Steps, answered

STEPS = Steps(recipes.get("self_correction_learning"))


def second(first: str, again: str) -> Group:
    """Both turns, judged, of a prompt whose answer is 4."""
    (group,) = STEPS.label(2, [Group(prompt(answer="4"), (sample(1, first),))])
    (asked,) = STEPS.ask(3, group)
    (judged,) = STEPS.label(5, [answered(asked, again, first=2)])
    return judged


def test_the_second_turn_sees_the_first_and_not_whether_it_was_right():
    asked = second("#### 5", "#### 4")
    assert [message["role"] for message in asked.prompt.messages] == ["user", "assistant", "user"]
    assert asked.prompt.messages[1]["content"] == "#### 5"
    assert asked.prompt.messages[2] == second("#### 4", "#### 4").prompt.messages[2]
    assert STEPS.part(3).about == "each"


def test_the_right_turn_is_preferred_to_the_wrong_one_in_both_directions():
    pairs = STEPS.select(6, second("#### 5", "#### 4"), second("#### 4", "#### 5"), second("#### 5", "#### 6")).examples
    assert [(pair.sample_id, pair.rejected_id) for pair in pairs] == [(2, 1), (1, 2)]


def test_both_stand_after_the_question_alone():
    assert second("#### 5", "#### 4").trained == prompt().messages
    assert STEPS.part(7).name == "dpo"
