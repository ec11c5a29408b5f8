import pytest
from pydantic import ValidationError

from backend.judges.stated_budget import StatedBudget
from tests.groups import texts


def score(text: str, tokens: int, finish_reason: str = "stop", **knobs: float) -> float | None:
    group = texts(text, num_tokens=tokens, finish_reason=finish_reason)
    return StatedBudget(**knobs).judge(None, [group], seed=0)[0].score


def test_the_score_falls_evenly_with_what_the_answer_misses_its_budget_by() -> None:
    """The statement has 20 of 60 characters, so the answer has two thirds of the tokens."""
    text = "<budget>20</budget>\n" + "x" * 40
    assert score(text, 30) == 1.0  # 20 tokens
    # 25 of 20: 1 - 5 / (0.5 * 20) = 0.5. 15 of 20 is missed by as much.
    assert score(text, 37) == pytest.approx(0.5)  # 37 * 2 / 3 = 24.7
    assert score(text, 22) == pytest.approx(0.5)  # 14.7
    assert score(text, 45) == 0.0
    assert score(text, 45, tolerance=2.0) == pytest.approx(0.75)  # 1 - 10 / 40


def test_what_states_no_budget_before_its_answer_keeps_to_none() -> None:
    for text in ("#### 4", "It takes <budget>3</budget> #### 4", "<budget>few</budget> #### 4", "<budget></budget> 4"):
        assert score(text, 3) == 0.0
    assert score("\n <budget> 2 </budget>ab", 24) == 1.0
    assert score("<budget>0</budget>", 0) == 0.0


def test_a_text_that_was_cut_off_did_not_keep_to_its_budget() -> None:
    assert score("<budget>20</budget>\n" + "x" * 40, 30, "length") == 0.0


def test_a_budget_above_the_largest_does_not_count() -> None:
    text = "<budget>20</budget>\n" + "x" * 40
    assert score(text, 30, most=19) == 0.0
    assert score(text, 30, most=20) == 1.0


def test_the_pattern_says_where_the_budget_stands() -> None:
    with pytest.raises(ValidationError, match="lacks the group budget"):
        StatedBudget(pattern=r"(\d+)")
    judgments = StatedBudget(pattern=r"(?P<budget>\d+) tokens: ").judge(
        None, [texts("4 tokens: abcd", num_tokens=14)], seed=0
    )
    assert (judgments[0].score, judgments[0].rationale) == (1.0, "The budget is 4, the answer has about 4 tokens.")


def test_a_number_without_end_is_no_budget() -> None:
    """A pattern of one's own may let them through; Python reads numbers of up to 4,300 digits."""
    judgments = StatedBudget(pattern="(?P<budget>[0-9]+)").judge(None, [texts("9" * 5000, num_tokens=9)], seed=0)
    assert (judgments[0].score, judgments[0].rationale) == (0.0, "The budget has 5,000 digits, so it does not count.")
