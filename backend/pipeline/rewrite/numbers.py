"""How often a judge agrees with people before and after, and the difference: 95 % intervals over prompts."""

from collections import defaultdict
from collections.abc import Sequence

from backend.metrics._intervals import wilson
from backend.pipeline.health import numbers
from backend.pipeline.health.shapes import Estimate
from backend.pipeline.rewrite.cases import Case
from backend.pipeline.rewrite.trial import JudgeReply

SAME = 1e-9


def agreement(cases: Sequence[Case], outcomes: Sequence[JudgeReply]) -> Estimate:
    """The share of labels that the judge agrees with; prompts are drawn again, not texts."""
    return numbers.ratio(_sums(cases, [float(outcome.agrees) for outcome in outcomes]))


def difference(cases: Sequence[Case], before: Sequence[JudgeReply], after: Sequence[JudgeReply]) -> Estimate:
    """The gain in agreement on the same texts, by the paired bootstrap over prompts.

    Where the bootstrap has no width, as with no text that changed, Wilson's interval over the prompts stands for it.
    """
    gains = [float(new.agrees) - float(old.agrees) for old, new in zip(before, after, strict=True)]
    parts = _sums(cases, gains)
    ratio = numbers.ratio([(count + of, 2 * of) for count, of in parts])  # from -1..1 to 0..1, and back
    if ratio.value is None:
        return Estimate()
    value = 2 * ratio.value - 1
    if ratio.low is None or ratio.high is None:
        return Estimate(value, None, None, len(cases))
    low, high = 2 * ratio.low - 1, 2 * ratio.high - 1
    if len({round(count / of, 9) for count, of in parts}) == 1:
        low, high = _without_width(value, len(parts))
    return Estimate(value, low, high, len(cases))


def _without_width(value: float, prompts: int) -> tuple[float, float]:
    """Of a gain that is the same on all prompts: as far from it as Wilson's interval of a share of all of them."""
    most = wilson(0, prompts)[1]
    return max(-1.0, value - most), min(1.0, value + most)


def _sums(cases: Sequence[Case], values: Sequence[float]) -> list[tuple[float, int]]:
    sums: dict[str, list[float]] = defaultdict(list)
    for case, value in zip(cases, values, strict=True):
        sums[case.key].append(value)
    return [(sum(some), len(some)) for some in sums.values()]
