"""Easy prompts that fill the training set."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import SEED, TIMES, quantiles
from backend.warning_rules._prompts import accepted_of


class TailNarrowing(WarningRule):
    """Gini coefficient of the accepted texts over the judged prompts: 0 where all have as many.

    The interval is that of prompts drawn anew.
    """

    code = "W09"
    title = N_("Tail narrowing")
    source = "Mitigating Tail Narrowing in LLM Self-Improvement via Socratic-Guided Sampling"
    unit = N_("Gini coefficient")
    measures = N_("inequality of the accepted texts over the prompts")
    counts = N_("prompts with a verdict")
    way = "Ask more prompts, with several samples each."
    advice = N_("Lower max_per_prompt, and take more samples of the prompts that have few accepted texts.")
    ends = (0.0, 1.0)
    explained_by = ("no_coverage",)

    limit: float = Field(0.6, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        counts = accepted_of(evidence.round)
        if not any(counts.values()):
            return Finding(n=len(counts), missing="Nothing was accepted." if counts else "")
        low, high = resampled(Counter(counts.values()))
        ids = (id_ for id_, count in counts.items() if not count)
        return Finding(gini([*counts.values()]), low, high, len(counts), prompt_ids=some(ids))


def gini(counts: Sequence[int]) -> float | None:
    """Return the Gini coefficient of some counts: the mean difference of two, over twice the mean; None of zeros."""
    import numpy

    numbers = Counter(counts)
    return _gini(numpy.array([[*numbers.values()]]), numpy.array([*numbers]))[0] if any(counts) else None


def resampled(numbers: Counter[int]) -> tuple[float | None, float | None]:
    """Return the 95 % interval where so many prompts have so many texts: prompts drawn anew (percentile bootstrap)."""
    import numpy

    n = numbers.total()
    shares = numpy.array([*numbers.values()]) / n
    draws = numpy.random.default_rng(SEED).multinomial(n, shares, size=TIMES)
    return quantiles(value for value in _gini(draws, numpy.array([*numbers])) if value is not None)


def _gini(draws: Any, values: Any) -> list[float | None]:
    """Of each row of draws, which says how many prompts have each of the values."""
    order = values.argsort()
    draws, values = draws[:, order], values[order]
    n, sums = draws.sum(axis=1), draws @ values
    # Two prompts differ by the gaps between their values: each gap counts for those below it times those above it.
    below = draws.cumsum(axis=1)[:, :-1]
    apart = 2 * (below * (n[:, None] - below)) @ (values[1:] - values[:-1])
    return [float(x / (2 * k * s)) if s else None for x, k, s in zip(apart, n, sums, strict=True)]
