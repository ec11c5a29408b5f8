"""Tasks that more samples do not solve."""

from collections import Counter
from typing import Any

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some

GRID, LOW, HIGH = 120, 0.02, 50.0
CUT = 3.841458820694124
"""The 95 % point of the chi-squared distribution with one degree of freedom."""


class HeavyTail(WarningRule):
    """The exponent of the tail of the number of tries until a right text: at 2 and below their mean is infinite.

    A prompt's chance of a right text is taken to have a beta distribution over prompts, with the parameters a and b,
    which the numbers of right texts give (beta-binomial, maximum likelihood). Then P(more than k tries) falls as k^-a,
    and the exponent of its density is 1 + a. The interval is that of the likelihood ratio, over all b. Amber at most:
    it says of the task that a larger n does not help, and not that something went wrong.
    """

    code = "W43"
    title = N_("Heavy-tailed attempts")
    source = "Evaluating Intelligence via Trial and Error, arXiv 2502.18858"
    unit = N_("exponent")
    measures = N_("exponent of the tail of the tries until a right text")
    counts = N_("prompts with two texts or more of which it is known whether they are right")
    way = "Give prompts known answers, and take several samples of each."
    advice = N_(
        "More samples of these prompts hardly help: ask easier ones first, show hints or few-shot samples, or "
        "let a stronger model answer them."
    )
    ends = (1 + LOW, 1 + HIGH)
    is_never_red = True
    is_below = True

    limit: float = Field(2.0, ge=1, le=100, description="amber where the whole interval lies below it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        tries = dict[int, list[bool]]()
        for group in evidence.answers:
            known = [evidence.truth[sample.id] for sample in group.samples if sample.id in evidence.truth]
            tries.setdefault(group.prompt.id, []).extend(known)
        sums = {id_: (sum(scores), len(scores)) for id_, scores in tries.items() if len(scores) > 1}
        if not sums:
            return Finding()
        fitted = _fitted(Counter(sums.values()))
        if fitted is None:
            missing = "No beta distribution can be told apart from its extremes: prompts are too alike, or too few."
            return Finding(n=len(sums), missing=missing)
        value, low, high = (1 + a for a in fitted)
        never = some(id_ for id_, (right, _) in sums.items() if not right)
        return Finding(value, low, high, len(sums), prompt_ids=never)


def _fitted(tries: Counter[tuple[int, int]]) -> tuple[float, float, float] | None:
    """Return a of the beta distribution with its 95 % interval, on a grid; b is what fits best to each.

    None where the best a or b, or the end of the interval, is an end of the grid: the true one lies beyond it.
    """
    import numpy
    from scipy.special import betaln

    grid: Any = numpy.geomspace(LOW, HIGH, GRID)
    a, b = grid[:, None], grid[None, :]
    logs = sum(number * (betaln(a + s, b + n - s) - betaln(a, b)) for (s, n), number in tries.items())
    best = logs.max(axis=1)
    inside = grid[2 * (best.max() - best) < CUT]
    at = int(best.argmax())
    ends = (0, GRID - 1)
    if at in ends or int(logs[at].argmax()) in ends or inside[-1] == grid[-1]:
        return None
    return float(grid[at]), float(inside[0]), float(inside[-1])
