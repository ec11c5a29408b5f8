"""Pair the best sample of a prompt with its worst."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from backend.selectors import (
    Pair,
    Selector,
    by_person,
    is_blank,
    is_same_text,
    is_truncated,
    pair_of,
    random_for,
    rank,
    with_twins,
)
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class BestVersusWorst(Selector):
    """Highest score against lowest; equal scores drop the prompt (Yuan et al. 2024, arXiv 2401.10020, section 2.3).

    What a person accepted stands above every score and what a person rejected below; among equals chance
    decides. A person's score without a verdict counts like a judge's. An empty text is on neither side.

    `length_tier` is Meta-Rewarding's rho (Wu et al. 2024, arXiv 2407.19594): chosen is the shortest text with a score
    from (1 - rho) * highest + rho * lowest up, rejected the longest from (1 - rho) * lowest + rho * highest down.
    """

    makes: ClassVar[DatasetType] = DatasetType.preference

    min_gap: float = Field(0.0, ge=0, description="smallest difference of two scores that makes a pair")
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")
    weigh_by_gap: bool = Field(False, description="weigh each pair by its gap; one that a person set apart weighs 1")
    full_gap: float = Field(
        1.0, gt=0, description="gap that weighs 1, and so does a wider one; 5 suits scores from 0 to 5"
    )
    length_tier: float | None = Field(
        None,
        ge=0,
        lt=0.5,
        description="share of the range of scores that counts as equally good at its top and equally bad at its "
        "bottom; of these the shortest is chosen and the longest rejected. Unset: chance decides among equal scores",
    )
    max_chosen_chars: int = Field(0, ge=0, description="drop a pair whose chosen text is longer; 0 means no limit")

    def most_rows(self, samples: int) -> int:
        return 1

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            pair = self._pair(group, seed)
            if isinstance(pair, Pair):
                examples += self._examples(group, pair)
            else:
                dropped[pair] += 1
        return Selection(examples, dict(dropped), unit="prompts")

    def _examples(self, group: Group, pair: Pair) -> list[Example]:
        weight = min(pair.gap / self.full_gap, 1.0) if self.weigh_by_gap and pair.gap is not None else 1.0
        return [Example(group.prompt.id, pair.chosen.id, rejected_id=pair.rejected.id, weight=weight)]

    def _pair(self, group: Group, seed: int) -> Pair | str:
        """Return the pair, or the reason why there is none."""
        scored = [sample for sample in with_twins(group) if self._is_usable(sample)]
        usable = [sample for sample in scored if not is_blank(sample)]
        random_for(group, seed).shuffle(usable)
        good = [s for s in usable if by_person(s) is not Verdict.reject]
        bad = [s for s in usable if by_person(s) is not Verdict.accept]
        best, worst = max(good, key=rank, default=None), min(bad, key=rank, default=None)
        if len(usable) < 2:
            return "fewer than two scored samples" if len(scored) < 2 else "empty text"
        if best is None or worst is None:
            return "all accepted or all rejected by people"
        best, worst = self._by_length(best, worst, good, bad)
        pair = pair_of(best, worst)
        if pair.gap is not None and pair.gap <= 0:
            return "equal scores"
        if is_same_text(pair):
            return "same text on both sides"
        if self.max_chosen_chars and len(best.text) > self.max_chosen_chars:
            return "chosen text over max_chosen_chars"
        return pair if pair.gap is None or pair.gap >= self.min_gap else "gap below min_gap"

    def _by_length(
        self, best: Sample, worst: Sample, good: Sequence[Sample], bad: Sequence[Sample]
    ) -> tuple[Sample, Sample]:
        """Of those that are about as good as the best the shortest, of those about as bad as the worst the longest."""
        if self.length_tier is None:
            return best, worst
        (top, high), (bottom, low) = rank(best), rank(worst)
        room = round(self.length_tier * (high - low), 9)
        upper = [s for s in good if rank(s)[0] == top and round(high - rank(s)[1], 9) <= room]
        lower = [s for s in bad if rank(s)[0] == bottom and round(rank(s)[1] - low, 9) <= room]
        return min(upper, key=lambda s: len(s.text)), max(lower, key=lambda s: len(s.text))

    def _is_usable(self, sample: Sample) -> bool:
        if self.drop_truncated and is_truncated(sample):
            return False
        return sample.score is not None or by_person(sample) is not None
