import pytest
from pydantic import ValidationError

from backend.judges.surface_rules import SurfaceRules, repetition
from tests.groups import texts


def look(text: str, *, finish_reason: str = "stop", **knobs) -> tuple[float | None, str]:
    (judgment,) = SurfaceRules(**knobs).judge(None, [texts(text, finish_reason=finish_reason, num_tokens=9)], seed=0)
    return judgment.score, judgment.rationale


@pytest.mark.parametrize(
    ("knobs", "text", "reply"),
    [
        ({"min_words": 3}, "two words", "2 words, at least 3"),
        ({"max_words": 1}, "two words", "2 words, at most 1"),
        ({}, " \n", "0 characters, at least 1"),
        ({"max_chars": 3}, "four", "4 characters, at most 3"),
        ({"max_tokens": 8}, "x", "9 tokens, at most 8"),
        ({"must_match": "^<a>"}, "a", "^<a> is not found"),
        ({"must_not_match": ("sorry", "as an AI")}, "I am sorry", "sorry is found"),
        # of the runs a b, b a, a b, b a two are repeated
        ({"repeated_words": 2, "max_repetition": 0.4}, "a b a b a", "50% of runs of 2 words repeated, at most 40%"),
    ],
)
def test_a_broken_rule_is_0_and_named(knobs, text, reply):
    assert look(text, **knobs) == (0.0, reply)


def test_a_text_that_keeps_all_rules_has_1():
    assert look("<a> fine", must_match="^<a>", min_words=2) == (1.0, "All rules are kept.")
    assert look("cut", finish_reason="length") == (1.0, "All rules are kept.")


def test_all_broken_rules_are_named():
    assert look("x", finish_reason="length", min_words=2, allow_truncated=False) == (
        0.0,
        "1 words, at least 2; it was cut off",
    )


def test_repetition_is_the_share_of_runs_seen_before():
    assert repetition(["a", "b", "c", "d"], 2) == 0.0
    assert repetition(["a", "a", "a", "a"], 1) == 0.75
    assert repetition(["a"], 4) == 0.0


def test_rules_that_no_text_can_keep_are_refused():
    with pytest.raises(ValidationError, match="No text has at least 9 and at most 3 words"):
        SurfaceRules(min_words=9, max_words=3)
    with pytest.raises(ValidationError):
        SurfaceRules(must_match="(")
