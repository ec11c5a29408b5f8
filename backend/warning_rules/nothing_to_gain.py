"""A filter that brings nothing."""

from collections import Counter

from pydantic import Field

from backend.translations import N_
from backend.values import WarningLevel
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, total
from backend.warning_rules._labels import KNOWN, WAY, labelled


class NothingToGain(WarningRule):
    """Share of right texts among those that the judge accepts, less that among all: what filtering by it brings.

    A judge that accepts or rejects everything is no filter: the number is then not known.
    """

    code = "W01"
    title = N_("Nothing to gain from own judgments")
    source = "Mind the Gap: Examining the Self-Improvement Capabilities of Large Language Models"
    unit = N_("points")
    measures = N_("share of right texts among the accepted ones, less that among all (the generation-verification gap)")
    counts = KNOWN
    way = WAY
    advice = N_(
        "Take another judge or template, raise its votes, or give the prompts known answers: filtering by this "
        "judge brings nothing."
    )
    more = N_("or where its interval holds 0")
    ends = (-1.0, 1.0)
    is_at_limit = True
    is_below = True
    explained_by = ("position_bias", "no_separation", "length_bias", "reward_hacking", "label_noise")

    limit: float = Field(0.02, ge=0, le=1, description="red where it is not above this, or its interval holds 0")
    amber: float | None = Field(0.05, ge=0, le=1, description="amber where it is not above this")

    def compute(self, evidence: WarningEvidence) -> Finding:
        rows = Counter[tuple[int, int]]()
        known = list(labelled(evidence))
        for group, _, is_accepted, is_right in known:
            for column, value in enumerate((is_accepted and is_right, is_accepted, is_right, True)):
                rows[group, column] += value
        n = len(known)
        sums: list[Sums] = [tuple(float(rows[g, c]) for c in range(4)) for g in {g for g, *_ in known}]
        if not n:
            return Finding()
        both = total(sums)
        if both[1] in (0, n) or both[2] in (0, n):
            what = "labelled all texts the same" if both[1] in (0, n) else "had only right or only wrong texts to label"
            return Finding(n=n, missing=f"The judge {what}, so there is nothing to filter.")
        gap = _gap(both)
        low, high = bootstrap(sums, _gap)
        ids = (sample.id for _, sample, is_accepted, is_right in known if is_accepted and not is_right)
        return Finding(gap, low, high, n, sample_ids=some(ids))

    def level(self, finding: Finding) -> WarningLevel:
        if finding.value is None:
            return WarningLevel.unknown
        if finding.value <= self.limit or (finding.low is not None and finding.low <= 0):
            return WarningLevel.red
        return WarningLevel.amber if self.amber is not None and finding.value <= self.amber else WarningLevel.green


def _gap(sums: Sums) -> float | None:
    both, accepted, right, n = sums
    return both / accepted - right / n if accepted and n else None
