"""GRPO that also teaches the policy to score its own texts by one token (LaSeR: Yang et al. 2025, arXiv 2510.14943)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend.errors import InvalidInput
from backend.trainers import TrainSpec
from backend.trainers._self_score import SelfScoreKnobs, self_scoring
from backend.trainers._verdict_reward import VerdictReward

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, TrainerInputs
    from backend.trainers._reward import Reward


class GRPOSelfScore(SelfScoreKnobs):
    """GRPO with a term that moves the policy's score of its own text towards the verdict of `reward` on it.

    The score of a text y is r_s = score_beta (log pi(z | x, y, end) - reference_log_prob), z being a token that no text
    holds: what the policy says it would write after the end. The loss gains score_weight times the mean of
    (r_s - v)^2, v = 1 for what `reward` accepts and 0 for what it rejects, both classes with the same weight in all; a
    text that was cut off, or of which nothing is known, has no term. The advantage becomes (1 - advantage_share) A +
    advantage_share A_self, A_self being r_s, kept in [0, 1] and normalized in the group, where its deviation there is
    above least_deviation, else A.
    """

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        return VerdictReward(self, rows, spec)

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        assert isinstance(reward, VerdictReward)
        fitted = self.fit(self_scoring(self, reward), reward, arguments, weights, dataset)
        token = self.token(weights.tokenizer)
        if token in fitted.eos_token_ids and self.score_weight:
            raise InvalidInput(
                f"The token {weights.tokenizer.convert_ids_to_tokens(token)} ends the model's texts, so that it cannot "
                "score them. Name another special token that no text holds in score_token."
            )
        return fitted
