"""GRPO whose texts, with the verdicts on them, also train the policy as a judge.

SPARK: Liu et al. 2025, arXiv 2509.22624.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend.trainers import TrainSpec
from backend.trainers._judge_mix import REFLECTION, JudgeMixKnobs, judge_mixing
from backend.trainers._verdict_reward import VerdictReward

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, TrainerInputs
    from backend.trainers._reward import Reward


class GRPOJudgeMix(JudgeMixKnobs):
    """GRPO with the loss of a judge in each batch, on the texts that were just written.

    Each text on which `reward` has a verdict gives one row: whether it is right (pointwise), which of it and a text of
    its group with the opposite verdict is right (pairwise, the order by chance), or whether it is right after a
    reflection that the policy writes first (reflection). The loss gains judge_weight times the mean negative
    log-likelihood of the verdicts' tokens, those of `reward`; what is asked and the reflection are not trained on.
    """

    def rollouts(self, prompts: int) -> int:
        texts = super().rollouts(prompts)
        share = self.judge_kinds.count(REFLECTION) / len(self.judge_kinds) if self.judge_weight else 0.0
        return texts + math.ceil(texts * share)  # each of these texts is reflected on once

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        return VerdictReward(self, rows, spec)

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        assert isinstance(reward, VerdictReward)
        return self.fit(judge_mixing(self, reward, weights), reward, arguments, weights, dataset)
