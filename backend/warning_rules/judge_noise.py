"""Pairs whose sides differ by less than the judge's votes do."""

import math
from statistics import variance

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share


class JudgeNoise(WarningRule):
    """Share of the pairs whose gap of scores is below the standard deviation of the judge's votes on one text.

    That deviation is pooled over all texts with several votes.
    """

    code = "W22"
    title = N_("Judge noise")
    source = "On Task Performance and Model Calibration with Supervised and Self-Ensembled In-Context Learning"
    measures = N_("share of pairs whose gap is within the noise of the votes")
    counts = N_("pairs with two scores")
    way = "Train on pairs, and set the judge's votes to 2 or more."
    advice = N_("Raise the judge's votes, or the margin of pairs.")
    ends = (0.0, 1.0)

    limit: float = Field(0.3, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        votes = [vote for vote in evidence.votes.values() if len(vote) > 1]
        gaps = [
            (a.id, a.score - b.score) for a, b in evidence.round.pairs if a.score is not None and b.score is not None
        ]
        if not votes:
            reason = "The judge gave each text one vote. Set its votes to 2 or more."
            return Finding(n=len(gaps), missing=reason if gaps else "")
        freedom = sum(len(vote) - 1 for vote in votes)
        noise = math.sqrt(math.fsum(variance(vote) * (len(vote) - 1) for vote in votes) / freedom)
        close = [id_ for id_, gap in gaps if gap < noise]
        return share(len(close), len(gaps), close)
