"""Score a sample several times by a scorer with its dropout on, to see how sure it is."""

from collections.abc import Sequence

from pydantic import Field

from backend.engines import Ability, Engine
from backend.judges import Judge
from backend.judges.reward_model import rated
from backend.values import Failure, Group, Judgment, Verdict


class DropoutRewardModel(Judge):
    """One judgment for each pass with dropout on (Gal and Ghahramani 2016, arXiv 1506.02142); the mean is the score.

    The scorer needs dropout: the trainer `reward_model` sets it by its knob of that name. How far the passes of both
    sides of a pair agree is what the mixer `uncertainty_weights` reads (Wang et al. 2024, arXiv 2409.11212).
    """

    passes: int = Field(10, ge=2, le=1000, description="passes with dropout on")
    accept_at: float = Field(0.0, description="lowest mean score that is labelled accept")

    @property
    def asks_for(self) -> Ability:
        return Ability.rate

    @property
    def calls_per_sample(self) -> int:
        return self.passes + 1

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        engine = self.bound(engine)
        asked = [(group.prompt.messages, sample) for group in groups for sample in group.samples]
        # A first pass without dropout says which texts cannot be scored.
        plain = rated(engine, [chat for chat, _ in asked], [sample.text for _, sample in asked])
        fit = [prompt for prompt, score in zip(asked, plain, strict=True) if isinstance(score, float)]
        passes = iter(
            engine.rates_with_dropout([c for c, _ in fit], [s.text for _, s in fit], passes=self.passes, seed=seed)
            if fit
            else []
        )
        judgments: list[Judgment] = []
        for (_, sample), score in zip(asked, plain, strict=True):
            if isinstance(score, Failure):
                judgments.append(Judgment(sample.id, str(self.name), 0, None, None, "", "", failure=score))
            else:
                judgments += [self._judgment(sample.id, n, score) for n, score in enumerate(next(passes))]
        return judgments

    def _judgment(self, sample_id: int, position: int, score: float) -> Judgment:
        verdict = Verdict.accept if score >= self.accept_at else Verdict.reject
        reason = f"Pass {position + 1} of {self.passes} with dropout gives {score:.4g}."
        return Judgment(sample_id, str(self.name), position, score, verdict, reason, "")
