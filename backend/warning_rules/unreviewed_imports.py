"""Kept texts that came from a file and that nobody looked at."""

from pydantic import Field

from backend.values import SampleKind
from backend.warning_rules import About, Finding, WarningEvidence, WarningRule, share


class UnreviewedImports(WarningRule):
    """Share of the kept texts that were imported and that no person decided on."""

    code = "W39"
    title = "Foreign rows"
    source = "An Embarrassingly Simple Backdoor Attack on Self-supervised Learning"
    speaks_of = About.rows
    measures = "share of the kept texts that a file brought and nobody reviewed"
    counts = "kept texts"
    way = "Keep more texts."

    limit: float = Field(0.1, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        seen = evidence.round
        kept = [one for group in seen.round_groups for one in group.samples if one.id in seen.kept]
        foreign = [one.id for one in kept if one.kind == SampleKind.imported and one.id not in seen.people]
        return share(len(foreign), len(kept), foreign)
