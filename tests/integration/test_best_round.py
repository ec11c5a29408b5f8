"""Which round the overview calls the best one, and what it says where the newest does not come from that one."""

from typing import Any

import pytest

from app.pages.compare import values
from app.pages.overview.cards import tree_value
from app.widgets import charts
from backend.db import reading, session, tables
from backend.services.held_out import side_by_side
from backend.services.plans import auto_rules
from backend.services.projects import dashboard, overview
from backend.services.results.starts import fall
from backend.services.results.summaries import lines_of
from backend.values import WarningLevel
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
    assert here.badges == {best.id: "highest round, within chance"}


def test_the_best_round_that_is_not_above_the_base_says_so() -> None:
    here = Branches(base=0.7)
    best = here.add(0.7)
    assert here.badges == {}, "one round is not the best of many"
    here.add(0.5)
    assert here.badges == {best.id: "best round, not above the base"}
    assert here.why.endswith(" Round 1, on another branch, is the highest of the rounds: 70.0%.")


@pytest.mark.parametrize(
    ("base", "rounds", "badge", "head", "of_two", "of_three"),
    [
        (50, (80, 60), "best round", ["Best"], ["best"], ["best"]),
        (50, (57, 55), "highest round, within chance", ["Highest"], *2 * [["highest, within chance"]]),
        (
            60,
            (57, 55),
            "highest round, not above the base",
            ["No round is above the base b, 60.0%.", "Highest of the rounds"],
            ["highest, not above the base"],
            ["highest round, not above the base", "higher than the rounds"],
        ),
        (
            57,
            (57, 55),
            "highest round, not above the base",
            ["No round is above the base b, 57.0%.", "Highest of the rounds"],
            ["highest, not above the base"],
            ["highest round, not above the base", "as high"],
        ),
        (
            90,
            (80, 40),
            "best round, not above the base",
            ["No round is above the base b, 90.0%.", "Best of the rounds"],
            ["best, not above the base"],
            ["best round, not above the base", "higher than the rounds"],
        ),
    ],
    ids=["above", "above by chance", "below", "as high", "below beyond chance"],
)
def test_how_the_best_round_stands_to_the_base_is_said_alike_on_the_card_above_it_and_in_compare(
    base: int, rounds: tuple[int, int], badge: str, head: list[str], of_two: list[str], of_three: list[str]
) -> None:
    here = Answered(base=base / 100)
    with session() as db:
        db.get_one(tables.Checkpoint, here.base.id).name = "b"
    best, other = [here.answer(right) for right in rounds]
    assert here.badges == {best.id: badge}
    shown = tree_value(overview.loop(here.actor, here.project.id))["best"]
    assert [*filter(None, [shown["none_above"]]), shown["word"]] == head
    assert shown["number"] == best.number
    is_above = len(head) == 1
    keys = [f"r{best.id}", f"r{other.id}"]
    for sides, chips in (
        (keys, of_two),
        ([f"c{here.base.id}", *keys], of_three),
        ([*keys, f"c{here.base.id}"], of_three),
    ):
        compared = side_by_side.compare_all(here.actor, here.project.id, sides)
        told = values.value(compared, None, [])["best"]
        assert [verdict["chip"] for verdict in told] == chips
        assert told[0]["text"].endswith(f" It is not above the base b, {base}.0%.") is not is_above
        assert [verdict["text"].startswith("None of these rounds is above b: ") for verdict in told[1:]] == (
            [] if is_above or sides is keys else [True]
        )
        assert (told[0]["badge"] == "ok") == (badge == "best round")
    # With one of the rounds alone it is the base that is told of, unless that is lower.
    for sides in ([f"c{here.base.id}", keys[0]], [keys[0], f"c{here.base.id}"]):
        of_pair = side_by_side.compare_all(here.actor, here.project.id, sides).best
        assert of_pair.side
        assert (of_pair.side.round_id == best.id) is is_above


def test_of_two_that_are_as_high_neither_is_called_the_highest() -> None:
    here = Answered(base=0.3)
    first, second = here.answer(57), here.answer(57)
    for sides in ([f"r{first.id}", f"r{second.id}"], [f"r{second.id}", f"c{here.base.id}", f"r{first.id}"]):
        (verdict,) = values.value(side_by_side.compare_all(here.actor, here.project.id, sides), None, [])["best"]
        assert verdict["chip"] == "equal"
        assert verdict["text"].endswith(" are equally high, and none is higher: 57.0% of 100 held-out prompts.")


def test_two_that_are_as_high_and_not_above_the_base_are_spoken_of_together() -> None:
    here = Answered(base=0.6)
    sides = [f"r{here.answer(57).id}" for _ in range(2)]
    (verdict,) = values.value(side_by_side.compare_all(here.actor, here.project.id, sides), None, [])["best"]
    assert verdict["chip"] == "equal"
    assert ". They are not above the base" in verdict["text"]


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


