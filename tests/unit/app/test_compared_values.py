"""What the comparison says of numbers that neither side has."""

from app.pages.compare import values
from backend.differences import Difference
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
