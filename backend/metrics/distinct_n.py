"""How different the samples of a prompt are from each other."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backend.metrics import Evidence, Metric
from backend.metrics._intervals import shares
from backend.values import MetricValue


class DistinctN(Metric):
    """Different n-grams as a share of all n-grams of a prompt's samples, averaged over prompts.

    Li et al. 2016, arXiv 1510.03055, taken prompt by prompt so that rounds with different numbers
    of prompts compare. It falls with more and with longer samples: compare at equal n and length. Wilson's
    interval over prompts.
    """

    n: int = Field(2, ge=1, le=10, description="length of the n-grams")
    unit: Literal["word", "character"] = Field("word", description="what the n-grams are made of")

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        of_groups = [self._share([s.text for s in group.samples]) for group in evidence.round_groups]
        known = [share for share in of_groups if share is not None]
        name, details = f"distinct_{self.n}", {"unit": self.unit, "without_ngrams": len(of_groups) - len(known)}
        if not known:
            return [MetricValue(name, None, details=details)]
        value, low, high = shares(known)
        return [MetricValue(name, value, low, high, len(known), details)]

    def _share(self, texts: Sequence[str]) -> float | None:
        grams: list[tuple[str, ...]] = []
        for text in texts:
            tokens = text.split() if self.unit == "word" else list(text)
            grams += zip(*(tokens[start:] for start in range(self.n)), strict=False)
        return len(set(grams)) / len(grams) if grams else None
