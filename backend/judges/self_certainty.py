"""Score a sample by how sure a model is of it, from its next-token distributions alone."""

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backend.engines import Ability, Engine
from backend.judges import Judge
from backend.values import Group, Judgment, Reading, Sample, Verdict

Measure = Literal["kl_from_uniform", "sequence_probability", "mean_logprob", "entropy"]


class SelfCertainty(Judge):
    """One number for each sample; the more, the surer. The judge's role is the policy unless another is bound to it.

    kl_from_uniform: the mean over the tokens of KL(uniform || p), self-certainty (Zhao et al. 2025, arXiv 2505.19590).
    sequence_probability: exp of the sum of the log-probabilities, which RLSC weighs by (Li et al. 2025, arXiv
    2506.06395). mean_logprob: their mean. entropy: minus the mean entropy of the next-token distributions.
    The end token is not read. A text without tokens has no score.
    """

    measure: Measure = Field("kl_from_uniform", description="what is computed of the distributions")

    @property
    def asks_for(self) -> Ability:
        return Ability.read if self.measure in ("sequence_probability", "mean_logprob") else Ability.read_all

    @property
    def calls_per_sample(self) -> int:
        return 1

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        assert engine is not None
        asked = [(group, sample) for group in groups for sample in group.samples]
        chats = [group.prompt.messages for group, _ in asked]
        readings = engine.read(chats, [sample.text for _, sample in asked])
        return [self._judgment(sample, reading) for (_, sample), reading in zip(asked, readings, strict=True)]

    def label(self, judgments: Sequence[Judgment]) -> tuple[float | None, Verdict | None]:
        """Take the one judgment as it is: the probability of a long text is lost where scores are rounded."""
        return (judgments[0].score, judgments[0].verdict) if judgments else (None, None)

    def _judgment(self, sample: Sample, reading: Reading) -> Judgment:
        score = measured(self.measure, reading)
        verdict = None if score is None else Verdict.accept if score >= self.accept_at else Verdict.reject
        reason = "There is no token to read." if score is None else f"{self.measure} of {len(reading.logprobs)} tokens."
        return Judgment(sample.id, str(self.name), 0, score, verdict, reason, "", failure=reading.failure)


def measured(measure: Measure, reading: Reading) -> float | None:
    """Return the number of a reading; None where it has no tokens."""
    if not reading.logprobs:
        return None
    match measure:
        case "sequence_probability":
            return math.exp(math.fsum(reading.logprobs))
        case "mean_logprob":
            return _mean(reading.logprobs)
        case "entropy":
            return -_mean(reading.entropies)
        case "kl_from_uniform":
            return _mean(reading.certainties)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
