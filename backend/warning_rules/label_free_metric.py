"""A number without labels that does not follow the one with labels."""

import math

from pydantic import Field

from backend.metrics._intervals import wilson
from backend.translations import N_
from backend.values import JSON, Verdict
from backend.warning_rules import Finding, WarningEvidence, WarningRule

NEARLY = 0.9999


class LabelFreeMetric(WarningRule):
    """Spearman's rank correlation, over the rounds of the line, of the share that the judge accepts of a checkpoint's
    texts and that checkpoint's held-out accuracy.

    The interval is that of Bonett and Wright (2000, Psychometrika 65): a standard error of
    sqrt((1 + r^2 / 2) / (n - 3)) for Fisher's z. Not known where one of the two did not move beyond its own interval:
    what stays the same but for chance has no ranks.
    """

    code = "W26"
    title = N_("The label-free metric is not trustworthy here")
    source = "SelfAugment: Automatic Augmentation Policies for Self-Supervised Learning; RankMe"
    unit = N_("rank correlation")
    measures = N_("rank correlation of the accepted share and the held-out accuracy over rounds")
    counts = N_("held-out prompts that the checkpoint was measured on that wrote the texts")
    way = "Put the metric held_out_accuracy into the recipe, and measure the first checkpoint, too."
    advice = N_("Do not choose rounds by the share that the judge accepts: go by held-out accuracy.")
    ends = (-1.0, 1.0)
    is_below = True

    limit: float = Field(0.7, ge=-1, le=1, description="red where the whole interval lies below it")
    rounds: int = Field(8, ge=5, le=100, description="not known from fewer rounds judged in the same way")

    def compute(self, evidence: WarningEvidence) -> Finding:
        from scipy.stats import spearmanr

        accuracy = evidence.start.get("held_out_accuracy")
        verdicts = [verdict for _, verdict in evidence.round.machine.values() if verdict is not None]
        if accuracy is None or accuracy.value is None or accuracy.low is None or accuracy.high is None or not verdicts:
            return Finding()
        accepted = sum(verdict is Verdict.accept for verdict in verdicts)
        details: JSON = {
            "accepted": [accepted / len(verdicts), *wilson(accepted, len(verdicts))],
            "accuracy": [accuracy.value, accuracy.low, accuracy.high],
            "measured_by": [evidence.judge, accuracy.details.get("measured_by")],
        }
        before = evidence.before(str(self.name), *details)
        line = [*(earlier for earlier in before if earlier["measured_by"] == details["measured_by"]), details]
        if len(line) < self.rounds:
            missing = (
                f"{len(line)} rounds of the line were judged and measured in the same way; it takes {self.rounds}."
            )
            return Finding(n=accuracy.n, details=details, missing=missing)
        for name, title in (("accepted", "accepted share"), ("accuracy", "held-out accuracy")):
            if max(point[name][1] for point in line) <= min(point[name][2] for point in line):
                missing = f"The {title} did not change beyond chance in these rounds."
                return Finding(n=accuracy.n, details=details, missing=missing)
        proxy, truth = ([point[name][0] for point in line] for name in ("accepted", "accuracy"))
        value = float(spearmanr(proxy, truth).statistic)
        middle = math.atanh(max(-NEARLY, min(NEARLY, value)))
        half = 1.96 * math.sqrt((1 + value**2 / 2) / (len(line) - 3))
        low, high = math.tanh(middle - half), math.tanh(middle + half)
        note = f"Over {len(line)} rounds."
        return Finding(value, low, high, accuracy.n, note=note, details=details)
