"""A judge that goes by how long a text is."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from pydantic import Field

from backend.translations import N_
from backend.values import Sample
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, total

MOST_ALIKE = 0.95
"""Share of texts of one length from which a correlation rests on the others, which may be few."""


class LengthBias(WarningRule):
    """Spearman's rank correlation of score and length in tokens; the interval is that of groups drawn anew.

    Where it is known which texts are right, right and wrong ones are ranked apart: that right texts are longer is no
    bias.
    """

    code = "W19"
    title = N_("Length bias")
    source = "Meta-Rewarding, arXiv 2407.19594; Surveying Quality, Diversity, Complexity"
    unit = N_("rank correlation")
    measures = N_("rank correlation of score and length")
    counts = N_("texts with a score")
    way = "Judge more texts."
    advice = N_("Say in the template that length does not count, or penalize length in the selector.")
    ends = (-1.0, 1.0)

    limit: float = Field(0.4, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        texts = _scored(evidence)
        scores, lengths = [score for *_, score in texts], [sample.num_tokens for _, sample, _ in texts]
        if len(set(scores)) < 2 or len(set(lengths)) < 2:
            reason = f"All {'scores' if len(set(scores)) < 2 else 'lengths'} are equal, so length can pull nothing."
            return Finding(n=len(texts), missing=reason if texts else "")
        alike = Counter(lengths).most_common(1)[0][1]
        if alike >= MOST_ALIKE * len(texts) and len(texts) - alike < self.min_rows:
            reason = "Nearly all texts are equally long, so nothing is known of what length pulls."
            return Finding(n=len(texts), missing=reason)
        ranked = _ranks_apart(texts, evidence.truth)
        sums = defaultdict[int, list[float]](lambda: [0.0, 0.0, 0.0])
        for (place, *_), (x, y) in zip(texts, ranked, strict=True):
            for column, value in enumerate((x * y, x * x, y * y)):
                sums[place][column] += value
        rows = [tuple(pair) for pair in sums.values()]
        low, high = bootstrap(rows, _correlation)
        longest = sorted(texts, key=lambda row: (-row[2], -row[1].num_tokens, row[1].id))
        return Finding(
            _correlation(total(rows)), low, high, len(texts), sample_ids=some(sample.id for _, sample, _ in longest)
        )


def _scored(evidence: WarningEvidence) -> list[tuple[int, Sample, float]]:
    """The texts with a score by the judge: the number of their group, the text and the score."""
    scored = []
    for number, group in enumerate(evidence.round.round_groups):
        for sample in group.samples:
            score = evidence.round.machine.get(sample.id, (None, None))[0]
            if score is not None:
                scored.append((number, sample, score))
    return scored


def _ranks_apart(texts: Sequence[tuple[int, Sample, float]], truth: dict[int, bool]) -> list[tuple[float, float]]:
    """Ranks of length and score of each text among those that are as right, less their mean."""
    from scipy.stats import rankdata

    places = defaultdict[bool | None, list[int]](list)
    for place, (_, sample, _) in enumerate(texts):
        places[truth.get(sample.id)].append(place)
    ranks = [(0.0, 0.0)] * len(texts)
    for some_ in places.values():
        lengths = rankdata([texts[n][1].num_tokens for n in some_])
        scores = rankdata([texts[n][2] for n in some_])
        middle = (len(some_) + 1) / 2
        for n, x, y in zip(some_, lengths, scores, strict=True):
            ranks[n] = (float(x) - middle, float(y) - middle)
    return ranks


def _correlation(sums: Sums) -> float:
    """Of the sums of products and squares; 0 where scores do not vary among texts that are as right."""
    xy, xx, yy = sums
    return xy / math.sqrt(xx * yy) if xx > 0 and yy > 0 else 0.0
