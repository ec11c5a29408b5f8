"""A judge that is right less often than it was."""

import math

from pydantic import Field

from backend.translations import N_
from backend.values import JSON
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import ratio, standard_error
from backend.warning_rules._labels import KNOWN, WAY, error_of, labelled


class JudgeDecays(WarningRule):
    """Share of the judge's verdicts that are right, less the best share of the rounds above judged in the same way.

    The interval is that of two independent shares, each with the error of groups drawn anew.
    """

    code = "W17"
    title = N_("The judge decays")
    source = "Critique Ability of Large Language Models; Boundless Socratic Learning with Language Games"
    unit = N_("points")
    measures = N_("change of the share of right verdicts since the best round of the line")
    counts = KNOWN
    way = WAY
    advice = N_("Judge by an earlier checkpoint or another model, or train the judge on people's decisions.")
    ends = (-1.0, 1.0)
    is_below = True
    explained_by = ("position_bias", "no_separation", "length_bias", "reward_hacking", "label_noise")

    limit: float = Field(-0.05, ge=-1, le=0, description="red where the whole interval lies below it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        known = list(labelled(evidence))
        n = len(known)
        if not n:
            return Finding()
        wrong = [sample.id for _, sample, is_accepted, is_right in known if is_accepted is not is_right]
        right = 1 - len(wrong) / n
        groups = dict[int, list[float]]()
        for group, _, is_accepted, is_right in known:
            row = groups.setdefault(group, [0.0, 0.0])
            row[0], row[1] = row[0] + (is_accepted is is_right), row[1] + 1
        error = standard_error([(good, all_) for good, all_ in groups.values()], ratio)
        details: JSON = {"right": right, "right_error": error, "n": n, "judge": evidence.judge}
        before = [
            entry
            for entry in evidence.before(str(self.name), "judge", "right", "n")
            if entry["judge"] == evidence.judge
        ]
        if not before:
            reason = "It is known from the second round of a line on that is judged in the same way."
            return Finding(n=n, details=details, missing=reason)
        best = max(before, key=lambda entry: float(entry["right"]))
        change = right - best["right"]
        half = 1.96 * math.hypot(error, error_of(best, "right"))
        return Finding(change, change - half, change + half, n, details=details, sample_ids=some(wrong))
