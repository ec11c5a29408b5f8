"""What decisions brought, in numbers worked out by hand."""

from typing import Any

from tests.bench import decisions_table as figures


def run(arm: str, seed: int, right: str, **more: Any) -> dict[str, Any]:
    """A line of the bench; `right` says of each held-out prompt whether the last checkpoint is right."""
    rounds = [{"accuracy": 0.5, "right": "0000"}, {"accuracy": right.count("1") / len(right), "right": right}]
    line = {"arm": arm, "seed": seed, "overridden": 3, "truth": 0.4, "wrong": 0.15, "rounds": rounds, "cut": None}
    return line | {"judge": 0.5, "corrected": [None, None, None]} | more


def test_an_arm_is_compared_with_nobodys_decisions_and_with_labels_alone_seed_by_seed() -> None:
    none = [run("none", 1, "1100"), run("none", 2, "1100")]
    label = [run("queue, label", 1, "1110", corrected=[0.45, 0.3, 0.6]), run("queue, label", 2, "1110")]
    every = [run("queue, all", 1, "1111", cut={"old": 0.5, "new": 0.6}), run("queue, all", 3, "0000")]
    lines = figures.table([*none, *label, *every], dict.fromkeys(("none", "queue, label", "queue, all"))).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:5]]
    assert [row[1] for row in rows] == ["2", "2", "2"]
    assert [row[7] for row in rows] == ["-", "1 of 1", "-"], "0.4 is within 0.3 and 0.6"
    assert rows[2][8] == "1 of 1"
    # Three of four against two of four; the third seed has nobody's to compare with.
    assert rows[1][11].startswith("+25.0 [")
    assert rows[2][11] == "+50.0 [unknown: one seed]"
    assert (rows[0][12], rows[1][12], rows[2][12]) == ("-", "-", "+25.0 [unknown: one seed]")


def test_an_interval_is_of_seeds_and_prompts_and_unknown_for_one_seed() -> None:
    assert figures.interval_of([[1, 0, 0, 0]]) == (25.0, None)
    assert figures.interval_of([[1, 1], [1, 1], [1, 1]]) == (100.0, (100.0, 100.0))
    # Seeds that differ and prompts that do not: a mean of two draws of 0 and 100 is 0, 50 or 100.
    value, interval = figures.interval_of([[0, 0], [1, 1]])
    assert (value, interval) == (50.0, (0.0, 100.0))
    assert figures.accuracy([run("none", 1, "1100")]) == "50.0 % [unknown: one seed]"
    assert figures.gain([]) == "-"
