"""The rules for new prompts of self-instruct (arXiv 2212.10560) and SeRL (arXiv 2505.20347)."""

import pytest

from backend.judges.prompt_rules import PromptRules
from backend.values import Verdict
from tests.groups import texts

FOUR = "Add three to four"


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        (FOUR, ""),
        ("Add three to", "The text has 3 words, fewer than 4."),
        ("word " * 150, ""),
        ("word " * 151, "The text has 151 words, more than 150."),
        (f"({FOUR})", "The text begins with '('."),
        (f"é {FOUR}", "The text begins with 'é'."),
        ("Draw a line of three dots", "The text holds 'draw'."),
        ("Withdraw three from four", ""),
        ("Describe the picture of a cat", "The text holds 'picture'."),
        ("First go to the shop", "The text holds 'go to'."),
        ("", "The text has 0 words, fewer than 4."),
    ],
)
def test_a_text_that_breaks_a_rule_scores_0_and_says_which(text: str, broken: str) -> None:
    (judgment,) = PromptRules().judge(None, [texts(text)], seed=0)
    assert judgment.rationale == (broken or "The text keeps all rules.")
    assert (judgment.score, judgment.verdict) == ((0.0, Verdict.reject) if broken else (1.0, Verdict.accept))


def test_a_text_that_was_cut_off_is_no_prompt():
    (judgment,) = PromptRules().judge(None, [texts(FOUR, finish_reason="length")], seed=0)
    assert (judgment.score, judgment.rationale) == (0.0, "The text was cut off.")


def test_rules_can_be_turned_off():
    free = PromptRules(min_words=1, without=(), plain_start=False)
    assert [judgment.score for judgment in free.judge(None, [texts("(map)", "二と三は？")], seed=0)] == [1.0, 1.0]
    assert not free.needs_engine
    with pytest.raises(ValueError, match="min_words 9 is above max_words 8"):
        PromptRules(min_words=9, max_words=8)
