"""What the Team pages make of typed text and of found figures, without a browser."""

import pytest

from app.pages import team_gold
from backend.errors import InvalidInput
from backend.services import review_settings


def test_numbers_are_separated_by_commas_or_blanks_and_may_be_ranges() -> None:
    assert team_gold.numbers("12, 15 18") == [12, 15, 18]
    assert team_gold.numbers("300-303,7 5 - 6 300") == [300, 301, 302, 303, 7, 5, 6]
    assert len(team_gold.numbers("1-10000")) == 10_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "No sample is named"),
        ("12, x", "'x' is no sample's number"),
        ("-5", "'-5' is no sample's number"),
        ("3-", "'3-' is no sample's number"),
        ("1-2-3", "'1-2-3' is no sample's number"),
        ("305-300", "Write it as 300-305"),
        ("1-10001", "more than 10,000"),
        ("1-9999999999", "more than 10,000"),
        ("1-9000 20000-21001", "more than 10,000"),
    ],
)
def test_a_wrong_number_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        team_gold.numbers(text)


def test_a_rule_over_several_settings_is_told_in_its_own_words() -> None:
    with pytest.raises(InvalidInput) as refused:
        review_settings.read({"mode": "group", "gold_share": 0.2})
    assert refused.value.message == (
        "The review settings don't fit together: a known label is of one sample, and this mode decides groups. "
        "Set gold_share to 0."
    )
    with pytest.raises(InvalidInput, match="The review setting num_reviewers_per_item is wrong"):
        review_settings.read({"num_reviewers_per_item": 99})
