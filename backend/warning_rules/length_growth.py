"""Texts that become longer and no better."""

import math
from dataclasses import replace

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, total


class LengthGrowth(WarningRule):
    """Mean length of the round's texts divided by that of the first round above it, where accuracy did not grow.

    Where the share of right texts grew since then beyond chance, the longer texts are paid for: the light is green.
    """

    code = "W19"
    title = N_("Length explosion")
    source = "Meta-Rewarding, arXiv 2407.19594"
    unit = N_("times")
    measures = N_("mean length, as a multiple of that of the first round of the line")
    counts = N_("texts")
    way = "Ask more prompts."
    advice = N_("Penalize length in the selector or the reward, or lower max_tokens.")
    more = N_("unless the share of right texts grew beyond chance")
    ends = (0.0, math.inf)

    limit: float = Field(1.5, ge=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        groups = [group for group in evidence.round.round_groups if group.samples]
        rows: list[Sums] = [
            (float(sum(sample.num_tokens for sample in group.samples)), float(len(group.samples))) for group in groups
        ]
        if not rows:
            return Finding()
        tokens, n = total(rows)
        known = [
            evidence.truth[sample.id] for group in groups for sample in group.samples if sample.id in evidence.truth
        ]
        details = {"mean_tokens": tokens / n, "right": sum(known), "known": len(known)}
        before = evidence.before(str(self.name), "mean_tokens")
        if not before:
            return Finding(n=int(n), details=details, missing="It is known from the second round of a line on.")
        first = before[0]["mean_tokens"]
        if not first:
            return Finding(n=int(n), details=details, missing="The texts of the first round are empty.")
        low, high = bootstrap(rows, lambda sums: sums[0] / sums[1] / first if sums[1] else None)
        longest = sorted(
            (sample for group in groups for sample in group.samples), key=lambda sample: (-sample.num_tokens, sample.id)
        )
        finding = Finding(
            tokens / n / first, low, high, int(n), details=details, sample_ids=some(sample.id for sample in longest)
        )
        return _paid(finding, before[0], details)


def _paid(finding: Finding, first: dict[str, float], now: dict[str, float]) -> Finding:
    """Green where the share of right texts grew beyond chance, by the test of two proportions."""
    a, n, b, m = now["right"], now["known"], first.get("right", 0), first.get("known", 0)
    if not n or not m:
        return finding
    both = (a + b) / (n + m)
    error = math.sqrt(both * (1 - both) * (1 / n + 1 / m))
    grew = error > 0 and (a / n - b / m) / error > 1.645
    return replace(finding, is_excused=True) if grew else finding
