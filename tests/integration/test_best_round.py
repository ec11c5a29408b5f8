"""Which round the overview calls the best one, and what it says where the newest does not come from that one."""

from typing import Any

import pytest

from app.pages.overview.cards import tree_value
from backend.db import tables
from backend.services.projects import overview
from tests import rows
from tests.integration.measured import finish, measure

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]
ONE_SET, OTHER_SET = ({"measured_by": {"prompt_sets": [number], "max_tokens": 64}} for number in (1, 2))


class Branches:
    """A base at 50 %, and rounds that start from it."""

    def __init__(self, base: float | None = 0.5) -> None:
        self.project = rows.make_project()
        self.actor, self.base = rows.make_actor(self.project), rows.make_checkpoint(self.project)
        self.base_accuracy = base

    def add(self, accuracy: float | None, way: dict[str, Any] = ONE_SET, **columns: Any) -> tables.Round:
        round_, checkpoint = finish(self.project, self.base, **columns)
        if self.base_accuracy is not None:
            measure(round_, self.base.id, self.base_accuracy, **ONE_SET)
            self.base_accuracy = None
        if accuracy is not None:
            measure(round_, checkpoint.id, accuracy, **way)
        return round_

    @property
    def badges(self) -> dict[int, str]:
        cards = tree_value(overview.loop(self.actor, self.project.id))["rounds"]
        return {card["id"]: card["best"]["text"] for card in cards if card["best"]}

    @property
    def why(self) -> str:
        return overview.loop(self.actor, self.project.id).next_action.why


def test_the_badge_says_whether_the_second_is_beaten_beyond_chance() -> None:
    here = Branches()
    here.add(0.60)
    assert here.badges == {}, "one round is not the best of many"
    best = here.add(0.80)
    assert here.badges == {best.id: "best round"}
    here.add(0.78)
    assert here.badges == {best.id: "highest, within chance"}


def test_no_round_is_the_best_where_the_base_is_as_high() -> None:
    here = Branches(base=0.7)
    here.add(0.7)
    here.add(0.5)
    assert here.badges == {}


def test_only_what_was_asked_the_same_is_compared() -> None:
    """Two sets of as many prompts; one old round of another set takes the badge from nobody."""
    here = Branches()
    here.add(0.95, OTHER_SET)
    here.add(0.60)
    assert here.badges == {}
    newer = here.add(0.80)
    assert here.badges == {newer.id: "best round"}
    assert "95.0%" not in here.why


def test_a_higher_branch_is_told_of_in_every_case() -> None:
    here = Branches()
    here.add(0.90)
    here.add(0.80)
    above = " Round 1, on another branch, has the highest: 90.0%, above the {} by {} than chance explains."
    assert here.why.endswith(above.format("80.0% of round 2", "more"))
    here.add(0.87)
    assert here.why.endswith(above.format("87.0% of round 3", "no more"))
    here.add(0.20)
    assert "fell from 50.0%" in here.why
    assert here.why.endswith(above.format(f"50.0% of the base {here.base.name}", "more"))
    here.add(None)
    assert "has no held-out accuracy." in here.why
    assert here.why.endswith(above.format(f"50.0% of the base {here.base.name}", "more"))
