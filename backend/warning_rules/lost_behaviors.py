"""A filter that throws away how the policy reasons."""

import math
import re

from pydantic import Field

from backend.judges.behavior_tags import BEHAVIORS
from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, total

FEWEST = 30
"""Texts that show a behavior, below which its fall is no number."""


class LostBehaviors(WarningRule):
    """By how much the share of texts that show a behavior falls from all to the kept ones; of the one that surely falls
    most.

    1 - (share among the kept) / (share among all texts). Behaviors are those of the judge `behavior_tags`, found by
    English phrases; each needs thirty texts that show it. The interval is that of groups drawn anew,
    at a level that holds for all behaviors together (Bonferroni); the one is told whose interval begins highest.
    """

    code = "W05"
    title = N_("The filter throws away structure")
    source = "How Much Backtracking is Enough?; Cognitive Behaviors that Enable Self-Improving Reasoners, 2503.01307"
    measures = N_("fall of the share of texts that show a behavior, from all texts to the kept ones")
    counts = N_("kept texts")
    way = "Keep more texts, or ask more prompts."
    advice = N_("Look at the texts that fell out, and let people or another judge keep the right ones among them.")
    ends = (-math.inf, 1.0)
    explained_by = ("length_bias", "selection_shift")

    limit: float = Field(0.5, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        seen = evidence.round
        groups = [group.samples for group in seen.round_groups if group.samples]
        n = sum(sample.id in seen.kept for texts in groups for sample in texts)
        if not n:
            return Finding()
        falls = dict[str, tuple[float, float, float, list[int]]]()
        for name, pattern in BEHAVIORS.items():
            shows = {sample.id for texts in groups for sample in texts if re.search(pattern, sample.full_text)}
            rows: list[Sums] = [
                (
                    sum(sample.id in shows and sample.id in seen.kept for sample in texts),
                    sum(sample.id in seen.kept for sample in texts),
                    sum(sample.id in shows for sample in texts),
                    len(texts),
                )
                for texts in groups
            ]
            if len(shows) >= FEWEST and (fall := _fall(total(rows))) is not None:
                low, high = bootstrap(rows, _fall, 0.05 / len(BEHAVIORS))
                if low is not None and high is not None:
                    falls[name] = low, high, fall, sorted(shows - seen.kept)
        if not falls:
            return Finding(n=n, missing=f"No behavior is shown by {FEWEST} texts of the round.")
        worst = max(falls, key=lambda name: falls[name][0])
        low, high, value, lost = falls[worst]
        return Finding(value, low, high, n, note=f"The one that surely falls most is {worst}.", sample_ids=some(lost))


def _fall(sums: Sums) -> float | None:
    kept_with, kept, pool_with, pool = sums
    return 1 - kept_with / kept / (pool_with / pool) if kept and pool_with else None
