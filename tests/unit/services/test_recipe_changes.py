"""What a recipe has otherwise than another one."""

import copy
from typing import Any

from backend.services.recipes import parts, steps_edit
from backend.services.recipes.changes import changes
from backend.values import JSON

LISTED = {known["name"]: known for known in parts.recipes()}


def recipe(name: str = "self_rewarding") -> JSON:
    return copy.deepcopy(LISTED[name])


def change_rows(mine: JSON, other: JSON) -> list[tuple[Any, ...]]:
    return [(change.path, change.value, change.usual) for change in changes(mine, other)]


def test_every_listed_recipe_is_as_in_itself() -> None:
    for name in LISTED:
        assert change_rows(recipe(name), recipe(name)) == [], name


def test_knobs_are_told_with_both_values() -> None:
    mine, other = recipe(), recipe()
    votes = other["judge"]["votes"]
    mine["judge"]["votes"], mine["mix_share"] = votes + 2, 0.25
    assert change_rows(mine, other) == [
        (("judge", "votes"), votes + 2, votes),
        (("mix_share",), 0.25, other["mix_share"]),
    ]
    assert changes(mine, other)[0].place == "Judge"
    assert "votes" in changes(mine, other)[0].label


def test_another_part_is_one_change_whatever_its_knobs() -> None:
    mine, other = recipe(), recipe()
    mine["judge"] = parts.defaults("judge", "majority_vote")
    assert change_rows(mine, other) == [(("judge",), "majority_vote", other["judge"]["name"])]


def test_metrics_are_compared_one_by_one_and_their_verifiers_inside() -> None:
    mine, other = recipe("rejection_sampling"), recipe("rejection_sampling")
    at = next(n for n, metric in enumerate(mine["metrics"]) if metric["name"] == "held_out_accuracy")
    mine["metrics"][at]["verifier"]["numbers"] = not other["metrics"][at]["verifier"]["numbers"]
    assert [path for path, _, _ in change_rows(mine, other)] == [("metrics", at, "verifier", "numbers")]
    del mine["metrics"][at]
    assert [path for path, _, _ in change_rows(mine, other)] == [("metrics",)]


def test_a_step_is_compared_with_the_one_that_it_stands_for() -> None:
    other = recipe("rejection_sampling")
    mine = steps_edit.as_steps(recipe("rejection_sampling"))
    assert change_rows(mine, other) == [], "slots written as steps are the same recipe"
    added = steps_edit.added(mine, ("steps",), "judge: majority_vote")
    last = len(added["steps"]) - 1
    assert change_rows(added, other) == [(("steps", last, "part"), "majority_vote", None)]
    moved = steps_edit.moved(added, ("steps",), last, -1)
    moved["steps"][1]["part"]["n"] = 99
    assert change_rows(moved, other) == [
        (("steps", 1, "part", "n"), 99, other["generator"]["n"]),
        (("steps", last - 1, "part"), "majority_vote", None),
    ]


def test_a_step_that_is_gone_a_replaced_and_a_moved_one_are_told() -> None:
    other = steps_edit.added(steps_edit.as_steps(recipe()), ("steps",), "judge: majority_vote")
    last = len(other["steps"]) - 1
    mine = steps_edit.removed(copy.deepcopy(other), ("steps",), last)
    assert change_rows(mine, other) == [(("steps",), None, "majority_vote")]
    at = next(n for n, step in enumerate(mine["steps"]) if step["kind"] == "judge")
    was = mine["steps"][at]["part"]["name"]
    mine["steps"][at] |= {"part": parts.defaults("judge", "exact_match"), "by": "data"}
    assert change_rows(mine, other) == [
        (("steps", at, "part"), "exact_match", was),
        (("steps", at, "by"), "data", ""),
        (("steps",), None, "majority_vote"),
    ]
    moved = steps_edit.moved(copy.deepcopy(other), ("steps",), last, -last)
    moved["steps"][0]["by"] = "data"
    assert change_rows(moved, other) == [(("steps", 0, "by"), "data", ""), (("steps", 0, "place"), 1, last + 1)]
    moved["steps"][0]["by"] = "judge"  # as that judge is, where nothing is said
    assert change_rows(moved, other) == [(("steps", 0, "place"), 1, last + 1)]


def test_an_inserted_step_leaves_the_ones_behind_it_as_they_are() -> None:
    other = steps_edit.as_steps(recipe())
    other["steps"][-1]["by"] = "judge"
    mine = steps_edit.added(copy.deepcopy(other), ("steps",), "judge: majority_vote")
    mine = steps_edit.moved(mine, ("steps",), len(mine["steps"]) - 1, 1 - len(mine["steps"]))
    assert change_rows(mine, other) == [(("steps", 0, "part"), "majority_vote", None)]


def test_slots_steps_and_one_phase_of_them_are_the_same_recipe() -> None:
    slots, steps = recipe(), steps_edit.as_steps(recipe())
    phases = {name: value for name, value in steps.items() if name != "steps"} | {"phases": [{"steps": steps["steps"]}]}
    written = (slots, steps, phases)
    assert [change_rows(mine, other) for mine in written for other in written] == [[]] * 9
    slots["judge"]["votes"] += 1
    votes = slots["judge"]["votes"]
    assert change_rows(slots, steps) == change_rows(slots, phases) == [(("judge", "votes"), votes, votes - 1)]
    longer = steps_edit.added(copy.deepcopy(steps), ("steps",), "judge: majority_vote")
    assert change_rows(recipe(), longer) == [(("steps",), None, "majority_vote")]
    two = phases | {"phases": phases["phases"] * 2}
    assert len(change_rows(phases, two)) == len(steps["steps"]), "a phase that is gone"
