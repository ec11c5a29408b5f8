import pytest

from backend.values import WarningLevel
from backend.warning_rules.heavy_tail import HeavyTail
from tests.unit.warning_rules.seen import evidence


def tried(*parts: tuple[int, int], n: int = 8):
    """So many prompts with so many of n texts right."""
    return evidence(
        [[{"right": place < right} for place in range(n)] for prompts, right in parts for _ in range(prompts)]
    )


def test_tasks_that_are_solved_always_or_never_have_an_infinite_mean():
    rule = HeavyTail()
    finding = rule.find(tried((40, 0), (5, 1), (3, 4), (5, 7), (40, 8)))
    assert finding.value < 1.5
    assert finding.low < finding.value < finding.high < 2
    assert (finding.n, rule.level(finding)) == (93, WarningLevel.amber)
    assert finding.prompt_ids == tuple(range(1, 41))


def test_tasks_that_all_have_some_chance_are_green():
    rule = HeavyTail()
    # What a beta distribution with a and b of 3 gives: (s + 1)(s + 2)(9 - s)(10 - s) / 4 prompts with s of 8 right.
    finding = rule.find(tried(*[((s + 1) * (s + 2) * (9 - s) * (10 - s) // 4, s) for s in range(9)]))
    assert finding.value == pytest.approx(4.0, abs=0.15)
    assert finding.low > 2
    assert rule.level(finding) is WarningLevel.green


@pytest.mark.parametrize("parts", [[(60, 0)], [(60, 8)], [(4, 2), (9, 3), (12, 4), (9, 5), (4, 6)]])
def test_at_the_ends_of_the_grid_nothing_is_known(parts: list[tuple[int, int]]):
    finding = HeavyTail().find(tried(*parts))
    assert (finding.value, finding.missing[:23]) == (None, "No beta distribution ca")


def test_the_exponent_of_evenly_spread_chances_is_two():
    # Of chances that are spread evenly from 0 to 1 each number of right texts is as likely: a and b are 1.
    finding = HeavyTail().find(tried(*[(100, right) for right in range(9)]))
    assert finding.value == pytest.approx(2.0, abs=0.05)
    assert finding.low < 2 < finding.high
