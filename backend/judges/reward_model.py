"""Score a sample by a scorer: a model whose head gives one number for a text."""

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backend.engines import Ability, Engine
from backend.errors import PromptError
from backend.judges import Judge
from backend.values import Failure, FailureKind, Group, Judgment, Messages, Sample, Verdict


class RewardModel(Judge):
    """The scorer's number for the sample as the answer to what was asked.

    Each scorer has a scale of its own, so a threshold that fits one fits no other. `per_prompt` counts in standard
    deviations from the mean of the prompt's samples: 0 is the mean, and where all samples score the same, all have 0.
    """

    normalize: Literal["none", "per_prompt"] = Field(
        "none", description="per_prompt: standard deviations from the mean of the prompt's samples, a scale of its own"
    )
    accept_at: float = Field(0.0, description="lowest score, normalized if so, that is labelled accept")

    @property
    def asks_for(self) -> Ability:
        return Ability.rate

    @property
    def needs_whole_groups(self) -> bool:
        return self.normalize == "per_prompt"

    @property
    def calls_per_sample(self) -> int:
        return 1

    def shown(self, group: Group, sample: Sample) -> tuple[Messages, str]:
        """The chat and the answer to it that the scorer reads."""
        return group.prompt.messages, sample.text

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        engine = self.bound(engine)
        pairs = [self.shown(group, sample) for group in groups for sample in group.samples]
        ratings = rated(engine, [chat for chat, _ in pairs], [text for _, text in pairs])
        judgments: list[Judgment] = []
        for group in groups:
            of_group = ratings[len(judgments) : len(judgments) + len(group.samples)]
            known = [score for score in of_group if isinstance(score, float)]
            scores = dict(zip(known, z_scores(known), strict=True)) if self.normalize == "per_prompt" else {}
            judgments += [
                self._judgment(sample, score, scores) for sample, score in zip(group.samples, of_group, strict=True)
            ]
        return judgments

    def _judgment(self, sample: Sample, rating: float | Failure, scores: dict[float, float]) -> Judgment:
        if isinstance(rating, Failure):
            return Judgment(sample.id, str(self.name), 0, None, None, "", "", failure=rating)
        score = scores.get(rating, rating)
        reason = f"The scorer gives {rating:.4g}" + (f", {score:+.3g} deviations from the mean." if scores else ".")
        verdict = Verdict.accept if score >= self.accept_at else Verdict.reject
        return Judgment(sample.id, str(self.name), 0, score, verdict, reason, "")


def rated(engine: Engine, chats: Sequence[Messages], texts: Sequence[str]) -> list[float | Failure]:
    """Rate texts, and say of those that cannot be why; the others are rated without them."""
    ratings: list[float | Failure | None] = [None] * len(texts)
    while rest := [n for n, rating in enumerate(ratings) if rating is None]:
        try:
            scores = engine.rate([chats[n] for n in rest], [texts[n] for n in rest])
        except PromptError as error:
            if error.position is None:
                raise
            ratings[rest[error.position]] = Failure(FailureKind(error.kind), error.message)
        else:
            for n, score in zip(rest, scores, strict=True):
                ratings[n] = score
    return [rating for rating in ratings if rating is not None]


def z_scores(scores: Sequence[float]) -> list[float]:
    """Return (score - mean) / standard deviation of the whole group; 0 for each where all are the same."""
    if not scores:
        return []
    mean = math.fsum(scores) / len(scores)
    deviation = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / len(scores))
    return [(score - mean) / deviation if deviation else 0.0 for score in scores]
