"""GRPO whose texts, with the verdicts on them, also train the policy as a judge.

SPARK: Liu et al. 2025, arXiv 2509.22624.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from backend.trainers import TrainSpec
from backend.trainers.grpo import GRPO

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, Weights
    from backend.trainers._reward import Reward

POINTWISE, PAIRWISE, REFLECTION = "pointwise", "pairwise", "reflection"
KINDS = (POINTWISE, PAIRWISE, REFLECTION)
CONCLUDE = "Is the answer right? Reply with Verdict: right or Verdict: wrong."
ASKED = {
    POINTWISE: "Task: {prompt}\n\nAnswer: {response}\n\n" + CONCLUDE,
    PAIRWISE: "Task: {prompt}\n\nAnswer A: {first}\n\nAnswer B: {second}\n\nWhich answer is right? Reply with Verdict: "
    "A or Verdict: B.",
    REFLECTION: "Task: {prompt}\n\nAnswer: {response}\n\nThink about whether the answer is right. Give no verdict yet.",
}


class GRPOJudgeMix(GRPO):
    """GRPO with the loss of a judge in each batch, on the texts that were just written.

    Each text on which `reward` has a verdict gives one row: whether it is right (pointwise), which of it and a text of
    its group with the opposite verdict is right (pairwise, the order by chance), or whether it is right after a
    reflection that the policy writes first (reflection). The loss gains judge_weight times the mean negative
    log-likelihood of the verdicts' tokens, those of `reward`; what is asked and the reflection are not trained on.
    """

    judge_weight: float = Field(0.1, ge=0, description="factor of the judging loss; 0: GRPO alone")
    judge_kinds: tuple[str, ...] = Field(
        KINDS, min_length=1, description="kinds of rows, which the texts get in turn: pointwise, pairwise, reflection"
    )
    pointwise_template: str = Field(
        ASKED[POINTWISE], description="what is asked of one text; {prompt} and {response} are filled in"
    )
    pairwise_template: str = Field(
        ASKED[PAIRWISE], description="what is asked of two texts; {prompt}, {first} and {second} are filled in"
    )
    reflection_template: str = Field(
        ASKED[REFLECTION], description="what a reflection is asked for with; {prompt} and {response} are filled in"
    )
    conclusion: str = Field(CONCLUDE, description="what is asked after a reflection")

    @model_validator(mode="after")
    def _can_ask(self) -> Self:
        if strange := [kind for kind in self.judge_kinds if kind not in KINDS]:
            raise ValueError(f"{strange[0]!r} is no kind of judging row. Kinds are: {', '.join(KINDS)}.")
        for kind in KINDS:
            slots = ("{prompt}", "{first}", "{second}") if kind == PAIRWISE else ("{prompt}", "{response}")
            if missing := [slot for slot in slots if slot not in self.template(kind)]:
                raise ValueError(f"The {kind} template lacks {missing[0]}, so the judge would not see it. Add it.")
        return self

    def template(self, kind: str) -> str:
        """What is asked in a row of this kind."""
        known = {POINTWISE: self.pointwise_template, PAIRWISE: self.pairwise_template}
        return known.get(kind, self.reflection_template)

    def rollouts(self, prompts: int) -> int:
        texts = super().rollouts(prompts)
        share = self.judge_kinds.count(REFLECTION) / len(self.judge_kinds) if self.judge_weight else 0.0
        return texts + math.ceil(texts * share)  # each of these texts is reflected on once

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        from backend.trainers._verdict_reward import VerdictReward

        return VerdictReward(self, rows, spec)

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "Weights", dataset: "Dataset"
    ) -> "HFTrainer":
        from backend.trainers._judge_mix import judge_mixing
        from backend.trainers._verdict_reward import VerdictReward

        assert isinstance(reward, VerdictReward)
        return self.fit(judge_mixing(self, reward, weights), reward, arguments, weights, dataset)
