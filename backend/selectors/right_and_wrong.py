"""Pair right samples of a prompt with wrong ones, several times."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from backend.selectors import by_person, is_blank, is_truncated, random_for, score_of, with_twins
from backend.selectors._entropy import WeighsByEntropy
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class RightAndWrong(WeighsByEntropy):
    """Chosen is what the label accepts, rejected what it rejects; a prompt without one of them is dropped.

    Both sides are gone through at the same time, so that as many texts as possible take part, and no pair comes twice:
    the pairs of Iterative RPO (Pang et al. 2024, arXiv 2404.19733, section 2). `pick` most_common_wrong rejects
    samples of the wrong answer that was given most often, and `entropy_power` weighs each pair by the entropy of its
    prompt's answers: the pairs of EAST (Wang et al. 2025, arXiv 2503.23913).

    What a person decided stands above the judge. Samples without a verdict are on neither side, nor are empty texts and
    texts that are both right and wrong.
    """

    makes: ClassVar[DatasetType] = DatasetType.preference

    pairs_per_prompt: int = Field(1, ge=1, le=10_000, description="most pairs made of one prompt")
    pick: Literal["extreme", "random", "most_common_wrong"] = Field(
        "random",
        description="extreme: the highest-scored right with the lowest-scored wrong samples first; random: by the "
        "round's seed; most_common_wrong: likewise, but only wrong samples with their most common answer",
    )
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    def ignores_cut(self, old: float) -> str:
        return ""

    def most_rows(self, samples: int) -> int:
        return min(self.pairs_per_prompt, (samples // 2) * (samples - samples // 2))

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            pairs = self._pairs(group, seed)
            if isinstance(pairs, str):
                dropped[pairs] += 1
            elif (weight := self.weight_of(group)) == 0:
                dropped["no entropy"] += 1
            else:
                examples += [
                    Example(group.prompt.id, winner.id, rejected_id=two.id, weight=weight) for winner, two in pairs
                ]
        return Selection(examples, dict(dropped), unit="prompts")

    def _pairs(self, group: Group, seed: int) -> list[tuple[Sample, Sample]] | str:
        """Return the pairs, or the reason why there are none."""
        judged = [sample for sample in with_twins(group) if sample.verdict is not None and not self._is_cut_off(sample)]
        usable = [sample for sample in judged if not is_blank(sample)]
        if not usable:
            return "empty text" if judged else "truncated" if self._all_cut_off(group) else "no verdict"
        random_for(group, seed).shuffle(usable)
        right = [sample for sample in usable if sample.verdict is Verdict.accept]
        wrong = [sample for sample in usable if sample.verdict is Verdict.reject]
        if not right or not wrong:
            return "no wrong sample" if right else "no right sample"
        if self.pick == "most_common_wrong" and not (wrong := self._most_common(group, wrong)):
            return "no answer in a wrong sample"
        if self.pick == "extreme":
            right.sort(key=_goodness, reverse=True)
            wrong.sort(key=_goodness)
        chosen, rejected = _by_text(right), _by_text(wrong)
        both = chosen.keys() & rejected.keys()
        chosen, rejected = (
            {text: sample for text, sample in side.items() if text not in both} for side in (chosen, rejected)
        )
        if not chosen or not rejected:
            return "same text on both sides"
        return walk(list(chosen.values()), list(rejected.values()), self.pairs_per_prompt)

    def _most_common(self, group: Group, wrong: Sequence[Sample]) -> list[Sample]:
        """The samples with the most common answer; of several one by the seed, since they are shuffled."""
        read = [(sample, self.answer_of(group, sample)) for sample in wrong]
        counts = Counter(answer for _, answer in read if answer is not None)
        top = next((answer for answer, _ in counts.most_common(1)), None)
        return [sample for sample, answer in read if answer is not None and answer == top]

    def _all_cut_off(self, group: Group) -> bool:
        judged = [sample for sample in with_twins(group) if sample.verdict is not None]
        return bool(judged) and all(self._is_cut_off(sample) for sample in judged)

    def _is_cut_off(self, sample: Sample) -> bool:
        return self.drop_truncated and is_truncated(sample)


def walk(right: Sequence[Sample], wrong: Sequence[Sample], most: int) -> list[tuple[Sample, Sample]]:
    """Return up to `most` different pairs: the first of each side, the second, ..., beginning again where one ends.

    Once both sides begin again together, one is moved on by one, so that every pair comes once before any would twice.
    """
    together = math.lcm(len(right), len(wrong))
    count = min(most, len(right) * len(wrong))
    return [(right[k % len(right)], wrong[(k + k // together) % len(wrong)]) for k in range(count)]


def _by_text(samples: Sequence[Sample]) -> dict[str, Sample]:
    """The first sample of each text."""
    by_text: dict[str, Sample] = {}
    for sample in samples:
        by_text.setdefault(sample.text.strip(), sample)
    return by_text


def _goodness(sample: Sample) -> tuple[int, float]:
    decision = {Verdict.accept: 1, Verdict.reject: -1, None: 0}[by_person(sample)]
    return decision, score_of(sample) or 0.0
