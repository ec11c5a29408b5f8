"""Pairs of texts that are drawn as if from the best policy for the scorer, by rejection."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Literal

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
    score_of,
    with_twins,
)
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict


class DrawnPairs(Selector):
    """RSO's pairs: a few of a prompt's texts are drawn, and each is ranked with one other of them.

    Liu et al. 2023, arXiv 2309.06657, algorithm 1: a text of reward r is drawn with the probability
    exp((r - highest reward that is left) / temperature), pass by pass and each text once, so that what is drawn is
    distributed as in the optimum of the reward with a KL penalty. A low temperature takes the best texts, a high one
    any.

    What a person accepted counts as the highest reward and is never rejected; what one rejected is never chosen.
    """

    makes: ClassVar[DatasetType] = DatasetType.preference

    draw: int = Field(8, ge=2, description="texts of a prompt that are drawn; fewer where a prompt has fewer")
    temperature: float = Field(
        0.5, gt=0, description="the paper's beta, on the scale of the scores: low takes the best texts, high takes any"
    )
    ranking: Literal["first_round", "tournament"] = Field(
        "first_round", description="pair the drawn texts once, or let the better ones meet again until one is left"
    )
    drop_truncated: bool = Field(True, description="leave out samples that were cut off, unless a person accepted them")

    def most_rows(self, samples: int) -> int:
        drawn = min(self.draw, samples)
        return max(0, drawn - 1) if self.ranking == "tournament" else drawn // 2

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            pairs = self._pairs(group, seed)
            if isinstance(pairs, str):
                dropped[pairs] += 1
            else:
                examples += [Example(group.prompt.id, pair.chosen.id, rejected_id=pair.rejected.id) for pair in pairs]
        return Selection(examples, dict(dropped), unit="prompts")

    def _pairs(self, group: Group, seed: int) -> list[Pair] | str:
        """Return the pairs, or the reason why there are none."""
        usable: dict[str, Sample] = {}
        for sample in with_twins(group):
            if self._is_usable(sample):
                usable.setdefault(sample.text.strip(), sample)
        if len(usable) < 2:
            return "fewer than two scored texts"
        rng = random_for(group, seed)
        candidates = list(usable.values())
        drawn = [candidates[place] for place in draw(_rewards(candidates), self.draw, self.temperature, rng)]
        rng.shuffle(drawn)
        return self._ranked(drawn) or "no drawn pair with a better side"

    def _ranked(self, drawn: list[Sample]) -> list[Pair]:
        pairs: list[Pair] = []
        while len(drawn) > 1:
            matches = [sorted(two, key=rank) for two in zip(drawn[::2], drawn[1::2], strict=False)]
            pairs += [pair for worse, better in matches if _is_fair(pair := pair_of(better, worse))]
            bye = drawn[len(drawn) - len(drawn) % 2 :]
            drawn = [*(better for _, better in matches), *bye] if self.ranking == "tournament" else []
        return pairs

    def _is_usable(self, sample: Sample) -> bool:
        if is_blank(sample) or (self.drop_truncated and is_truncated(sample)):
            return False
        return sample.score is not None or by_person(sample) is not None


def draw(rewards: Sequence[float], count: int, temperature: float, rng: random.Random) -> list[int]:
    """Return the places of those that are drawn, in order; all where there are no more than `count`."""
    left, drawn = dict(enumerate(rewards)), list[int]()
    while left and len(drawn) < count:
        highest = max(left.values())
        for place, reward in list(left.items()):
            if rng.random() < math.exp((reward - highest) / temperature):
                drawn.append(place)
                del left[place]
                if len(drawn) == count:
                    break
    return drawn


def _rewards(samples: Sequence[Sample]) -> list[float]:
    """The scores; what a person accepted has the highest, and what one rejected the lowest where it has none."""
    known = [score for sample in samples if (score := score_of(sample)) is not None] or [0.0]
    return [_reward(sample, min(known), max(known)) for sample in samples]


def _reward(sample: Sample, lowest: float, highest: float) -> float:
    if by_person(sample) is Verdict.accept:
        return highest
    score = score_of(sample)
    return lowest if score is None else score


def _is_fair(pair: Pair) -> bool:
    """Whether one side is better, and neither is where a person does not want it."""
    if by_person(pair.chosen) is Verdict.reject or by_person(pair.rejected) is Verdict.accept:
        return False
    return not is_same_text(pair) and (pair.gap is None or pair.gap > 0)
