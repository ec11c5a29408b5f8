"""How many of a round's texts each word of people speaks for, and numbers of words that are weighed so.

The queue chooses texts by informativeness or disagreement, and draws others at random from those that are left. What
was drawn does not speak for what had been decided by then: the texts on which the judge is likely to be wrong are
missing from it. So each of n draws says of all N texts: what was known before it, and of the N - k others what it is
itself; the mean of these n is the estimate (Des Raj 1956, JASA 51). Draws that came one after another, with nothing
chosen between them, might as well have come in any other order: k is then what was known before the first of them
(Murthy 1957, Sankhya 18). The same estimate as that of the corrected share (corrected.py). The weights add up to N.

Precision, recall and agreement know more: how many texts the judge accepts. They are put together from what people
accept among these, and among those that it rejects, each estimated by its own draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from backend.metrics._agreement import FEW, SAME
from backend.metrics._intervals import wilson
from backend.pipeline.health import numbers
from backend.pipeline.health.corrected import population, run_starts, speaking
from backend.pipeline.health.limits import HealthLimits
from backend.pipeline.health.shapes import Estimate, HealthEvidence, JudgedText


@dataclass(frozen=True)
class Weighted:
    """What people said of a text, and how many texts it speaks for."""

    text: JudgedText
    accepts: bool
    weight: float = 1.0
    is_drawn: bool = True


@dataclass(frozen=True)
class Weighed:
    """Words as they came, on `texts` texts in all, of which the judge accepts `accepted`.

    accepted: None where the words say nothing of other texts; each counts once then. by_draw: their weights differ.
    """

    words: tuple[Weighted, ...]
    texts: int
    accepted: int | None
    by_draw: bool

    def turns(self, values: Any) -> Any:
        """What each draw says of the mean of these values, one line a word, over all texts; one line a draw."""
        is_drawn = np.array([weighted.is_drawn for weighted in self.words], dtype=bool)
        starts = np.array(run_starts(is_drawn), dtype=int)
        known = np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])[starts]
        if self.accepted is None:
            return values[is_drawn]
        return ((known + (self.texts - starts)[:, None] * values) / max(1, self.texts))[is_drawn]

    def of_verdict(self, accepted: bool) -> Estimate:
        """The share that people accept of the texts that the judge accepts, or of those that it rejects."""
        words = [weighted for weighted in self.words if bool(weighted.text.accepted) is accepted]
        texts = None if self.accepted is None else self.accepted if accepted else self.texts - self.accepted
        return share(words, texts)


def weighed(evidence: HealthEvidence, limits: HealthLimits) -> Weighed:
    """The words on texts that the judge labelled, with their weights.

    With fewer draws than the fewest rows the weights say next to nothing: then what was drawn and the labels that were
    known count once each, and what was chosen is left out.
    """
    words, texts = speaking(evidence)
    drawn = sum(weighted.is_drawn for weighted in words)
    if drawn < limits.fewest:
        decided_texts = tuple(
            Weighted(witness.text, witness.accepts)
            for witness in evidence.witnesses
            if witness.text.accepted is not None
        )
        return Weighed(decided_texts, len(decided_texts), None, by_draw=False)
    of = population(texts, evidence.drawn_of, max(len(texts), len(words)))
    named = sum(bool(weighted.text.accepted) for weighted in words)
    accepted = min(of.texts - (len(words) - named), max(named, round(of.texts * of.share)))
    starts = run_starts([weighted.is_drawn for weighted in words])
    later = _later(words, starts)
    decided = tuple(
        Weighted(
            weighted.text, weighted.accepts, ((of.texts - start) * weighted.is_drawn + more) / drawn, weighted.is_drawn
        )
        for weighted, start, more in zip(words, starts, later, strict=True)
    )
    return Weighed(decided, of.texts, accepted, by_draw=drawn < len(decided))


def _later(words: Sequence[Any], starts: Sequence[int]) -> list[int]:
    """Of each word how many draws came after the run that it is of."""
    drawn_before = [0, *accumulate(weighted.is_drawn for weighted in words)]
    ends = {start: n + 1 for n, start in enumerate(starts)}
    return [drawn_before[-1] - drawn_before[ends[start]] for start in starts]


def share(words: Sequence[Weighted], texts: int | None) -> Estimate:
    """The share that people accept of so many texts, by the words on some of them; None: of texts like these.

    What is known is no sample: only the others have an interval, which is Wilson's of the draws, at their effective
    number, (sum of weights)^2 / sum of squared weights (Kish 1965, Survey Sampling, section 11.7), a draw weighing as
    many texts as were left for it. No end lies beyond what the known ones leave possible. Without a value where texts
    are left and none was drawn.
    """
    good = [0, *accumulate(weighted.accepts for weighted in words)]
    if texts is None:
        return numbers.share(good[-1], len(words))
    if texts == len(words):
        value = good[-1] / texts if texts else 0.0
        return Estimate(value, value, value, texts)
    starts = run_starts([weighted.is_drawn for weighted in words])
    draws = [
        (good[at], texts - at, weighted.accepts)
        for at, weighted in zip(starts, words, strict=True)
        if weighted.is_drawn
    ]
    if not draws:
        return Estimate(n=len(words))
    n, left = len(draws), sum(of for _, of, _ in draws)
    rows = left**2 / sum(of**2 for _, of, _ in draws)
    begun, scale = sum(known for known, _, _ in draws) / n / texts, left / n / texts
    value = sum(of for _, of, accepts in draws if accepts) / left
    least, most = good[-1] / texts, 1 - (len(words) - good[-1]) / texts
    ends = [begun + scale * end for end in (value, *wilson(value * rows, rows))]
    value, low, high = (min(most, max(least, end)) for end in ends)
    return Estimate(value, low, high, len(words))


def recall(weighing: Weighed) -> Estimate:
    """The share of the texts that people accept which the judge accepts, too."""
    n = sum(weighted.accepts for weighted in weighing.words)
    if weighing.accepted is None:
        return numbers.share(sum(bool(weighted.text.accepted) for weighted in weighing.words if weighted.accepts), n)
    part = weighing.accepted / max(1, weighing.texts)

    def of(precision: float, missed: float) -> float | None:
        kept, lost = part * precision, (1 - part) * missed
        return kept / (kept + lost) if kept + lost else None

    return _joined(weighing, of, n)


def agreement(weighing: Weighed) -> tuple[Estimate, Estimate]:
    """Cohen's kappa and Krippendorff's nominal alpha of people's verdicts and the judge's.

    Where it is not known how many texts the judge accepts, the interval is that of words drawn again.
    """
    n = len(weighing.words)
    if n < 2:
        return Estimate(n=n), Estimate(n=n)
    if weighing.accepted is not None:
        part = weighing.accepted / weighing.texts

        def cells(precision: float, missed: float) -> Any:
            rest = 1 - part
            return np.array([[part * precision, rest * missed, part * (1 - precision), rest * (1 - missed)]])

        def kappa(*shares: float) -> float | None:
            return _finite(_kappa(cells(*shares))[0])

        def alpha(*shares: float) -> float | None:
            return _finite(_alpha(cells(*shares), n)[0])

        return _joined(weighing, kappa, n), _joined(weighing, alpha, n)
    lines = np.zeros((n, 4))
    lines[np.arange(n), [2 * (not weighted.accepts) + (not weighted.text.accepted) for weighted in weighing.words]] = 1
    drawn, mean = numbers.resampled(lines), lines.mean(axis=0)[None]
    return _number(_kappa(mean), _kappa(drawn), n), _number(_alpha(mean, n), _alpha(drawn, n), n)


def _joined(weighing: Weighed, of: Callable[[float, float], float | None], n: int) -> Estimate:
    """What a function makes of the shares that people accept among the judge's accepts and among its rejects.

    Its interval is what it makes of the ends of theirs, wider than 95 %: where people know most errors already, both
    shares may well be at an end at once. It is exact where people decided on all texts, and both they and the judge
    accept some and not all.
    """
    first, second = weighing.of_verdict(True), weighing.of_verdict(False)
    if first.value is None or second.value is None:
        return Estimate(n=n)
    value = of(first.value, second.value)
    if value is None:
        return Estimate(n=n)
    people = sum(weighted.accepts for weighted in weighing.words)
    if (
        weighing.texts == len(weighing.words)
        and 0 < (weighing.accepted or 0) < weighing.texts
        and 0 < people < weighing.texts
    ):
        return Estimate(value, value, value, n)
    sides = [[end for end in (estimate.low, estimate.high) if end is not None] for estimate in (first, second)]
    corners = [of(corner, other) for corner in sides[0] for other in sides[1]]
    ends = [value, *(corner for corner in corners if corner is not None)]
    return _wide(value, min(ends), max(ends), n)


def _kappa(shares: Any) -> Any:
    """Of each line of shares: both accept, people alone, the judge alone, neither. Not a number where all is one."""
    both, people, judge, neither = shares.T
    accepts, accepted = both + people, both + judge
    chance = accepts * accepted + (1 - accepts) * (1 - accepted)
    return _divided(both + neither - chance, 1 - chance)


def _alpha(shares: Any, n: int) -> Any:
    both, people, judge, _ = shares.T
    accepts = n * (2 * both + people + judge)
    expected = 2 * accepts * (2 * n - accepts) / (2 * n * (2 * n - 1))
    return 1 - _divided(people + judge, expected)


def _divided(above: Any, below: Any) -> Any:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > SAME)


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _number(value: Any, drawn: Any, n: int) -> Estimate:
    if not np.isfinite(value[0]):
        return Estimate(n=n)
    known = drawn[np.isfinite(drawn)]
    low, high = np.percentile(known, numbers.ENDS) if len(known) else (0.0, 0.0)
    return _wide(float(value[0]), float(low), float(high), n)


def _wide(value: float, low: float, high: float, n: int) -> Estimate:
    """The value with its interval; without one where that has no width, but where all agree on so many."""
    if high - low < SAME and (n < FEW or value < 1 - SAME):
        return Estimate(value, None, None, n)
    return Estimate(value, min(low, value), max(high, value), n)