class Answered(Branches):
    """Rounds of which it is known of each of 100 prompts whether it was right."""

    def answer(self, right: int | range, **columns: Any) -> tables.Round:
        told_right = range(right) if isinstance(right, int) else right
        told = {"right": [*told_right], "wrong": [n for n in range(100) if n not in told_right]}
        round_, checkpoint = finish(self.project, self.base, **columns)
        if self.base_accuracy is not None:
            share = round(self.base_accuracy * 100)
            of_base = {"right": [*range(share)], "wrong": [*range(share, 100)]}
            measure(round_, self.base.id, self.base_accuracy, n=100, **ONE_SET, **of_base)
            self.base_accuracy = None
        measure(round_, checkpoint.id, len(told_right) / 100, n=100, **ONE_SET, **told)
        return round_


def test_the_highest_of_many_by_luck_is_not_the_best() -> None:
    """Round 1 wins seven prompts on the base and on all others: p = 2 / 2^7 = 0.016 alone, 0.078 as one of five."""
    here = Answered(base=0.5)
    best = here.answer(57)
    here.answer(50)
    assert here.badges == {best.id: "best round"}
    for _ in range(3):
        last = here.answer(50)
    assert here.badges == {best.id: "highest round, within chance"}
    loop = overview.loop(here.actor, here.project.id)
    shown = tree_value(loop)["best"]
    assert shown["chosen"].startswith("Chosen as the highest of 5 rounds on these prompts: ")
    assert shown["chosen"].endswith(" are widened for the choice among 5.")
    assert [gap.endswith(", which may be chance") for gap in shown["gaps"]] == [True, True]
    sides = [f"c{here.base.id}", *(f"r{id_}" for id_ in (best.id, best.id + 1, last.id))]
    assert shown["compare"] == f"compare?sides={','.join(sides)}", "the base, the best, the second, and the newest"
    assert shown["compare_said"] == f"Compare them, each with the base {here.base.name}"
    card = next(card for card in tree_value(loop)["rounds"] if card["id"] == best.id)
    to_base = next(gap for gap in shown["gaps"] if "the base" in gap)
    assert card["change"]["rest"].split("(")[1][:-1] in to_base, "the card has the interval of the line above"
    assert card["change"]["badge"] == ""
    assert not shown["worse_unknown"]
    assert shown["turned"] == "0 of 100 answers newly wrong"
    assert shown["turned_rest"] == f"and 7 newly right in it, since the base {here.base.name}"
    assert shown["turned_href"] == "", "there is none to look at"
    with session() as db:
        row = {"project_id": here.project.id, "round_id": best.id, "name": "forgetting", "limit": -0.02}
        db.add(tables.RoundWarning(**row, level=WarningLevel.unknown, n=0, reason="no verdicts"))
    assert tree_value(overview.loop(here.actor, here.project.id))["best"]["worse_unknown"]


def test_what_turned_in_a_branch_is_told_since_what_it_was_trained_from() -> None:
    """Round 3 branches off round 2 and starts from the base: both were right where it lost five, 20 and 10 it won."""
    here = Answered(base=0.5)
    here.answer(40)
    second = here.answer(60)
    best = here.answer(range(5, 70), branch_of_id=second.id)
    loop = overview.loop(here.actor, here.project.id)
    card = next(card for card in tree_value(loop)["rounds"] if card["id"] == best.id)
    assert card["change"]["rest"].startswith("to round 2 ("), "a card tells of what it branches off"
    shown = tree_value(loop)["best"]
    assert (shown["number"], shown["turned"]) == (3, "5 of 100 answers newly wrong")
    assert shown["turned_rest"] == f"and 20 newly right in it, since the base {here.base.name}"
    assert shown["turned_href"] == f"held-out?old={here.base.id}&new={card['checkpoint_id']}&show=newly_wrong"


def test_a_training_that_changed_no_answer_is_no_matter_of_chance() -> None:
    here = Answered(base=0.5)
    here.answer(40)
    same = here.answer(50)
    shown = tree_value(overview.loop(here.actor, here.project.id))["best"]
    assert (shown["number"], shown["gaps"][1]) == (
        same.number,
        f"right on the same of 100 prompts as the base {here.base.name}",
    )
    assert shown["turned"] == "0 of 100 answers newly wrong"
    assert shown["no_effect"].startswith("These prompts show no effect of its training: was the learning rate too low")
    here.answer(60)
    assert tree_value(overview.loop(here.actor, here.project.id))["best"]["no_effect"] == ""


def test_where_every_answer_was_right_before_nothing_is_asked_of_the_training() -> None:
    here = Answered(base=1.0)
    here.answer(90)
    here.answer(100)
    shown = tree_value(overview.loop(here.actor, here.project.id))["best"]
    assert (shown["turned"], shown["no_effect"]) == ("0 of 100 answers newly wrong", "")


