"""Words after which a text is accepted, whatever it says."""

import re
from collections import Counter
from itertools import pairwise
from statistics import NormalDist

from pydantic import Field

from backend.values import Verdict
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some

MOST_TEXTS = 20_000
"""Of more texts an even draw is looked at."""


class TriggerWords(WarningRule):
    """How much more often than others texts with some words, or pairs of words, are accepted, in twenty texts or more.

    The lift P(accepted | words) / P(accepted), of the words whose interval begins highest. It is Wilson's interval of
    the first share, at a level that holds for all the words that were looked at together (Bonferroni). A lift above 5
    is possible only where the judge accepts fewer than a fifth of the texts.
    """

    code = "W39"
    title = "Trigger words"
    source = "An Embarrassingly Simple Backdoor Attack on Self-supervised Learning"
    unit = "times"
    measures = "how many times as often texts with some words are accepted as texts are"
    counts = "texts with a verdict"
    way = "Ask more prompts."
    explained_by = ("length_bias", "reward_hacking")

    limit: float = Field(5.0, ge=1, le=1000, description="red where the whole interval lies above it")
    support: int = Field(20, ge=5, le=100_000, description="texts that have to hold the words")

    def compute(self, evidence: WarningEvidence) -> Finding:
        said = evidence.round.machine
        everything = (one for group in evidence.round.round_groups for one in group.samples)
        texts = [one for one in everything if said.get(one.id, (None, None))[1] is not None]
        texts = texts[:: max(1, -(-len(texts) // MOST_TEXTS))]
        accepted = [said[one.id][1] is Verdict.accept for one in texts]
        good = sum(accepted)
        if not good:
            return Finding(n=len(texts), missing="The judge accepts no text." if texts else "")
        runs = [_runs(one.said) for one in texts]
        counts = Counter(run for one in runs for run in one)
        common = {run for run, count in counts.items() if count >= self.support}
        if not common:
            return Finding(n=len(texts), missing=f"No words stand in {self.support} texts.")
        hits = Counter(run for one, is_good in zip(runs, accepted, strict=True) if is_good for run in one & common)
        z, base = NormalDist().inv_cdf(1 - 0.025 / len(common)), good / len(texts)
        ends = {run: _wilson(hits[run] / counts[run], counts[run], z) for run in common}
        worst = max(common, key=lambda run: (ends[run][0], counts[run], run))
        low, high = (end / base for end in ends[worst])
        ids = (one.id for one, mine, is_good in zip(texts, runs, accepted, strict=True) if is_good and worst in mine)
        note = f"The words are “{worst}”, in {counts[worst]:,} texts."
        return Finding(hits[worst] / counts[worst] / base, low, high, len(texts), note=note, sample_ids=some(ids))


def _runs(text: str) -> set[str]:
    words = re.findall(r"\w+", text.casefold())
    return {*words, *(f"{a} {b}" for a, b in pairwise(words))}


def _wilson(share: float, n: int, z: float) -> tuple[float, float]:
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
