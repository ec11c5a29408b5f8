from collections.abc import Iterable, Mapping

import pytest

from backend.values import MetricValue, Prompt, WarningLevel
from backend.warning_rules.forgetting import Forgetting
from tests.unit.warning_rules.seen import evidence


def accuracy(right: Iterable[int], wrong: Iterable[int]) -> dict:
    return {"held_out_accuracy": MetricValue("held_out_accuracy", 0.5, details={"right": [*right], "wrong": [*wrong]})}


def test_forgotten_prompts_are_those_that_were_right():
    finding = Forgetting().find(
        evidence([], start=accuracy(range(60), range(60, 100)), trained=accuracy(range(20, 62), range(62, 100)))
    )
    # Measured on both: 20 to 99, 80 prompts. Lost none of 20 to 59, won 60 and 61.
    assert (finding.value, finding.n, finding.prompt_ids) == (2 / 80, 80, ())
    lost = Forgetting().find(
        evidence([], start=accuracy(range(60), range(60, 100)), trained=accuracy(range(30), range(30, 100)))
    )
    # 30 lost of 100: -0.3 -+ 1.96 sqrt(30 - 9) / 100 = 0.0898; the bootstrap counts in hundredths.
    assert lost.value == -0.3
    assert lost.high == pytest.approx(-0.2102, abs=0.006)
    assert lost.prompt_ids == tuple(range(30, 60))
    assert Forgetting().level(lost) is WarningLevel.red


def test_one_measurement_is_no_comparison():
    assert Forgetting().find(evidence([], trained=accuracy(range(60), range(60, 100)))).value is None


def test_five_prompts_that_are_lost_may_be_chance():
    finding = Forgetting().find(
        evidence(
            [], start=accuracy(range(60), range(60, 100)), trained=accuracy(range(5, 60), [*range(5), *range(60, 100)])
        )
    )
    # The bootstrap's interval lies below 0, and 2 / 2^5 = 0.0625 is no 0.05.
    assert (finding.value, finding.high) == (-0.05, 0.0)
    assert Forgetting(limit=-0.001).level(finding) is WarningLevel.green


def held_out(kinds: Mapping[str, Iterable[int]]) -> list[Prompt]:
    return [Prompt(id_, [], metadata={"needs": kind}) for kind, ids in kinds.items() for id_ in ids]


def test_a_category_that_fell_is_red_though_all_prompts_together_rose():
    """Sums fall from 40 to 10 of 80, products rise from 20 to 70 of 100: together 60 to 80 of 180."""
    seen = evidence(
        [],
        start=accuracy([*range(40), *range(100, 120)], [*range(40, 80), *range(120, 200)]),
        trained=accuracy([*range(10), *range(100, 170)], [*range(10, 80), *range(170, 200)]),
        held_out=held_out({"a sum": range(80), "a product": range(100, 200)}),
    )
    finding = Forgetting().find(seen)
    assert Forgetting().level(finding) is WarningLevel.red
    assert (finding.value, finding.n, finding.prompt_ids) == (-30 / 80, 80, tuple(range(10, 40)))
    assert finding.details == {"category": ["needs", "a sum"]}
    assert finding.note.startswith("The category needs: a sum: from 50.0% to 12.5% (")
    assert finding.note.endswith(
        "Of 2 categories it is the one that fell most surely on these prompts. All 180 prompts: +11.1 points."
    )
    # With fewer rows than the rule asks for nothing is said of a category: the whole is green.
    few = Forgetting(min_rows=90).find(seen)
    assert Forgetting(min_rows=90).level(few) is WarningLevel.green
    assert (few.n, few.details) == (180, {})


def test_one_category_of_many_that_fell_by_chance_is_green():
    """Seven lost of 40 in one of ten categories: p = 2 / 2^7 = 0.016 alone, 0.16 as one of ten. Of all 400 prompts
    three others were won: p = 2 * 176 / 2^10 = 0.34."""
    kinds = {f"kind {n}": range(n * 40, n * 40 + 40) for n in range(10)}
    seen = evidence(
        [],
        start=accuracy(range(397), range(397, 400)),
        trained=accuracy(range(7, 400), range(7)),
        held_out=held_out(kinds),
    )
    finding = Forgetting(limit=-0.05).find(seen)
    assert Forgetting(limit=-0.05).level(finding) is WarningLevel.green
    assert (finding.n, finding.details) == (400, {})
    assert finding.note == "", "a green light blames no category"


def test_a_fall_beyond_chance_that_misses_the_limit_is_amber():
    """88 lost and 61 won of 400: p = 0.033 alone, and 0.16 as one of five changes, of the whole and four categories."""
    start, everything = {*range(0, 400, 2)}, {*range(400)}
    trained = {*range(176, 400, 2), *range(1, 123, 2)}
    ends = {"start": start, "trained": trained}
    measured = {name: accuracy(sorted(right), sorted(everything - right)) for name, right in ends.items()}
    shuffled = {f"kind {n}": [id_ for id_ in range(400) if id_ // 2 % 4 == n] for n in range(4)}
    seen = evidence([], **measured, held_out=held_out(shuffled))
    finding = Forgetting().find(seen)
    assert Forgetting().level(finding) is WarningLevel.amber
    assert (finding.value, finding.details) == (-27 / 400, {})
    assert finding.high is not None
    assert -0.02 < finding.high < 0
    assert finding.note == "All prompts alone; as one of 5 changes, with those of 4 categories, it may be chance."
    assert Forgetting(amber=None).level(Forgetting(amber=None).find(seen)) is WarningLevel.green
    # Without categories the change is the only one, and its interval lies below 0 as well.
    whole = evidence([], **measured)
    assert Forgetting().level(Forgetting().find(whole)) is WarningLevel.amber


def test_without_an_interval_the_exact_test_decides():
    """Of 20 prompts 10 are lost, p = 2 / 2^10; of 20 with five lost, p = 2 / 2^5, chance explains it."""
    for lost, level in ((10, WarningLevel.red), (5, WarningLevel.green)):
        rule = Forgetting(min_rows=10)
        finding = rule.find(evidence([], start=accuracy(range(20), []), trained=accuracy(range(lost, 20), range(lost))))
        assert (finding.value, finding.low, finding.high) == (-lost / 20, None, None)
        assert rule.level(finding) is level
    # All 40 lost: 0.025^(1/40) = 0.9119 is the least share that is lost, the others may be won: -0.9119 + 0.0881.
    lost = Forgetting().find(evidence([], start=accuracy(range(40), []), trained=accuracy([], range(40))))
    assert (lost.value, lost.low) == (-1.0, -1.0)
    assert lost.high == pytest.approx(-0.8238, abs=1e-4)
