"""Judge a text by the texts that answer questions about it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backend.engines import Engine
from backend.judges._of_parents import ParentVerifier
from backend.values import Group, Judgment, Sample, Verdict, mean_score


class FromChildren(ParentVerifier):
    """Score each parent by the samples of its groups: the mean of their scores, or how many of them were accepted.

    `mean`: the mean of scores, as of several judgments of one answer (Wu et al. 2024, arXiv 2407.19594). `rate`: the
    share accepted, 0 to 1, which is the value of a step by its completions (Wang et al. 2024, arXiv 2312.08935) and of
    a critique by the corrections it leads to. `one_minus_rate`: 1 less that share, 0 where the share is 0 or 1, the
    reward of who proposes a task (Zhao et al. 2025, arXiv 2505.03335, equation 4). `gap`: highest less lowest score.

    Children without a score (for rates: without a verdict) do not count; without any that does there is no score.
    Groups that go on from different cuts of one text are judged apart: one judgment a cut, in order of the cuts.
    """

    by: Literal["mean", "rate", "one_minus_rate", "gap"] = Field(
        "mean", description="mean score, share accepted, 1 less that share, or highest less lowest score"
    )

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        parents: dict[int, Sample] = {}
        children: dict[int, dict[int, list[Sample]]] = defaultdict(lambda: defaultdict(list))
        for group in groups:
            if group.parent is not None:
                parents[group.parent.id] = group.parent
                children[group.parent.id][-1 if group.cut is None else group.cut] += group.samples
        return [
            self._judgment(parents[id_], position, cut, cuts[cut])
            for id_, cuts in children.items()
            for position, cut in enumerate(sorted(cuts))
        ]

    def _judgment(self, parent: Sample, position: int, cut: int, samples: Sequence[Sample]) -> Judgment:
        scores = [sample.score for sample in samples if sample.score is not None]
        verdicts = [sample.verdict for sample in samples if sample.verdict is not None]
        counted = verdicts if self.by in ("rate", "one_minus_rate") else scores
        score = self._score(scores, verdicts) if counted else None
        where = "" if cut < 0 else f" after {cut} characters"
        reason = f"The {self.by.replace('_', ' ')} of {len(counted)} of {len(samples)} texts about it{where}."
        verdict = None if score is None else Verdict.accept if score >= self.accept_at else Verdict.reject
        return Judgment(parent.id, str(self.name), position, score, verdict, reason, "")

    def _score(self, scores: Sequence[float], verdicts: Sequence[Verdict]) -> float:
        if self.by == "mean":
            return mean_score(scores)
        if self.by == "gap":
            return max(scores) - min(scores)
        rate = sum(verdict is Verdict.accept for verdict in verdicts) / len(verdicts)
        if self.by == "rate":
            return rate
        return 0.0 if rate in (0.0, 1.0) else 1.0 - rate
