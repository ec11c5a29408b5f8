from dataclasses import replace

import pytest

from backend.values import WarningLevel
from backend.warning_rules import PastFindings
from backend.warning_rules.sticky_errors import StickyErrors
from tests.unit.warning_rules.seen import evidence, past


def asked(says, *before: dict, prompts: int = 20, accepted: bool = True):
    """Four texts of each prompt, whose right answer is 4; `says` of their number and place is the answer."""
    groups = [
        [
            {"text": f"#### {says(number, place)}", "right": says(number, place) == 4, "accepted": accepted}
            for place in range(4)
        ]
        for number in range(prompts)
    ]
    warning_evidence = evidence(groups, past=past("sticky_errors", *before))
    known = [
        replace(round_group, prompt=replace(round_group.prompt, answer="4"))
        for round_group in warning_evidence.round.round_groups
    ]
    return replace(warning_evidence, round=replace(warning_evidence.round, round_groups=known))


def test_a_wrong_answer_that_was_accepted_and_comes_ever_more_often():
    rule = StickyErrors()
    first = rule.find(asked(lambda _, place: 5 if place == 0 else 4))
    assert (first.value, first.n) == (None, 0)
    assert len(first.details["wrong"]) == 20
    second = rule.find(asked(lambda _, place: 5 if place < 3 else 4, first.details))
    assert (second.value, rule.level(second)) == (0.75, WarningLevel.amber), "not known yet whether it grows"
    third = rule.find(asked(lambda number, place: 5 if place < 3 or number < 10 else 4, second.details))
    # All four texts of ten prompts and three of four of the others.
    assert (third.value, third.n, rule.level(third)) == (pytest.approx(70 / 80), 80, WarningLevel.red)
    assert third.low < 70 / 80 < third.high
    assert third.sample_ids[:4] == (1, 2, 3, 4)
    steady = rule.find(asked(lambda _, place: 5 if place < 3 else 4, second.details))
    assert rule.level(steady) is WarningLevel.amber, "it did not grow"


def test_errors_that_change_or_were_not_accepted_do_not_stick():
    rule = StickyErrors()
    first = rule.find(asked(lambda _, place: 5 if place == 0 else 4))
    other = rule.find(asked(lambda _, place: 6 if place < 3 else 4, first.details))
    assert (other.value, rule.level(other)) == (0.0, WarningLevel.green)
    rejected = rule.find(asked(lambda _, place: 5, accepted=False))
    assert rejected.details == {"wrong": {}}
    again = rule.find(asked(lambda _, place: 5, rejected.details))
    assert again.missing.startswith("The round above has no accepted wrong answers")


def test_a_share_grows_where_that_is_no_chance_and_since_the_round_directly_above():
    rule = StickyErrors()
    first = rule.find(asked(lambda _, place: 5 if place == 0 else 4))
    # Of every third prompt all four texts, of the others three; then of one prompt more.
    above = rule.find(asked(lambda number, place: 5 if place < 3 or number % 3 == 0 else 4, first.details))
    more = rule.find(
        asked(lambda number, place: 5 if place < 3 or number % 3 == 0 or number == 1 else 4, above.details)
    )
    assert (above.value, more.value) == (67 / 80, 68 / 80)
    assert rule.level(more) is WarningLevel.amber
    warning_evidence = asked(lambda _, place: 5 if place < 3 else 4, first.details)
    skipped = rule.find(replace(warning_evidence, past=[*warning_evidence.past, PastFindings(2)]))
    assert (skipped.value, skipped.missing[:40]) == (None, "The round above has no accepted wrong an")


def test_what_is_left_for_the_next_round_is_bounded():
    many = StickyErrors().find(asked(lambda number, place: 5 + place, prompts=600))
    assert len(many.details["wrong"]) == 500


def test_few_prompts_with_such_an_answer_say_nothing():
    rule = StickyErrors()
    first = rule.find(asked(lambda number, place: 5 if number < 7 else 4))
    finding = rule.find(asked(lambda number, place: 5 if number < 7 else 4, first.details))
    assert finding.missing == "28 texts answer prompts with an accepted wrong answer above; 30 are needed."
