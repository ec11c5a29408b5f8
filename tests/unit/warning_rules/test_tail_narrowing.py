import time
from dataclasses import replace

import pytest

from backend.values import WarningLevel
from backend.warning_rules.no_coverage import NoCoverage
from backend.warning_rules.tail_narrowing import TailNarrowing, gini
from tests.unit.warning_rules.seen import evidence


def test_gini_of_equal_and_of_unequal_counts():
    assert gini([1] * 5) == 0.0
    # 0, 0, 0, 4: differences of ordered pairs 2 * 3 * 4 = 24, over 2 * 4 * 4.
    assert gini([0, 4, 0, 0]) == pytest.approx(0.75)
    # 1, 2, 4: 2 * (1 + 3 + 2) = 12, over 2 * 3 * 7.
    assert gini([4, 1, 2]) == pytest.approx(12 / 42)
    assert gini([0, 0, 0]) is None


def test_few_prompts_that_have_all_accepted_texts_are_red():
    all_, none = [{"accepted": True}] * 4, [{"accepted": False}] * 4
    finding = TailNarrowing().find(evidence([all_] * 10 + [none] * 90))
    assert finding.value == pytest.approx(0.9)
    assert TailNarrowing().level(finding) is WarningLevel.red
    assert finding.prompt_ids[0] == 11
    nothing = TailNarrowing().find(evidence([none] * 40))
    assert (nothing.value, nothing.missing) == (None, "Nothing was accepted.")


def test_groups_of_one_prompt_are_one_prompt():
    groups = [[{"accepted": True}] * 2, [{"accepted": False}] * 2] * 40
    warning_evidence = evidence(groups)
    paired = [
        replace(group, prompt=replace(group.prompt, id=place // 2))
        for place, group in enumerate(warning_evidence.round.round_groups)
    ]
    warning_evidence = replace(warning_evidence, round=replace(warning_evidence.round, round_groups=paired))
    assert (TailNarrowing().find(warning_evidence).value, TailNarrowing().find(warning_evidence).n) == (0.0, 40)
    assert (NoCoverage().find(warning_evidence).value, NoCoverage().find(warning_evidence).n) == (0.0, 40)
    beside = NoCoverage().find(evidence(groups))
    assert (beside.value, beside.sample_ids[:2]) == (0.5, (3, 7))


def test_many_accepted_texts_take_no_square_of_their_number():
    groups = [[{"accepted": True}] * (10 * n) for n in range(1, 101)]
    began = time.process_time()
    finding = TailNarrowing().find(evidence(groups))
    assert time.process_time() - began < 3
    # Of 1, 2, ... n the coefficient is (n - 1 / n) / (3 * (n + 1)).
    assert finding.value == pytest.approx(99.99 / 303)
    assert finding.low < finding.value < finding.high
