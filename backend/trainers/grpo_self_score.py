"""GRPO that also teaches the policy to score its own texts by one token (LaSeR: Yang et al. 2025, arXiv 2510.14943)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from backend.errors import InvalidInput
from backend.trainers import TrainSpec
from backend.trainers.grpo import GRPO

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, Weights
    from backend.trainers._reward import Reward


class GRPOSelfScore(GRPO):
    """GRPO with a term that moves the policy's score of its own text towards the verdict of `reward` on it.

    The score of a text y is r_s = score_beta (log pi(z | x, y, end) - reference_log_prob), z being a token that no text
    holds: what the policy says it would write after the end. The loss gains score_weight times the mean of
    (r_s - v)^2, v = 1 for what `reward` accepts and 0 for what it rejects, both classes with the same weight in all; a
    text that was cut off, or of which nothing is known, has no term. The advantage becomes (1 - advantage_share) A +
    advantage_share A_self, A_self being r_s, kept in [0, 1] and normalized in the group, where its deviation there is
    above least_deviation, else A.
    """

    score_token: str = Field("", max_length=80, description="the token z; empty: the padding token")
    score_beta: float = Field(0.1, gt=0, description="factor of the log-probability in a score")
    reference_log_prob: float = Field(
        -23.0,
        le=0,
        description="log-probability of z that is a score of 0, in nats; that of the policy before training, which the "
        "curve self_score/log_prob begins with",
    )
    score_weight: float = Field(0.1, ge=0, description="factor of the term; 0: GRPO alone")
    advantage_share: float = Field(
        0.1, ge=0, le=1, description="share of the advantage that is by the policy's own scores; 0 means none"
    )
    least_deviation: float = Field(0.1, ge=0, description="deviation of a group's scores above which they have a share")

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        from backend.trainers._verdict_reward import VerdictReward

        return VerdictReward(self, rows, spec)

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "Weights", dataset: "Dataset"
    ) -> "HFTrainer":
        from backend.trainers._self_score import self_scoring
        from backend.trainers._verdict_reward import VerdictReward

        assert isinstance(reward, VerdictReward)
        fitted = self.fit(self_scoring(self, reward), reward, arguments, weights, dataset)
        token = self.token(weights.tokenizer)
        if token in fitted.eos_token_ids and self.score_weight:
            raise InvalidInput(
                f"The token {weights.tokenizer.convert_ids_to_tokens(token)} ends the model's texts, so that it cannot "
                "score them. Name another special token that no text holds in score_token."
            )
        return fitted

    def token(self, tokenizer: Any) -> int:
        """The number of z; raises `InvalidInput` where the tokenizer has no such token."""
        name = self.score_token or tokenizer.pad_token
        vocabulary = tokenizer.get_vocab()
        if name not in vocabulary:
            raise InvalidInput(
                f"The tokenizer has no token {name!r}. Name in score_token a token of the model that no text holds, "
                "such as one that is reserved."
            )
        return int(vocabulary[name])
