"""Scores that are read as probabilities and are none."""

import math

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, total
from backend.warning_rules._labels import KNOWN, WAY, labelled

BINS = 10


class ConfidentAndWrong(WarningRule):
    """Expected calibration error of the judge's scores: over ten bins, mean distance of score and share of right texts.

    Told of scores from 0 to 1 that take three values or more, such as shares of votes. The interval is that of groups
    drawn anew.
    """

    code = "W16"
    title = N_("Confident and wrong")
    source = "Internal Consistency and Self-Feedback in Large Language Models: A Survey"
    measures = N_("expected calibration error of the judge's scores")
    counts = KNOWN
    way = WAY
    advice = N_(
        "Do not read the scores as probabilities: move the judge's cut by people's decisions, or raise its votes."
    )
    ends = (0.0, 1.0)
    explained_by = ("position_bias", "no_separation", "length_bias", "reward_hacking", "label_noise")

    limit: float = Field(0.15, ge=0, le=1, description="red where the whole interval lies above it")
    # The error of few texts in ten bins is above 0 by chance alone.
    min_rows: int = Field(100, ge=10, le=1_000_000, description="not known from fewer rows")

    def compute(self, evidence: WarningEvidence) -> Finding:
        known = [
            (group, sample.id, score, is_right)
            for group, sample, _, is_right in labelled(evidence)
            if (score := evidence.round.machine[sample.id][0]) is not None and math.isfinite(score)
        ]
        scores = {score for *_, score, _ in known}
        if known and (len(scores) < 3 or min(scores) < 0 or max(scores) > 1):
            return Finding(n=len(known), missing="The judge's scores are no probabilities of three values or more.")
        rows = dict[int, list[float]]()
        for group, _, score, is_right in known:
            at = 3 * min(int(score * BINS), BINS - 1)
            row = rows.setdefault(group, [0.0] * (3 * BINS))
            row[at], row[at + 1], row[at + 2] = row[at] + score, row[at + 1] + is_right, row[at + 2] + 1
        if not known:
            return Finding()
        sums = [tuple(row) for row in rows.values()]
        low, high = bootstrap(sums, _error)
        ids = (id_ for _, id_, score, is_right in sorted(known, key=lambda row: (-row[2], row[1])) if not is_right)
        return Finding(_error(total(sums)), low, high, len(known), sample_ids=some(ids))


def _error(sums: Sums) -> float | None:
    n = sum(sums[2::3])
    return sum(abs(sums[at] - sums[at + 1]) for at in range(0, len(sums), 3)) / n if n else None
