import pytest
from pydantic import ValidationError

from backend.schedules.rising_threshold import RisingThreshold


@pytest.mark.parametrize(("rounds", "threshold"), [(0, 0.0), (1, 0.7), (2, 0.9), (3, 0.9), (9, 0.9)])
def test_sets_the_threshold_of_the_next_round_and_keeps_the_last(rounds, threshold):
    changes = RisingThreshold(values=(0.0, 0.7, 0.9)).changes([{}] * rounds)
    assert changes == {"selector": {"threshold": threshold}}


def test_sets_another_knob_when_told():
    assert RisingThreshold(values=(0.5, 0.7), knob="tau").changes([{}]) == {"selector": {"tau": 0.7}}


@pytest.mark.parametrize("values", [(), (0.5, 0.5), (0.7, 0.5)])
def test_refuses_values_that_do_not_rise(values):
    with pytest.raises(ValidationError):
        RisingThreshold(values=values)
