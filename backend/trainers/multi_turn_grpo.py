"""GRPO on chats of several turns, all of them written by the policy as it is trained.

Self-correction by SCoRe (Kumar et al. 2024, arXiv 2409.12917): two answers, a bonus for getting better on the second
one, and in a first stage a divergence that holds the first answer to the base. Self-verification by S2R (Ma et al.
2025, arXiv 2502.12853): a verdict on the answer, then another answer. Reflections that are paid for by the retry after
them (Bensal et al. 2025, arXiv 2505.24726).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend.trainers import TrainSpec, _turns
from backend.trainers._turn_knobs import AGAIN, TurnKnobs
from backend.trainers._turn_loss import turn_grpo
from backend.trainers._turn_reward import TurnReward

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, TrainerInputs
    from backend.trainers._reward import Reward

__all__ = ["AGAIN", "MultiTurnGRPO"]


class MultiTurnGRPO(TurnKnobs):
    """GRPO whose policy answers, is asked `follow_ups` in the same chat, and is credited turn by turn.

    A turn is an `answer`, which `reward` judges; a `verdict` on the answer before it, with reward 1 where it says what
    `reward` says of that answer, 0 where it says the opposite, and none where it says nothing that can be read; or a
    `thought`, which has no reward of its own. A verdict that accepts ends the chat. The advantage of a turn is what it
    is credited with less the mean of the same turn in its group, scaled as `scale_rewards` says. With one turn it is
    GRPO.
    """

    @property
    def needs_reference(self) -> bool:
        return self._largest_beta > 0

    @property
    def _largest_beta(self) -> float:
        """How strongly the turn that is held most is held; of one turn how strongly that one is."""
        first = self.beta if self.first_turn_beta is None else self.first_turn_beta
        return first if len(self.turn_kinds) == 1 else max(self.beta, first)

    @property
    def max_tokens_per_chat(self) -> int:
        return len(self.turn_kinds) * self.max_tokens_per_rollout

    @property
    def asked_beside(self) -> tuple[str, ...]:
        return ("\n".join(self.follow_ups),)

    def rollouts(self, prompts: int) -> int:
        return super().rollouts(prompts) * len(self.turn_kinds)

    def room(self, weights: "TrainerInputs") -> int:
        between = _turns.between(weights.tokenizer, weights.base, self.follow_ups, {weights.tokenizer.eos_token_id})
        return len(self.turn_kinds) * self.max_completion_length + sum(map(len, between))

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        return TurnReward(self, rows, spec)

    def _arguments(self) -> dict[str, Any]:
        # TRL asks the reference where its beta is above 0.
        return super()._arguments() | {"beta": self._largest_beta}

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        assert isinstance(reward, TurnReward)
        fitted = self.fit(turn_grpo(self, reward), reward, arguments, weights, dataset)
        between = _turns.between(weights.tokenizer, weights.base, self.follow_ups, set(fitted.eos_token_ids))
        # Set here, since its argument warns that it may change; the versions are pinned.
        fitted.rollout_func = _turns.TurnRollout(self, between)
        return fitted
