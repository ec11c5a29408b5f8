"""Kept texts that are not both right and of several kinds any more."""

import math

from pydantic import Field

from backend.translations import N_
from backend.values import WarningLevel
from backend.warning_rules import Finding, WarningEvidence, WarningRule


class BalanceLost(WarningRule):
    """The balance score divided by the best one of the line so far; red where it is low two rounds in a row."""

    code = "W08"
    title = N_("Balance lost")
    source = "B-STaR, arXiv 2412.17256"
    unit = N_("times")
    measures = N_("balance score, as a multiple of the best one of the line")
    counts = N_("prompts of which something was kept")
    way = "Put the metric balance_score into the recipe, and give prompts known answers."
    advice = N_("Set temperature and threshold anew, as the schedule balance_probe does.")
    more = N_("two rounds in a row, amber in the first")
    ends = (0.0, math.inf)
    is_below = True

    limit: float = Field(0.8, gt=0, le=1, description="red below it, two rounds in a row")

    def compute(self, evidence: WarningEvidence) -> Finding:
        now = evidence.of_round.get("balance_score")
        if now is None or now.value is None:
            return Finding(missing=f"The metric balance_score is not known of this round. {self.way}")
        details = {"score": now.value}
        before = evidence.before(str(self.name), "score")
        best = max((entry["score"] for entry in before), default=0.0)
        if not best:
            return Finding(n=now.n, details=details, missing="It is known from the second round of a line on.")
        low, high = (None if end is None else end / best for end in (now.low, now.high))
        is_bad = (now.value if now.high is None else now.high) / best < self.limit
        was_bad = bool(before[-1].get("is_bad"))
        level = WarningLevel.red if is_bad and was_bad else WarningLevel.amber if is_bad else WarningLevel.green
        return Finding(now.value / best, low, high, now.n, details=details | {"is_bad": is_bad}, level=level)
