"""Kept texts that are of other lengths than the pool they come from."""

import math

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import About, Finding, WarningEvidence, WarningRule, some


class SelectionShift(WarningRule):
    """How well length alone tells kept texts from the others: the area under the ROC curve, 0.5 where not at all.

    Whichever of the two are longer counts, so it is never below 0.5. The interval is that of Hanley and McNeil (1982).
    """

    code = "W12"
    title = N_("Selection is biased")
    source = "Self-Consuming Generative Models with Curated Data Provably Optimize Human Preferences"
    unit = N_("area under the curve")
    speaks_of = About.rows
    measures = N_("how well length alone tells kept texts from the others")
    counts = N_("texts, at least ten of them kept and ten not")
    way = "Keep some texts, and ask more prompts."
    advice = N_(
        "Compare kept with other texts of the same length, and penalize length in the selector where the judge "
        "prefers it."
    )
    ends = (0.5, 1.0)
    explained_by = ("length_bias", "length_growth")

    limit: float = Field(0.65, ge=0.5, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        from scipy.stats import rankdata

        texts = [sample for group in evidence.round.round_groups for sample in group.samples]
        ranks = rankdata([text.num_tokens for text in texts]) if texts else []
        kept = [float(rank) for text, rank in zip(texts, ranks, strict=True) if text.id in evidence.round.kept]
        a, b = len(kept), len(texts) - len(kept)
        if a < 10 or b < 10:
            return Finding(n=min(a, b))
        area = (math.fsum(kept) - a * (a + 1) / 2) / (a * b)
        is_longer = area >= 0.5
        area = max(area, 1 - area)
        q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
        half = 1.96 * math.sqrt((area * (1 - area) + (a - 1) * (q1 - area**2) + (b - 1) * (q2 - area**2)) / (a * b))
        order = sorted(texts, key=lambda text: (-text.num_tokens if is_longer else text.num_tokens, text.id))
        ids = some(text.id for text in order if text.id in evidence.round.kept)
        return Finding(area, max(0.5, area - half), min(1.0, area + half), len(texts), sample_ids=ids)
