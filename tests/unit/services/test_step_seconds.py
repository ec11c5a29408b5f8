"""How long a step is said to take, by what it took before."""

from types import SimpleNamespace
from typing import Any

from backend import recipes
from backend.services.plans.seconds import Took
from backend.services.plans.sizes import by_step
from backend.services.plans.step_seconds import _of_step

PLACES = recipes.get("rest_mcts").places()


def test_a_search_takes_as_long_for_as_many_prompts_whatever_its_budget_of_samples() -> None:
    # The job of ten prompts counted ten units, and made up to 150 samples of each.
    asked: Any = SimpleNamespace(own=lambda *_: Took(100.0, 10, None))
    step_size = by_step(PLACES, prompts=20, taken=0)[1]
    assert step_size.units == 20 * 150
    seconds = _of_step(asked, PLACES[1], step_size)
    assert seconds is not None
    assert (seconds.likely, seconds.at_most) == (200.0, 200.0)
