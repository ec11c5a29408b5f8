"""How the estimate of a plan is written where one launches it."""

import pytest

from app.pages.new_round.estimates import MOST, guessed, samples_of, shortened
from app.widgets.context import Context
from backend.services.access import Actor
from backend.services.plans import Plan, PlanEstimate, checks


@pytest.mark.parametrize(
    ("rollouts", "text"), [(0, "1,020"), (1000, "1,020, 1,000 of them rollouts of online training")]
)
def test_rollouts_are_told_apart_from_samples(rollouts: int, text: str) -> None:
    assert samples_of(PlanEstimate(1020, 0, 0, None, rollouts=rollouts)) == text


def test_a_plan_without_a_set_to_sample_from_is_refused_before_it_is_launched() -> None:
    here = Context(Actor(1, "Ada"), 1, "", None)
    assert guessed(here, Plan({}, 1, 1)) == {"problem": checks.NO_SETS, "warnings": []}


def test_a_refusal_of_many_fields_says_how_many_more_there_are() -> None:
    lines = [f"Field {number}: must be a number" for number in range(MOST + 2)]
    assert shortened("\n".join(lines)).split("\n") == [*lines[:MOST], "and 2 more"]
    assert shortened(lines[0]) == lines[0]
