"""Keep good samples as training answers."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field

from backend.selectors import REJECTED, by_person, is_blank, is_truncated, score_of
from backend.selectors._best import best_of
from backend.selectors._entropy import WeighsByEntropy
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class AboveThreshold(WeighsByEntropy):
    """Keep what a person accepted, and of the rest what scores at least the threshold, the best first.

    The filter of rejection sampling: ReST-EM's reward (Singh et al. 2023, arXiv 2312.06585, algorithm 1) with
    its cap per prompt; with `max_per_prompt` 1 it is best-of-n. `order` shortest with `max_per_prompt` 1 keeps the
    shortest right answer of each prompt (Munkhbat et al. 2025, arXiv 2502.20122). `keep` accepted keeps what the judge
    accepts whatever its score, as the members of the majority answer, whose score is a share of votes (Huang et al.
    2022, arXiv 2210.11610). `entropy_power` weighs what is kept of a prompt by the entropy of its answers, for SFT that
    weighs examples: the SFT form of EAST (Wang et al. 2025, arXiv 2503.23913).
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_completion

    threshold: float = Field(0.5, description="lowest score that is kept")
    keep: Literal["threshold", "accepted"] = Field(
        "threshold",
        description="threshold: what scores at least the threshold; accepted: what the judge accepts, whatever its "
        "score",
    )
    max_per_prompt: int = Field(0, ge=0, description="most samples kept for one prompt; 0 means no limit")
    order: Literal["score", "shortest", "random"] = Field(
        "score",
        description="what comes first, and so is kept under max_per_prompt: the best score, the text with the fewest "
        "characters, or what chance says; what a person accepted comes before all else",
    )
    drop_duplicates: bool = Field(True, description="keep one of several samples of a prompt with the same text")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    def at_cut(self, old: float, new: float) -> Self:
        """A threshold that is the judge's cut moves with it."""
        return self.model_copy(update={"threshold": new}) if self.threshold == old else self

    def ignores_cut(self, old: float) -> str:
        if self.keep == "accepted" or self.threshold == old:
            return ""
        return f"{self.name} keeps what scores at least {self.threshold:g}, which is not the judge’s cut"

    def most_rows(self, samples: int) -> int:
        return min(samples, self.max_per_prompt or samples)

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            kept = best_of(
                group,
                self._objection,
                self._rank,
                seed=seed,
                dropped=dropped,
                most=self.max_per_prompt,
                is_distinct=self.drop_duplicates,
            )
            if kept and (weight := self.weight_of(group)) > 0:
                examples += [Example(group.prompt.id, sample.id, weight=weight) for sample in kept]
            elif kept:
                dropped["no entropy"] += len(kept)
        return Selection(examples, dict(dropped), unit="samples")

    def _objection(self, sample: Sample) -> str | None:
        if is_blank(sample):
            return "empty text"
        match by_person(sample):
            case Verdict.accept:
                return None
            case Verdict.reject:
                return REJECTED
        if self.drop_truncated and is_truncated(sample):
            return "truncated"
        score = score_of(sample)
        if self.keep == "accepted":
            return {Verdict.accept: None, Verdict.reject: "rejected by the judge", None: "no verdict"}[sample.verdict]
        if score is None:
            return "no score"
        return None if score >= self.threshold else "below threshold"

    def _rank(self, sample: Sample) -> tuple[bool, float]:
        """Sorts what comes first lowest."""
        score = score_of(sample)
        place = {
            "score": float("inf") if score is None else -score,
            "shortest": len(sample.text.strip()),
            "random": 0.0,
        }
        return by_person(sample) is not Verdict.accept, place[self.order]
