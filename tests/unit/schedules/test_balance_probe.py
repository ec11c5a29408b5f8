import pytest
from pydantic import ValidationError

from backend.metrics.distinct_n import DistinctN
from backend.recipes import Recipe
from backend.recipes._parts import (
    DPO,
    SFT,
    AboveThreshold,
    Ask,
    BalanceScore,
    BestVersusWorst,
    ExactMatch,
    PromptSet,
    Sample,
)
from backend.schedules import PilotTrial
from backend.schedules.balance_probe import BalanceProbe

PROBE = BalanceProbe(temperatures=(0.3, 0.6, 0.9), n=4)


def tried(values):
    """A way to try out that looks the metric up by temperature and threshold, and what was asked of it."""
    asked = []

    def try_out(changes):
        asked.append(changes)
        key = changes["generator"]["temperature"], changes.get("selector", {}).get("threshold")
        return PilotTrial(metrics={"balance_score": values.get(key), "other": 1.0})

    return try_out, asked


def test_the_temperature_with_the_highest_balance_is_taken_and_n_stays_as_it_is():
    try_out, asked = tried({(0.3, None): 0.2, (0.6, None): 0.5, (0.9, None): 0.4})
    assert PROBE.changes([], try_out) == {"generator": {"temperature": 0.6}}
    assert asked == PROBE.trials() == [{"generator": {"temperature": t, "n": 4}} for t in (0.3, 0.6, 0.9)]


def test_of_equal_ones_the_lower_temperature_stands_then_the_lower_threshold():
    try_out, _ = tried({(0.3, None): 0.2, (0.6, None): 0.5, (0.9, None): 0.5})
    assert PROBE.changes([], try_out) == {"generator": {"temperature": 0.6}}
    both = PROBE.model_copy(update={"thresholds": (0.1, 0.2)})
    try_out, asked = tried({(0.6, 0.1): 0.4, (0.6, 0.2): 0.4, (0.9, 0.1): 0.4})
    assert both.changes([], try_out) == {"generator": {"temperature": 0.6}, "selector": {"threshold": 0.1}}
    # All thresholds of a temperature beside each other: their texts are the same.
    assert [c["generator"]["temperature"] for c in asked] == [0.3, 0.3, 0.6, 0.6, 0.9, 0.9]


def test_where_nothing_can_be_computed_everything_stays_as_it_is():
    assert PROBE.changes([], tried({})[0]) == {}


def test_the_steps_and_the_metric_can_be_others():
    probe = PROBE.model_copy(update={"generator": "answers", "metric": "other"})
    assert probe.changes([], lambda changes: PilotTrial(metrics={"other": 1.0})) == {"answers": {"temperature": 0.3}}


@pytest.mark.parametrize("grid", [{"temperatures": ()}, {"temperatures": (0.5, 0.5)}, {"thresholds": (0.7, 0.5)}])
def test_refuses_a_grid_that_is_empty_or_does_not_rise(grid):
    with pytest.raises(ValidationError, match="Give"):
        BalanceProbe(**grid)


def recipe(*steps, metrics=(), probe=PROBE):
    return Recipe(name="x", title="X", steps=steps, schedule=probe, metrics=metrics or (BalanceScore(),))


START = (PromptSet(), Sample(), ExactMatch())


def test_a_recipe_has_to_hold_what_is_tried():
    assert recipe(*START, AboveThreshold(), SFT()).pilot()[-1].step.kind == "selector"
    with pytest.raises(ValidationError, match=r"looks at the metric balance_score.*one of those.*distinct_2"):
        recipe(*START, AboveThreshold(), SFT(), metrics=(DistinctN(),))
    with_threshold = PROBE.model_copy(update={"thresholds": (0.5,)})
    with pytest.raises(ValidationError, match=r"cannot try \{'threshold': 0.5\} at 'selector' of this recipe"):
        recipe(*START, BestVersusWorst(), DPO(), probe=with_threshold)
    with pytest.raises(ValidationError, match=r"cannot try .* at 'answers'"):
        recipe(*START, AboveThreshold(), SFT(), probe=PROBE.model_copy(update={"generator": "answers"}))
    with pytest.raises(ValidationError, match="has 2 steps of the kind generator"):
        recipe(PromptSet(), Sample(), Sample(), ExactMatch(), AboveThreshold(), SFT())
    with pytest.raises(ValidationError, match=r"Step 4 .prompt source ask. stands before the first selector"):
        recipe(*START, Ask(about="failed", template="{prompt}"), Sample(), AboveThreshold(), SFT())
