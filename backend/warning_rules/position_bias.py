"""A judge that goes by where a text stands."""

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share


class PositionBias(WarningRule):
    """Share of pairs, shown in both orders, of which another text wins when the order changes.

    Pairs of which a reply names no winner are left out.
    """

    code = "W18"
    title = N_("Position bias")
    source = "Are Large Language Models Temporally Grounded?"
    measures = N_("share of pairs whose winner changes with the order in which they are shown")
    counts = N_("pairs that the judge saw in both orders")
    way = "Take a judge that asks both orders, such as pairwise_swapped."
    advice = N_("Count only pairs with the same winner in both orders, or take another judge or template.")
    ends = (0.0, 1.0)

    limit: float = Field(0.30, ge=0, le=1, description="red where the whole interval lies above it")
    amber: float | None = Field(0.15, ge=0, le=1, description="amber where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        turned = [(a, b) for a, b, is_same in evidence.swapped if not is_same]
        ids = dict.fromkeys(id_ for pair in turned for id_ in pair)
        return share(len(turned), len(evidence.swapped), ids)
