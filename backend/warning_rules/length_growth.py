"""Texts that become longer and no better."""

import math
from dataclasses import replace

from pydantic import Field

from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, total


class LengthGrowth(WarningRule):
    """Mean length of the round's texts divided by that of the first round above it, where accuracy did not grow.

    Where the share of right texts grew since then beyond chance, the longer texts are paid for: the light is green.
    """

    code = "W19"
    title = "Length explosion"
    source = "Meta-Rewarding, arXiv 2407.19594"
    unit = "times"
    measures = "mean length, as a multiple of that of the first round of the line"
    counts = "texts"
    way = "Ask more prompts."

    limit: float = Field(1.5, ge=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        groups = [group for group in evidence.round.round_groups if group.samples]
        rows: list[Sums] = [
            (float(sum(one.num_tokens for one in group.samples)), float(len(group.samples))) for group in groups
        ]
        if not rows:
            return Finding()
        tokens, n = total(rows)
        known = [evidence.truth[one.id] for group in groups for one in group.samples if one.id in evidence.truth]
        details = {"mean_tokens": tokens / n, "right": sum(known), "known": len(known)}
        before = evidence.before(str(self.name), "mean_tokens")
        if not before:
            return Finding(n=int(n), details=details, missing="It is known from the second round of a line on.")
        first = before[0]["mean_tokens"]
        if not first:
            return Finding(n=int(n), details=details, missing="The texts of the first round are empty.")
        low, high = bootstrap(rows, lambda sums: sums[0] / sums[1] / first if sums[1] else None)
        longest = sorted((one for group in groups for one in group.samples), key=lambda one: (-one.num_tokens, one.id))
        found = Finding(
            tokens / n / first, low, high, int(n), details=details, sample_ids=some(one.id for one in longest)
        )
        return _paid(found, before[0], details)


def _paid(found: Finding, first: dict[str, float], now: dict[str, float]) -> Finding:
    """Green where the share of right texts grew beyond chance, by the test of two proportions."""
    a, n, b, m = now["right"], now["known"], first.get("right", 0), first.get("known", 0)
    if not n or not m:
        return found
    both = (a + b) / (n + m)
    error = math.sqrt(both * (1 - both) * (1 / n + 1 / m))
    grew = error > 0 and (a / n - b / m) / error > 1.645
    return replace(found, is_excused=True) if grew else found
