"""Chosen and rejected sides that become alike."""

import math

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import About, Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, ratio, total


class PairsDrift(WarningRule):
    """Mean score of the chosen side less that of the rejected one, divided by that of the first round of the line.

    Rounds are compared that were judged in the same way. The interval is that of pairs drawn anew.
    """

    code = "W11"
    title = N_("Chosen and rejected drift together")
    source = "Temporal Self-Rewarding Language Models, arXiv 2508.06026"
    unit = N_("times")
    speaks_of = About.rows
    measures = N_("mean gap of scores within pairs, as a multiple of that of the first round of the line")
    counts = N_("pairs with two scores")
    way = "Train on pairs, and have both sides judged."
    advice = N_("Raise the margin of pairs, or pair with texts of earlier rounds: sides that are alike teach little.")
    ends = (-math.inf, math.inf)
    is_below = True

    limit: float = Field(0.5, gt=0, le=1, description="red where the whole interval lies below it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        gaps = [
            (a.id, a.score - b.score) for a, b in evidence.round.pairs if a.score is not None and b.score is not None
        ]
        if not gaps:
            return Finding()
        rows: list[Sums] = [(gap, 1.0) for _, gap in gaps]
        mean = ratio(total(rows)) or 0.0
        details = {"gap": mean, "judge": evidence.judge}
        before = [
            entry for entry in evidence.before(str(self.name), "judge", "gap") if entry["judge"] == evidence.judge
        ]
        first = before[0]["gap"] if before else 0.0
        if first <= 0:
            reason = "It is known from the second round of a line on that is judged in the same way."
            return Finding(n=len(gaps), details=details, missing=reason)
        low, high = bootstrap(rows, lambda sums: (ratio(sums) or 0.0) / first)
        closest = sorted(gaps, key=lambda gap: (gap[1], gap[0]))
        return Finding(mean / first, low, high, len(gaps), details=details, sample_ids=some(id_ for id_, _ in closest))
