"""What the comparison says of numbers that neither side has."""

from app.pages.compare import values
from backend.differences import Difference, of_shares
from backend.services.held_out.by_category import ComparedCategory
from backend.services.held_out.compared import Compared, ComparedMetric, ComparedSide, Value
from backend.services.held_out.side_by_side import Best, SideBySide

NOTHING = Difference(None, None, None, 0)


def metric(name: str, value: float | None, *, of_checkpoint: bool = True) -> ComparedMetric:
    return ComparedMetric(name, Value(value, None, None, 4), None, NOTHING, of_checkpoint)


def shown(*numbers: ComparedMetric) -> list[list[str]]:
    old, new = (ComparedSide(f"c{n}", f"c{n}", None, n, f"c{n}") for n in (1, 2))
    pair = Compared(old, new, None, numbers, 0, 4, 4)
    of_rounds = ((1, tuple(number for number in numbers if not number.of_checkpoint)),)
    page = values.value(SideBySide((old, new), (pair,), Best(), of_rounds=of_rounds), None, [])
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
    page = values.value(SideBySide((old, new), (pair,), Best()), None, [])
    (told,) = page["told"]
    assert [link["text"] for link in told["worse"]] == ["kind: 40 (-100.0 points)", "kind: 12 (-100.0 points)"]
    assert told["better"] == []
    assert [row["cells"][1]["badge"] for row in page["categories"]] == ["bad", "bad"]
    assert page["prompts"] == ["c1 and c2 were asked the same 52 held-out prompts."]
