"""How the estimate of a plan is written where one launches it."""

import pytest

from app.pages.new_round.estimates import samples_of
from backend.services.plans import PlanEstimate


@pytest.mark.parametrize(
    ("rollouts", "text"), [(0, "1,020"), (1000, "1,020, 1,000 of them rollouts of online training")]
)
def test_rollouts_are_told_apart_from_samples(rollouts: int, text: str) -> None:
    assert samples_of(PlanEstimate(1020, 0, 0, None, rollouts=rollouts)) == text
