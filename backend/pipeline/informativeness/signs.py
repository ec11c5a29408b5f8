"""Signs that a person's decision would change a sample's label, each a probability. No sign needs the database.

Scores near the cut, or that differ between replies, are uncertainty sampling (Lewis and Gale 1994); verdicts of others
against the judge's are the disagreement of query by committee (Seung, Opper and Sompolinsky 1992). Signs are put
together by a noisy or, as if they were independent.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backend import answers, values
from backend.judges import Judge, Verifier
from backend.judges.exact_match import ExactMatch
from backend.recipes import Recipe
from backend.values import Sign, Verdict

SMALLEST_SPREAD = 0.05
"""Spread of a judge that repeats itself exactly: it may still be wrong near its cut. Set by hand, not fitted."""
OTHER_JUDGE, VERIFIER, VOTE = 0.8, 0.9, 0.15
"""Probability that the judge is wrong where another judge or a verifier contradicts it, and, times the share of samples
that give the answer, where the vote does. Set by hand on rounds of the demo (docs/reference/bench.md), not fitted."""
COMPARABLE = 100
"""Characters of the longest known answer that is compared: a longer one is a text to learn from, and that a sample
differs from it says nothing. Set by hand, not fitted."""


@dataclass
class JudgedSample:
    """One sample with its judgments, as far as its informativeness needs them."""

    id: int
    group: int
    prompt: str
    text: str
    logprob: float
    num_tokens: int
    is_cut_off: bool
    score: float | None
    verdict: Verdict | None
    spread: float | None
    answer: str = ""
    rationale: str = ""
    known: str | None = None
    """The prompt's answer."""
    length: int = 0
    """Characters of the whole text, of which `text` is the end."""
    is_episode: bool = False
    same: int | str | bytes = ""
    """What its text is known by in its group (`repeats.identify`)."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """Of others than the round's judge, by name."""


def informativeness(signs: Mapping[Sign, float]) -> tuple[float, Sign]:
    """Return the probability that at least one sign is right, and the strongest sign."""
    return 1.0 - math.prod(1.0 - value for value in signs.values()), max(signs, key=lambda sign: signs[sign])


def plain_signs(
    sample: JudgedSample, *, cut: float, verifiers: set[str], share: float, is_top: bool
) -> dict[Sign, float]:
    """Return the signs that need no model.

    share: of the group's samples that give its answer. is_top: no other answer is given more often.
    """
    if sample.score is None and sample.verdict is None:
        return {Sign.unparsed: 1.0}
    signs = {Sign.spread if sample.spread else Sign.cut: near_the_cut(sample.score, sample.spread, cut=cut)}
    others = {judge for judge, verdict in sample.verdicts.items() if verdict is not sample.verdict}
    if ExactMatch.name in others:
        signs[Sign.exact_match] = VERIFIER
    elif others:
        is_verified = bool(others & verifiers)
        signs[Sign.verifier if is_verified else Sign.judges] = VERIFIER if is_verified else OTHER_JUDGE
    if share > 0.5 and is_top and sample.verdict is Verdict.reject:
        signs[Sign.vote] = VOTE * share
    return signs


def near_the_cut(score: float | None, spread: float | None, *, cut: float) -> float:
    """Return how near a score is to the cut, 0 to 1, by the spread of the judge's scores; 1 without a score."""
    if score is None:
        return 1.0
    spread = max(spread or 0.0, SMALLEST_SPREAD)
    return spread / (spread + abs(score - cut))


def is_verifier(judge: str) -> bool:
    """Whether the judge of that name computes."""
    part = Judge.registry.get(judge)
    return part is not None and issubclass(part, Verifier)


def checker(recipe: Recipe) -> ExactMatch | None:
    """Return what compares samples with the prompt's answer, as the recipe's metrics do.

    None where it is the judge already, and where the metrics ask only another program what is right: the task is one
    that comparing cannot check.
    """
    if any(isinstance(judge, ExactMatch) for judge in recipe.of_kind("judge")):
        return None
    asked = [
        verifier
        for verifier in (getattr(metric, "verifier", None) for metric in recipe.metrics)
        if verifier is not None
    ]
    return next((verifier for verifier in asked if isinstance(verifier, ExactMatch)), None if asked else ExactMatch())


def compare(check: ExactMatch, group: Sequence[JudgedSample]) -> None:
    """Note what the checker says of each sample whose prompt has an answer that can be compared."""
    known = group[0].known
    if known is None or len(answers.extract(known) or known) > COMPARABLE:
        return
    samples = tuple(values.Sample(sample.id, 0, sample.text) for sample in group)
    judgments = check.judge(None, [values.Group(values.Prompt(0, [], known), samples)], seed=0)
    for sample, judgment in zip(group, judgments, strict=True):
        if judgment.verdict is not None:
            sample.verdicts[Sign.exact_match] = judgment.verdict
