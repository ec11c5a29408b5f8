"""Judge a judgment of several texts: does it put the one that is known to be the best on top?"""

from collections.abc import Sequence

from pydantic import Field

from backend.engines import Engine
from backend.judges import Verifier
from backend.judges._compared import known, scores_in
from backend.values import Group, Judgment, Sample


class BestOnTop(Verifier):
    """Score 1 where the known best text has strictly the highest of the stated scores, else -1.

    The reward of DeepSeek-GRM (Liu et al. 2025, arXiv 2504.02495): nothing is given for the format, and what states no
    score for each text does not put the best one on top. The questions are those of `compare_all`, which know the best
    text; None for other questions.
    """

    accept_at: float = Field(0.0, description="lowest score that is labelled accept")

    @property
    def needs_answer(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._check(sample, group) for group in groups for sample in group.samples]

    def _check(self, sample: Sample, group: Group) -> Judgment:
        stated = known(group.prompt.answer)
        if stated is None:
            return self.judgment(sample, None, "It is not known which text is the best.")
        best, count = stated
        scores = scores_in(sample, count)
        if scores is None:
            return self.judgment(sample, -1.0, f"It does not state {count} scores from 1 to 10.")
        is_on_top = all(scores[best - 1] > score for n, score in enumerate(scores, 1) if n != best)
        listed = ", ".join(map(str, scores))
        return self.judgment(sample, 1.0 if is_on_top else -1.0, f"It states {listed}; the best is number {best}.")
