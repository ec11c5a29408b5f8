"""GRPO on episodes in an environment, played by the policy as it is trained, through TRL's `environment_factory`."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from backend.environments import Environment
from backend.environments.calculator import Calculator
from backend.trainers import TrainSpec, _environment, _turns
from backend.trainers.grpo import GRPO
from backend.values.episodes import with_message

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import LeftOut, Row, TrainerInputs
    from backend.trainers._reward import Reward


class EnvironmentGRPO(GRPO):
    """GRPO whose completions are episodes: the policy acts in an environment, which answers, until it writes no action.

    A text acts as in the generator `environment_rollout`, by its last line, and the judge sees an episode as it sees
    those. The loss is of what the policy wrote alone. An episode that is not over after `max_turns` texts or
    `max_completion_length` tokens, the environment's included, takes no part; nor does one whose text was cut off. A
    text that writes the environment's answer itself ends the episode there. Where the world gives a reward, the judge
    `noted` reads it. Held-out prompts are played in the environment, too, where no generator answers prompts.
    """

    environment: Environment = Field(default_factory=Calculator, description="what the policy acts in")
    max_turns: int = Field(6, ge=1, le=100, description="most texts of the policy in one episode")

    @model_validator(mode="after")
    def _can_be_played(self) -> Self:
        if type(self.environment).reply is not Environment.reply:
            raise ValueError(
                f"The environment {self.environment.name} reads texts in a way of its own, which TRL's loop does not "
                "follow. Choose another one, or play it by environment_rollout."
            )
        if self.environment.needs_documents:
            raise ValueError(
                f"The environment {self.environment.name} searches the round's documents, which a training does not "
                "have. Choose another one, or play it by environment_rollout."
            )
        return self

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        from backend.trainers._episode_reward import EpisodeReward

        return EpisodeReward(self, rows, spec)

    def unfit(self, weights: "TrainerInputs", rows: "Sequence[Row]", most: int) -> "LeftOut":
        return super().unfit(weights, [self._begun(row) for row in rows], most)

    def _begun(self, row: "Row") -> "Row":
        """The row with what the environment says at the end of its prompt."""
        _, first_text = _environment.begin(self.environment, row)
        if first_text is None:
            return row
        prompt = with_message(row.columns["prompt"], {"role": "user", "content": first_text})
        return replace(row, columns=row.columns | {"prompt": prompt})

    def _arguments(self) -> dict[str, Any]:
        return super()._arguments() | {"max_tool_calling_iterations": self.max_turns - 1}

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        from trl.trainer.grpo_trainer import GRPOTrainer

        ends = _ends(weights)
        _turns.between(weights.tokenizer, weights.base, ["1"], ends)  # raises where turns cannot follow each other
        own = replace(weights, tokenizer=_environment.tokenizer_for(weights.tokenizer, ends))
        make = partial(_environment.Played, self.environment, reward.rows)
        with warnings.catch_warnings():  # that its argument may change; the versions are pinned
            warnings.filterwarnings("ignore", message=".*environment_factory.*", category=UserWarning)
            return self.fit(GRPOTrainer, reward, arguments, own, dataset, environment_factory=make)


def _ends(weights: "TrainerInputs") -> set[int]:
    """The tokens by which a text ends: those that the model's generation stops at, and the tokenizer's own."""
    token_id = weights.policy.generation_config.eos_token_id
    several = token_id if isinstance(token_id, list) else [token_id]
    return {token for token in (*several, weights.tokenizer.eos_token_id) if token is not None}
