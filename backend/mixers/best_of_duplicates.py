"""Keep the best of several rows that say the same."""

import math
from collections.abc import Iterable, Sequence
from typing import ClassVar

from backend.mixers.deduplicate import Deduplicate
from backend.values import Group, LabelSource, Mixture, Past, Sample, TrainingRow, Verdict

ANSWER = (math.inf, math.inf)
UNKNOWN = (-math.inf, -math.inf)


class BestOfDuplicates(Deduplicate):
    """Keep the best of the rows with the same prompt and texts, or nearly the same with `alike` below 1.

    Best is what a person accepted, then the highest score of the completion's sample, then the earliest; a prompt's
    known answer is above all of them, and a sample of another round, whose score is not known here, below. The rows
    that stay keep their order. What counts as the same is what `deduplicate` says.
    """

    reads_groups: ClassVar[bool] = True

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        worth = {sample.id: _worth(sample) for group in groups for sample in group.samples}
        ids = [row.example.sample_id for row in rows]
        known = [ANSWER if id_ is None else worth.get(id_, UNKNOWN) for id_ in ids]
        places = sorted(range(len(rows)), key=known.__getitem__, reverse=True)
        mixed = super().mix([rows[place] for place in places], (), past, seed=seed)
        stays = {id(row) for row in mixed.rows}
        return Mixture([row for row in rows if id(row) in stays], mixed.dropped)


def _worth(sample: Sample) -> tuple[float, float]:
    is_accepted = sample.source is LabelSource.person and sample.verdict is Verdict.accept
    return float(is_accepted), -math.inf if sample.score is None else sample.score
