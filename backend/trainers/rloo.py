"""REINFORCE leave-one-out: a completion's advantage is its reward less the mean of its group's others.

Ahmadian et al. 2024, arXiv 2402.14740. The divergence from the reference is part of the reward.
"""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from backend.trainers._rl import RLTrainer

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import TrainerInputs
    from backend.trainers._reward import Reward


class RLOO(RLTrainer):
    """TRL's RLOOTrainer with a judge as its reward."""

    num_generations: int = Field(2, ge=2, description="completions of each prompt, which are compared with each other")
    beta: float = Field(0.05, ge=0, description="how strongly the policy is held to the reference; 0 loads none")
    normalize_advantages: bool = Field(
        False, description="subtract the mean of a generation's advantages and divide by their deviation"
    )
    reward_clip_range: tuple[float, ...] | None = Field(
        None, min_length=2, max_length=2, description="lowest and highest reward; others are set to these"
    )

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        from trl.trainer.rloo_config import RLOOConfig
        from trl.trainer.rloo_trainer import RLOOTrainer

        clip: Any = self.reward_clip_range
        return RLOOTrainer(
            weights.policy,
            reward_funcs=[reward],
            args=RLOOConfig(**arguments, normalize_advantages=self.normalize_advantages, reward_clip_range=clip),
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
        )
