"""What the comparison says of numbers that neither side has."""

from dataclasses import replace

from app.pages.compare import values
from backend.differences import Difference, of_shares
from backend.services.held_out.by_category import ComparedCategory
from backend.services.held_out.compared import Compared, ComparedMetric, ComparedSide, Value
from backend.services.held_out.side_by_side import BaseAsHigh, BestSide, SideBySide
from backend.values import RoundStatus

NOTHING = Difference(None, None, None, 0)


def metric(name: str, value: float | None, *, of_checkpoint: bool = True) -> ComparedMetric:
    return ComparedMetric(name, Value(value, None, None, 4), None, NOTHING, of_checkpoint)


def shown(*numbers: ComparedMetric) -> list[list[str]]:
    old, new = (ComparedSide(f"c{n}", f"c{n}", None, n, f"c{n}") for n in (1, 2))
    pair = Compared(old, new, None, numbers, 0, 4, 4)
    of_rounds = ((1, tuple(number for number in numbers if not number.of_checkpoint)),)
    page = values.value(SideBySide((old, new), (pair,), BestSide(), of_rounds=of_rounds), None, [])
    return [[number["name"] for number in page["numbers"]], page["unknown"]]


def test_what_neither_side_has_is_told_with_what_it_takes() -> None:
    gone = metric("held_out_accuracy", None), metric("held_out_accuracy", None, of_checkpoint=False)
    assert shown(metric("held_out_tokens", 3.0), *gone, metric("mean_score", None)) == [
        ["held out tokens"],
        [
            "held out accuracy of held-out answers could be computed of neither: it needs held-out prompts with a "
            "known answer.",
            "mean score of held-out answers could be computed of neither.",
            "held out accuracy of the round's samples could be computed of neither: it needs held-out prompts with a "
            "known answer.",
        ],
    ]
    assert shown() == [[], []], "then the page says that neither was measured"


def test_a_category_that_collapsed_is_worse_though_it_has_no_interval() -> None:
    """All of 40 and of 12 prompts are lost: p = 2 / 2^40 and 2 / 2^12, times two categories."""
    old, new = (ComparedSide(f"c{n}", f"c{n}", None, n, f"c{n}") for n in (1, 2))
    categories = tuple(ComparedCategory("kind", str(n), of_shares(n, n, 0, n, times=2)) for n in (40, 12))
    pair = Compared(old, new, None, (), 52, 52, 52, categories)
    page = values.value(SideBySide((old, new), (pair,), BestSide()), None, [])
    (told,) = page["told"]
    assert [link["text"] for link in told["worse"]] == ["kind: 40 (-100.0 points)", "kind: 12 (-100.0 points)"]
    assert told["better"] == []
    assert [row["cells"][1]["badge"] for row in page["categories"]] == ["bad", "bad"]
    assert page["prompts"] == ["c1 and c2 were asked the same 52 held-out prompts."]


def of_two(*, rounds: int) -> SideBySide:
    """Rounds 1 and 2 on 100 prompts: round 2 wins seven, p = 2 / 2^7 = 0.016 alone and 0.047 as one of three."""
    old, new = (ComparedSide(f"r{n}", f"Round {n}", n, n, f"c{n}", RoundStatus.done) for n in (1, 2))
    alone = of_shares(100, 50, 7, 0)
    number = ComparedMetric("held_out_accuracy", Value(0.5, 0.4, 0.6, 100), Value(0.57, 0.47, 0.67, 100), alone, True)
    best = BestSide(new, old, of_shares(100, 50, 7, 0, times=rounds or 1), of=2, rounds=rounds)
    return SideBySide((old, new), (Compared(old, new, None, (number,), 100, 100, 100),), best)


def test_two_rounds_of_many_are_held_to_the_choice_of_the_highest() -> None:
    page = values.value(of_two(rounds=4), None, [])
    (best,) = page["best"]
    assert (best["chip"], best["badge"]) == ("highest, within chance", "")
    assert best["text"].startswith("Round 2 has the highest held-out accuracy: 57.0% of 100 held-out prompts, ")
    assert "chosen as the highest of 4 rounds on these prompts, +7.0 points to Round 1, the next best" in best["text"]
    assert best["text"].endswith(", widened for the choice among 4). That may be chance.")
    cell = page["numbers"][0]["cells"][1]
    assert (cell["difference"], cell["badge"]) == ("+7.0 points", "")
    assert cell["said"].endswith("; this pair alone")
    page = values.value(of_two(rounds=2), None, [])
    assert [verdict["chip"] for verdict in page["best"]] == ["best"]
    assert page["best"][0]["text"].startswith("Round 2 is best:")
    assert page["numbers"][0]["cells"][1]["badge"] == "ok"


def test_the_best_round_stands_before_a_base_that_is_higher() -> None:
    two = of_two(rounds=4)
    base = ComparedSide("c9", "the base", None, 9, "the base")
    high = BestSide(base, two.sides[1], of_shares(100, 57, 20, 1, times=4), of=3, rounds=4)
    best_round = replace(two.best, base=BaseAsHigh("base", 0.76))
    page = values.value(SideBySide((base, *two.sides), (), high, best_round=best_round), None, [])
    first, second = page["best"]
    assert "widened for the choice among 4" in second["text"]
    assert (first["chip"], first["badge"]) == ("highest round, not above the base", "")
    assert first["text"].startswith("Of the rounds Round 2 has the highest held-out accuracy: 57.0%")
    assert first["text"].endswith(" That may be chance. It is not above the base, 76.0%.")
    assert (second["chip"], second["badge"]) == ("higher than the rounds", "bad")
    assert second["text"].startswith(
        "None of these rounds is above the base: 76.0%, +19.0 points to Round 2, chosen as "
    )
    assert second["text"].endswith("Chance does not explain that.")


def test_rounds_of_which_none_can_be_called_the_best_are_unknown() -> None:
    two = of_two(rounds=0)
    base = ComparedSide("c9", "the base", None, 9, "the base")
    high = BestSide(base, two.sides[1], of_shares(100, 57, 20, 1), of=2)
    for unknown, why in (
        (BestSide(why="fewer than two of them were measured"), "fewer than two of them were measured"),
        (BestSide(two.sides[1], two.sides[0], NOTHING, of=2), "it is not known of each prompt"),
    ):
        page = values.value(SideBySide((base, *two.sides), (), high, best_round=unknown), None, [])
        first, second = page["best"]
        assert (first["chip"], first["badge"]) == ("unknown", "")
        assert first["text"] == f"Which of the rounds is best cannot be said: {why}."
        assert second["chip"] == "higher"
    page = values.value(SideBySide(two.sides, (), unknown), None, [])
    assert page["best"][0]["chip"] == "unknown", "though one stands first"
