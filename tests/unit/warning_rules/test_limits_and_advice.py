"""Of each rule the limit can be passed by its number, the light is what the limit says, and something helps."""

import inspect
import math
import re
from pathlib import Path

import pytest

from backend.values import WarningLevel
from backend.warning_rules import Finding, WarningRule, rule_classes

RULES = rule_classes()
DOCS = (Path(__file__).parents[3] / "docs/reference/warnings.md").read_text(encoding="utf-8")
OTHERWISE = {
    name: text
    for names, text in re.findall(
        r"^\| ([^|]+) \| ([^|]+) \|$", DOCS.split("Red means something else")[1], re.MULTILINE
    )
    for name in re.findall(r"`(\w+)`", names)
}
"""Of the rules whose red light means something else what the page says of them."""
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())


def worst(rule: type[WarningRule]) -> float:
    """The worst value that the number can have; of numbers without an end one far beyond any limit."""
    end = rule.ends[0] if rule.is_below else rule.ends[1]
    return end if math.isfinite(end) else math.copysign(1e9, end)


def at(value: float) -> Finding:
    return Finding(value, value, value, n=10_000)


@each_rule
def test_the_worst_number_turns_the_light_to_what_the_limit_says(rule: type[WarningRule]) -> None:
    knobs = rule()
    red, amber = rule.limits_of(knobs.limit, knobs.amber)
    assert (red is None) is rule.is_never_red
    assert (amber is None) is (knobs.amber is None and not rule.is_never_red)
    expected = WarningLevel.amber if rule.is_never_red else WarningLevel.red
    assert knobs.level(at(worst(rule))) is expected
    low, high = rule.ends
    assert low < high
    assert all(low <= limit <= high for limit in (red, amber) if limit is not None)
    best = {True: min(high, 1e9), False: max(low, -1e9)}[rule.is_below]
    assert knobs.level(at(best)) is WarningLevel.green


@each_rule
def test_a_limit_that_no_number_can_pass_is_none(rule: type[WarningRule]) -> None:
    end = rule.ends[0] if rule.is_below else rule.ends[1]
    if rule.is_at_limit:
        assert rule.can_be_beyond(end)
    else:
        assert rule.limits_of(end, end) == (None, None)
        assert rule().level(at(worst(rule))) is not WarningLevel.green, "any other limit can be passed"


@each_rule
def test_a_rule_that_is_never_red_says_so_and_no_other_does(rule: type[WarningRule]) -> None:
    words = rule.model_fields["limit"].description or ""
    assert words.startswith("amber" if rule.is_never_red else "red")
    assert OTHERWISE.get(str(rule().name), "").startswith("never") is rule.is_never_red
    assert "WarningLevel.red" not in inspect.getsource(rule) or not rule.is_never_red
    listed = set(OTHERWISE)
    assert (str(rule().name) in listed) is bool(rule.more or rule.is_never_red)


@each_rule
def test_each_rule_says_what_helps(rule: type[WarningRule]) -> None:
    assert re.fullmatch(r"[A-Z].{20,200}\.", rule.advice)
    assert rule.advice != rule.way, "what gets more rows does not help against what they show"


def test_of_a_rule_that_does_not_say_its_ends_every_limit_is_shown() -> None:
    """As of a package that was written before they were asked for: it may turn red beyond any limit."""
    assert WarningRule.limits_of(1.5, 1.2) == (1.5, 1.2)
    assert WarningRule.advice == ""
    assert all("ends" in vars(rule) and "advice" in vars(rule) for rule in RULES.values())


def test_no_two_rules_give_the_same_advice() -> None:
    assert len({rule.advice for rule in RULES.values()}) == len(RULES)
