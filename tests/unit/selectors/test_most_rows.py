"""How many rows a selector says it makes at most: never fewer than it makes, and fewer where a knob bounds them."""

from typing import Any

import pytest

from backend.registry import import_all
from backend.selectors import Selector
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.selectors.drawn_pairs import DrawnPairs
from backend.selectors.gap_pairs import GapPairs
from backend.selectors.margin_pairs import MarginPairs
from backend.selectors.right_and_wrong import RightAndWrong
from backend.values import Group, LabelSource, Verdict
from tests.groups import prompt, sample

import_all()
OF_A_PROMPT = ("max_per_prompt", "max_per_question", "pairs_per_prompt")
"""Knobs that bound the rows of a prompt or of a question."""
REQUIRED: dict[str, dict[str, Any]] = {"principle_pairs": {"principles": ("Be brief.",)}}


def classes() -> list[Any]:
    return [Selector.named(name) for name in sorted(Selector.registry)]


def judged(count: int) -> Group:
    """Texts that differ, half of them accepted with a high score, the others rejected with a low one."""
    verdicts = [Verdict.accept if n % 2 else Verdict.reject for n in range(count)]
    samples = [
        sample(n + 1, score=(verdict is Verdict.accept) + n / 100, verdict=verdict, source=LabelSource.judge)
        for n, verdict in enumerate(verdicts)
    ]
    return Group(prompt(answer="4"), tuple(samples))


@pytest.mark.parametrize("selector", classes(), ids=lambda selector: selector.name)
@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_no_selector_makes_more_rows(selector: Any, count: int) -> None:
    part = selector(**REQUIRED.get(selector.name, {}))
    if part.needs_texts:
        assert len(part.select([judged(count)], seed=1).examples) <= part.most_rows(count)


@pytest.mark.parametrize(
    ("part", "rows"),
    [
        (AboveThreshold(), 4),
        (AboveThreshold(max_per_prompt=3), 3),
        (BestVersusWorst(), 1),
        (GapPairs(), 5),
        (MarginPairs(pairs_per_prompt=3), 3),
        (MarginPairs(pairs_per_prompt=16), 4),
        (RightAndWrong(pairs_per_prompt=100), 16),
        (DrawnPairs(), 4),
        (DrawnPairs(draw=6, ranking="tournament"), 5),
    ],
)
def test_knobs_say_how_many_rows_there_are(part: Selector, rows: int) -> None:
    assert len(part.select([judged(8)], seed=1).examples) <= rows
    assert part.most_rows(8) == (8 if part == AboveThreshold() else rows)


def test_a_knob_that_bounds_rows_is_counted() -> None:
    bounded = [(part, knob) for part in classes() for knob in OF_A_PROMPT if knob in part.model_fields]
    assert len(bounded) > 5
    for part, knob in bounded:
        assert part(**{knob: 1}).most_rows(8) == 1, part.name