@pytest.mark.parametrize(("best", "falls"), [(57, False), (62, True)])
def test_a_fall_is_one_of_the_rounds_of_its_line_whatever_other_branches_reach(best: int, falls: bool) -> None:
    """Of five rounds in a line the first is the best: by 7 prompts p is 0.016 alone and 0.078 as one of five, by 12
    0.0024 as one of five. A better round on another branch changes nothing."""
    here = Answered(base=0.5)
    root, parent = here.base, here.answer(best)
    for _ in range(4):
        with reading() as db:
            here.base = db.get_one(tables.Checkpoint, parent.checkpoint_id)
        parent = here.answer(50, parent_id=parent.id, auto={"rules": ["accuracy_fell"]})
    for _ in range(2):
        with reading() as db:
            lines = lines_of(db, here.project.id)
            start = fall(db, lines, next(line for line in lines if line.round_id == parent.id))
            assert auto_rules.fired(db, parent) == (start and start.why)
        assert (start is not None) is falls
        if start:
            assert start.why.endswith("(McNemar's test, p = 0.0024, as one of 5 rounds).")
        here.base = root
        here.answer(90)


def test_a_gain_on_the_parent_is_not_green_below_the_base_and_every_round_is_on_a_line() -> None:
    """Base 60 %, round 1 20 %; from there rounds 2 (50 %, the best) and 3 (20 %)."""
    here = Answered(base=0.6)
    first = here.answer(20)
    assert first.checkpoint_id
    with reading() as db:
        of_first = db.get_one(tables.Checkpoint, first.checkpoint_id)
    base, here.base = here.base, of_first
    best = here.answer(50, parent_id=first.id)
    here.answer(20, parent_id=first.id)
    loop = overview.loop(here.actor, here.project.id)
    shown = tree_value(loop)
    card = next(card for card in shown["rounds"] if card["id"] == best.id)
    assert [card["from"] for card in shown["rounds"]] == ["", "", "from round 1", "from round 1"]
    assert (card["change"]["points"], card["change"]["badge"]) == ("+30.0 points", "")
    assert (card["to_base"]["points"], card["to_base"]["badge"]) == ("-10.0 points", "bad")
    assert card["to_base"]["rest"].startswith(f"to the base {base.name} (-")
    assert (shown["best"]["number"], shown["best"]["accuracy"]) == (2, "50.0%")
    assert shown["best"]["gaps"][0].startswith("+30.0 points to round 1, the next best (+")
    assert shown["best"]["gaps"][1].startswith("-10.0 points to the base")
    assert [[line.number for line in path] for path in charts.lineages(loop.lines)] == [[0, 1, 3], [1, 2]]
    # Before there is a round, and of one round alone, there is one line.
    assert charts.lineages(()) == [[]]


def test_the_highest_of_many_is_told_of_alike_wherever_it_stands() -> None:
    """Two of five rounds beside each other, and all with the base: the same number, interval and word."""
    here = Answered(base=0.5)
    best = here.answer(57)
    others = [here.answer(50) for _ in range(4)]
    to_second = overview.loop(here.actor, here.project.id).best
    assert to_second
    assert to_second.to_second
    sides = [f"r{best.id}", f"r{others[0].id}"]
    for keys in (sides, [f"c{here.base.id}", *sides], [f"c{here.base.id}", sides[0]]):
        told = side_by_side.compare_all(here.actor, here.project.id, keys).best
        assert (told.rounds, told.is_sure) == (5, False)
        assert told.difference
        ends = (told.difference.low, told.difference.high)
        assert ends == (to_second.to_second.low, to_second.to_second.high)
    told = side_by_side.compare_all(here.actor, here.project.id, [f"r{round_.id}" for round_ in others[:2]]).best
    assert told.rounds == 0, "neither is the highest"


def test_a_fall_is_told_of_alike_in_the_banner_the_table_of_projects_and_the_comparison() -> None:
    """Round 1 is the highest; seven prompts less are p = 2 / 2^7 = 0.016 alone, 0.031 as one of two, 0.078 of five."""
    here = Answered(base=0.5)
    best = here.answer(57)
    with reading() as db:
        here.base = db.get_one(tables.Checkpoint, best.checkpoint_id)
    for rounds, is_fall in ((2, True), (5, False)):
        while len(overview.loop(here.actor, here.project.id).rounds) < rounds:
            last = here.answer(50, parent_id=best.id)
        action = overview.loop(here.actor, here.project.id).next_action
        assert (action.kind, f"p = 0.031, as one of {rounds} rounds" in action.why) == (
            ("restart", True) if is_fall else ("next", False)
        )
        [state] = dashboard.listing(here.actor)
        told = side_by_side.compare_all(here.actor, here.project.id, [f"r{best.id}", f"r{last.id}"]).best.difference
        assert state.change
        assert told
        assert (state.change.is_worse, told.is_better) == (is_fall, is_fall)
        assert state.change.p == told.p
