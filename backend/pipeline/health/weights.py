"""How many of a round's texts each word of people speaks for, and numbers of words that are weighed so.

The queue chooses texts by informativeness or disagreement, and draws others at random from those that are left. What
was drawn does not speak for what had been chosen by then: the texts on which the judge is likely to be wrong are
missing from it. So each of the n that were drawn speaks for the N - k texts that had not been chosen when it was drawn,
divided by n. One that was chosen, or whose label was known, speaks for itself alone: it counts in as many of the n
draws as came after it, and not at all where none did.

This is the inverse of the probability of being taken, given what was taken before (Horvitz and Thompson 1952, JASA 47;
Des Raj 1956, JASA 51), and the same estimate as that of the corrected share (corrected.py). The weights add up to N.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from backend.metrics._agreement import FEW, SAME
from backend.metrics._intervals import wilson
from backend.pipeline.health import numbers
from backend.pipeline.health.corrected import population, speaking
from backend.pipeline.health.limits import Limits
from backend.pipeline.health.shapes import Evidence, Judged, Number

PEOPLE_ALONE, JUDGE_ALONE = 1, 2
"""Places of two of the four cells of people's verdict and the judge's."""


@dataclass(frozen=True)
class Weighted:
    """What people said of a text, and how many texts it speaks for."""

    text: Judged
    accepts: bool
    weight: float = 1.0
    is_drawn: bool = True


@dataclass(frozen=True)
class Weighed:
    """Words as they came, on `texts` texts in all. `by_draw`: their weights follow from how they were taken; else each
    counts once."""

    words: tuple[Weighted, ...]
    texts: int
    by_draw: bool

    def turns(self, values: Any, more: int = 0) -> Any:
        """What each draw says of the mean of these values, one line a word, over all texts; one line a draw.

        The last `more` lines are of draws that were not made.
        """
        is_drawn = np.array([*(one.is_drawn for one in self.words), *[True] * more], dtype=bool)
        chosen = np.cumsum(np.where(is_drawn[:, None], 0.0, values), axis=0)
        left = self.texts - np.cumsum(~is_drawn)
        return ((chosen + left[:, None] * values) / max(1, self.texts))[is_drawn]


def weighed(evidence: Evidence, limits: Limits) -> Weighed:
    """The words on texts that the judge labelled, with their weights.

    With fewer draws than the fewest rows the weights say next to nothing: then what was drawn and the labels that were
    known count once each, and what was chosen is left out.
    """
    words, texts = speaking(evidence)
    drawn = sum(one.is_drawn for one in words)
    if drawn < limits.fewest:
        said = tuple(Weighted(one.text, one.accepts) for one in evidence.witnesses if one.text.accepted is not None)
        return Weighed(said, len(said), by_draw=False)
    of = population(texts, evidence.drawn_of, max(len(texts), len(words))).texts
    before = accumulate((not one.is_drawn for one in words), initial=0)
    after = drawn - np.cumsum([one.is_drawn for one in words])
    found = [
        Weighted(one.text, one.accepts, (of - k) / drawn if one.is_drawn else int(later) / drawn, one.is_drawn)
        for one, k, later in zip(words, before, after, strict=False)
    ]
    speaks = tuple(one for one in found if one.weight > 0)
    return Weighed(speaks, of, by_draw=drawn < len(speaks))


def share(said: Sequence[tuple[bool, float]]) -> Number:
    """The share of the texts that are so, given as (whether one is, its weight).

    Its interval is Wilson's at the effective number of rows, (sum of weights)^2 / sum of squared weights (Kish 1965,
    Survey Sampling, section 11.7; Franco, Little, Louis and Slud 2019, J. Survey Statistics and Methodology 7).
    """
    if not said:
        return Number()
    total, squares = sum(weight for _, weight in said), sum(weight**2 for _, weight in said)
    value, rows = min(1.0, sum(weight for so, weight in said if so) / total), total**2 / squares
    return Number(value, *wilson(value * rows, rows), len(said))


def agreement(said: Weighed) -> tuple[Number, Number]:
    """Cohen's kappa and Krippendorff's nominal alpha of people's verdicts and the judge's.

    Draws are drawn again for the interval. Where the queue chose, two more are among them, in which people contradict
    the judge one each way, as in the corrected share: draws that all agree are not exact beside what was chosen.
    """
    n = len(said.words)
    if n < 2:
        return Number(n=n), Number(n=n)
    cells = np.zeros((n, 4))
    cells[np.arange(n), [2 * (not one.accepts) + (not one.text.accepted) for one in said.words]] = 1
    lines = said.turns(cells)
    more = np.eye(4)[[PEOPLE_ALONE, JUDGE_ALONE]] if said.by_draw else np.zeros((0, 4))
    drawn = numbers.resampled(said.turns(np.vstack([cells, more]), len(more)))
    mean = lines.mean(axis=0)[None]
    return _number(_kappa(mean), _kappa(drawn), n), _number(_alpha(mean, n), _alpha(drawn, n), n)


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


def _number(value: Any, drawn: Any, n: int) -> Number:
    """The value with its interval; without one where the draws have no width, but where all agree on so many."""
    if not np.isfinite(value[0]):
        return Number(n=n)
    known = drawn[np.isfinite(drawn)]
    low, high = np.percentile(known, numbers.ENDS) if len(known) else (0.0, 0.0)
    if high - low < SAME and (n < FEW or value[0] < 1 - SAME):
        return Number(float(value[0]), None, None, n)
    return Number(float(value[0]), min(float(low), float(value[0])), max(float(high), float(value[0])), n)
