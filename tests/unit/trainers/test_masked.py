"""Which tokens of a completion are left out of the loss."""

import pytest
from pydantic import ValidationError

from backend.trainers._masked import loss_mask, masking
from backend.trainers.grpo import GRPO

RESULTS = r"(?s)<information>(.*?)</information>"


def test_what_the_group_holds_is_left_out_and_the_tags_are_not() -> None:
    tokens = ["<search>", "x", "</search>", "<information>", "a", " b\n", "c", "</information>", "so", " 4"]
    assert loss_mask(RESULTS, tokens) == [1, 1, 1, 1, 0, 0, 0, 1, 1, 1]
    # A token belongs to the part in which it begins.
    assert loss_mask(RESULTS, ["<information>a", "b</information>", "c"]) == [1, 0, 1]
    assert loss_mask(RESULTS, ["<informa", "tion>", "ab", "c</info", "rmation>", "d"]) == [1, 1, 0, 0, 1, 1]


def test_all_matches_count_and_without_a_group_all_of_them() -> None:
    assert loss_mask("b+", ["a", "b", "b", "a", "b"]) == [1, 0, 0, 1, 0]
    assert loss_mask("(x)|b", ["a", "b", "x"]) == [1, 1, 0]


def test_a_loss_is_of_something() -> None:
    assert loss_mask(".*", ["a", "b"]) == [0, 1]
    assert loss_mask(".*", []) == []
    assert loss_mask("c", ["a", "b"]) == [1, 1]


def test_without_a_pattern_the_trainer_is_trl_s_own_and_a_training_is_named_as_before() -> None:
    assert masking(str, "") is str  # type: ignore[arg-type]
    reward = {"name": "brevity"}
    assert "mask_pattern" not in GRPO(reward=reward).known()
    assert GRPO(reward=reward, mask_pattern="x").known()["mask_pattern"] == "x"
    with pytest.raises(ValidationError, match="is no regular expression"):
        GRPO(reward=reward, mask_pattern="(")
