"""Prefer the pairs that a scorer is sure of, and trust the others less."""

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from backend.mixers import Mixer
from backend.values import FLIP, DatasetType, Group, LabelSource, Mixture, Past, TrainingRow


class UncertaintyWeights(Mixer):
    """Draw pairs with weights (1 - B)^mu, and note how likely each is the wrong way round; B is its uncertainty.

    Of T passes of a scorer with dropout on, p_t = sigmoid(r_t(chosen) - r_t(rejected)), and B = H(mean p) - mean H(p)
    in bits, from 0 (all passes agree) to 1 (Wang et al. 2024, arXiv 2409.11212, with the estimator's p of a pair taken
    from a scorer). The paper prints the smoothing of a pair as 1 / (P + 1), P being its share of all pairs' weights,
    which is near 1 for every pair, and mu as a factor, which would cancel. Here mu is an exponent, and the column
    `flip` is most_flip * B: below one half, and higher for what is less sure.

    A pair that has fewer than two passes in common is dropped. Rows of earlier rounds stay as they are, and so do pairs
    on a side of which a person decided: their word is not in doubt.
    """

    mixes: ClassVar[tuple[DatasetType, ...]] = (DatasetType.preference,)
    reads_groups: ClassVar[bool] = True
    reads_scores: ClassVar[bool] = True
    writes: ClassVar[tuple[str, ...]] = (FLIP,)

    mu: float = Field(1.0, ge=0, le=100, description="how strongly pairs that are sure are preferred; 0: not at all")
    share: float = Field(0.5, gt=0, le=1, description="share of the pairs that is drawn, rounded up; 1 keeps all")
    most_flip: float = Field(
        0.4, ge=0, lt=0.5, description="probability that a pair is the wrong way round, where nothing is sure of it"
    )

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        scores: dict[int | None, tuple[float, ...]] = {}
        decided = set[int | None]()
        for sample in (sample for group in groups for sample in group.samples):
            scores[sample.id] = sample.scores
            if sample.source is LabelSource.person and sample.verdict is not None:
                decided.add(sample.id)
        weighed: list[tuple[float, int, TrainingRow]] = []
        kept: dict[int, TrainingRow] = {}
        dropped = Counter[str]()
        for number, row in enumerate(rows):
            example = row.example
            if example.sample_id not in scores or example.rejected_id not in scores:
                kept[number] = _noted(row, float(example.extra.get(FLIP, 0.0)))
                continue
            if example.sample_id in decided or example.rejected_id in decided:
                kept[number] = _noted(row, 0.0)
                continue
            unsure = uncertainty(scores[example.sample_id], scores[example.rejected_id])
            if unsure is None:
                dropped["fewer than two passes"] += 1
                continue
            chance = random.Random(f"{seed} {example.prompt_id} {example.sample_id} {example.rejected_id}")
            weighed.append((_race((1 - unsure) ** self.mu, chance), number, _noted(row, self.most_flip * unsure)))
        drawn = sorted(weighed, key=lambda item: item[:2])[: math.ceil(self.share * len(weighed) - 1e-9)]
        kept |= {number: row for _, number, row in drawn}
        dropped["not drawn"] = len(weighed) - len(drawn)
        return Mixture([kept[number] for number in sorted(kept)], {why: n for why, n in dropped.items() if n})


def uncertainty(chosen: Sequence[float], rejected: Sequence[float]) -> float | None:
    """Return H(mean p) - mean H(p) in bits, p = sigmoid(chosen - rejected) of each pass; None for fewer than two."""
    if len(chosen) != len(rejected) or len(chosen) < 2:
        return None
    shares = [_sigmoid(good - bad) for good, bad in zip(chosen, rejected, strict=True)]
    own = math.fsum(map(_bits, shares)) / len(shares)
    return min(1.0, max(0.0, round(_bits(math.fsum(shares) / len(shares)) - own, 9)))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _bits(p: float) -> float:
    """The entropy of a choice of two in bits."""
    return -math.fsum(q * math.log2(q) for q in (p, 1 - p) if q > 0)


def _race(weight: float, chance: random.Random) -> float:
    """Whoever is first is drawn: exponential times draw by weight without replacement (Efraimidis 2006)."""
    return -math.log(1 - chance.random()) / weight if weight > 0 else math.inf


def _noted(row: TrainingRow, flip: float) -> TrainingRow:
    return replace(row, example=replace(row.example, extra=row.example.extra | {FLIP: round(flip, 9)}))
