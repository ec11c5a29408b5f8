import pytest

from backend.values import WarningLevel
from backend.warning_rules.tail_narrowing import TailNarrowing, gini
from tests.unit.warning_rules.seen import evidence


def test_gini_of_equal_and_of_unequal_counts():
    assert gini((0.0, 5.0)) == 0.0
    # 0, 0, 0, 4: differences of ordered pairs 2 * 3 * 4 = 24, over 2 * 4 * 4.
    assert gini((3.0, 0.0, 0.0, 0.0, 1.0)) == pytest.approx(0.75)
    assert gini((3.0,)) is None


def test_few_prompts_that_have_all_accepted_texts_are_red():
    all_, none = [{"accepted": True}] * 4, [{"accepted": False}] * 4
    found = TailNarrowing().find(evidence([all_] * 10 + [none] * 90))
    assert found.value == pytest.approx(0.9)
    assert TailNarrowing().level(found) is WarningLevel.red
    assert found.prompt_ids[0] == 11
    nothing = TailNarrowing().find(evidence([none] * 40))
    assert (nothing.value, nothing.missing) == (None, "Nothing was accepted.")
