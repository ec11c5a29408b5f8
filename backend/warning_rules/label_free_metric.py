"""A number without labels that does not follow the one with labels."""

import math

from pydantic import Field

from backend.values import JSON, WarningLevel
from backend.warning_rules import Finding, WarningEvidence, WarningRule

NEARLY = 0.9999


class LabelFreeMetric(WarningRule):
    """Spearman's rank correlation, over the rounds of the line, of the share that the judge accepts and the held-out
    accuracy of what the round made.

    The interval is that of Bonett and Wright (2000, Psychometrika 65): a standard error of
    sqrt((1 + r^2 / 2) / (n - 3)) for Fisher's z. Amber where the correlation is below the limit, and by chance may be.
    """

    code = "W26"
    title = "The label-free metric is not trustworthy here"
    source = "SelfAugment: Automatic Augmentation Policies for Self-Supervised Learning; RankMe"
    unit = "rank correlation"
    measures = "rank correlation of the accepted share and the held-out accuracy over rounds"
    counts = "held-out prompts that the new checkpoint was measured on"
    way = "Put the metric held_out_accuracy into the recipe, and give the round held-out prompts with known answers."
    is_below = True

    limit: float = Field(0.7, ge=-1, le=1, description="red where the whole interval lies below it")
    rounds: int = Field(8, ge=5, le=100, description="not known from fewer rounds judged in the same way")

    def compute(self, evidence: WarningEvidence) -> Finding:
        from scipy.stats import spearmanr

        accuracy = evidence.made.get("held_out_accuracy")
        said = [verdict for _, verdict in evidence.round.machine.values() if verdict is not None]
        if accuracy is None or accuracy.value is None or not said:
            return Finding()
        accepted = sum(verdict.value == "accept" for verdict in said) / len(said)
        details: JSON = {"accepted": accepted, "accuracy": accuracy.value, "judge": evidence.judge}
        before = evidence.before(str(self.name), "accepted", "accuracy", "judge")
        line = [*(one for one in before if one["judge"] == evidence.judge), details]
        if len(line) < self.rounds:
            missing = (
                f"{len(line)} rounds of the line were judged in the same way and measured; it takes {self.rounds}."
            )
            return Finding(n=accuracy.n, details=details, missing=missing)
        proxy, truth = ([one[name] for one in line] for name in ("accepted", "accuracy"))
        if len(set(proxy)) == 1 or len(set(truth)) == 1:
            missing = "One of the two numbers was the same in all rounds."
            return Finding(n=accuracy.n, details=details, missing=missing)
        value = float(spearmanr(proxy, truth).statistic)
        middle = math.atanh(max(-NEARLY, min(NEARLY, value)))
        half = 1.96 * math.sqrt((1 + value**2 / 2) / (len(line) - 3))
        low, high = math.tanh(middle - half), math.tanh(middle + half)
        is_low = value < self.limit
        level = WarningLevel.red if high < self.limit else WarningLevel.amber if is_low else WarningLevel.green
        note = f"Over {len(line)} rounds."
        return Finding(value, low, high, accuracy.n, note=note, details=details, level=level)
