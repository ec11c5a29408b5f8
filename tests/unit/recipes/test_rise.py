"""Qu et al. 2024 (RISE), arXiv 2407.18219: what makes it that method."""

from backend import recipes
from backend.values import Group
from tests.groups import prompt, sample
from tests.unit.recipes.turns import Steps, answered

STEPS = Steps(recipes.get("rise"))


def first(*texts: str) -> list[Group]:
    groups = [Group(prompt(id=n, answer="4"), (sample(n, text, prompt_id=n),)) for n, text in enumerate(texts, 1)]
    return STEPS.label(2, groups)


def test_only_failed_attempts_get_another_turn_which_shows_them():
    asked = STEPS.ask(3, *first("#### 5", "#### 4"))
    assert [group.parent.id for group in asked] == [1]
    assert [message["content"] for message in asked[0].prompt.messages[:2]] == ["question", "#### 5"]
    assert STEPS.part(4).n == 5, "best of five"


def test_the_target_of_a_turn_is_its_best_sample_after_the_failed_ones():
    (wrong,) = first("#### 5")
    (asked,) = STEPS.ask(3, wrong)
    (second,) = STEPS.label(5, [answered(asked, "#### 6", "so #### 4", "#### 7", "it is #### 4", "hm", first=11)])
    selection = STEPS.select(6, second)
    (row,) = selection.examples
    assert row.sample_id in (12, 14)
    assert selection.dropped == {"rejected": 2, "no verdict": 1, "over max_per_question": 1}
    # What the row asks is the chat with the failed attempt: nothing stands for it.
    assert (row.messages, second.trained) == (None, None)
    assert second.prompt.messages[1]["content"] == "#### 5"


def test_the_third_turn_shows_both_failed_attempts():
    (wrong,) = first("#### 5")
    (asked,) = STEPS.ask(3, wrong)
    (second,) = STEPS.label(5, [answered(asked, "#### 6", "#### 7", first=11)])
    (again,) = STEPS.ask(7, second)
    assert [message["content"] for message in again.prompt.messages if message["role"] == "assistant"] == [
        "#### 5",
        "#### 6",
    ]
    (third,) = STEPS.label(9, [answered(again, "#### 4", first=21, chain=wrong.samples)])
    assert [row.sample_id for row in STEPS.select(10, third).examples] == [21]


def test_all_turns_are_trained_together_by_sft():
    assert (STEPS.part(11).name, STEPS.places[11].rows) == ("sft", (6, 10))
