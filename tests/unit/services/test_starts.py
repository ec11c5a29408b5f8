"""Which round is the best one, and what is said where the next round does not start from it."""

from dataclasses import replace
from typing import cast

from sqlalchemy.orm import Session

from app.pages.overview.cards import tree_value
from backend.services.projects.overview import Loop, NextAction
from backend.services.results.starts import best_round, name, recommended
from backend.services.results.summaries import MeasuredNumber, RoundLine
from tests.unit.services.test_loop_tree import line

NO_ROWS = cast(Session, None)
"""Nothing is looked up where the newest round is the best of its line."""


def measured(number: int, accuracy: float) -> RoundLine:
    made = line(number, 0 if number else None)
    return replace(made, checkpoint=f"c{number}", accuracy=MeasuredNumber(accuracy, accuracy - 0.1, accuracy + 0.1, 90))


def test_the_best_round_is_marked_and_named_where_another_branch_is_the_newest() -> None:
    lines = (measured(0, 0.7), measured(1, 0.9), measured(2, 0.8), line(3, 0))
    assert best_round(lines) is lines[1]
    start = recommended(NO_ROWS, lines[:3])
    assert start is not None
    assert start.line is lines[2]
    assert start.why.endswith("Round 1, on another branch, has the highest: 90.0%.")
    cards = tree_value(Loop(1, "p", lines, NextAction("", "", "", "")))["rounds"]
    other = replace(lines[2], accuracy=MeasuredNumber(0.95, 0.9, 1.0, 40))
    assert best_round((*lines[:2], other)) is None, "40 prompts are not the same 90"
    assert [card["is_best"] for card in cards] == [False, True, False, False]


def test_one_measured_round_is_not_called_the_best_and_the_base_is_no_round() -> None:
    lines = (measured(0, 0.7), measured(1, 0.9))
    assert best_round(lines) is None
    start = recommended(NO_ROWS, lines)
    assert start is not None
    assert "branch" not in start.why


def test_a_base_named_base_is_not_called_so_twice() -> None:
    base = measured(0, 0.7)
    assert name(replace(base, checkpoint="base")) == "the base"
    assert name(base) == "the base c0"
