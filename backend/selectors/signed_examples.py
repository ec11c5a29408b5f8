"""Every judged sample with its sign, and how often its prompt was answered right."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from backend.selectors import Selector, is_blank, is_truncated, with_twins
from backend.values import DatasetType, Example, Group, Sample, SampleKind, Selection, Verdict


class SignedExamples(Selector):
    """True for what the label accepts, false for what it rejects, with the prompt's rate r_q of right samples.

    What NFT trains on (Chen et al. 2025, arXiv 2505.18116): each sample counts as often as it was drawn, wrong ones
    included. `rate` in an example's `extra` is the share of right ones among the samples of its prompt that the model
    drew and that are kept; texts that people wrote are examples, but no draws. A sample without a verdict is left out,
    not called false. What a person decided stands above the judge.
    """

    makes: ClassVar[DatasetType] = DatasetType.unpaired_preference
    writes: ClassVar[tuple[str, ...]] = ("rate",)

    mixed_only: bool = Field(
        True, description="leave out prompts whose samples are all right or all wrong: there is nothing to tell apart"
    )
    drop_truncated: bool = Field(
        False, description="leave out samples that were cut off, unless a person accepted them; off: judged as they are"
    )

    def ignores_cut(self, old: float) -> str:
        return ""

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            examples += self._signed(group, dropped)
        return Selection(examples, dict(dropped), unit="samples")

    def _signed(self, group: Group, dropped: Counter[str]) -> list[Example]:
        kept: list[Sample] = []
        for sample in with_twins(group):
            reason = self._objection(sample)
            if reason is None:
                kept.append(sample)
            else:
                dropped[reason] += 1
        drawn = [sample for sample in kept if sample.kind != SampleKind.edit]
        if not drawn:
            dropped.update({"no sample that was drawn": len(kept)} if kept else {})
            return []
        rate = sum(sample.verdict is Verdict.accept for sample in drawn) / len(drawn)
        if self.mixed_only and rate in (0.0, 1.0):
            dropped["no wrong sample" if rate else "no right sample"] += len(kept)
            return []
        return [
            Example(group.prompt.id, sample.id, label=sample.verdict is Verdict.accept, extra={"rate": rate})
            for sample in kept
        ]

    def _objection(self, sample: Sample) -> str | None:
        if is_blank(sample) and sample.verdict is not Verdict.reject:
            return "empty text"
        if self.drop_truncated and is_truncated(sample):
            return "truncated"
        return "no verdict" if sample.verdict is None else None
