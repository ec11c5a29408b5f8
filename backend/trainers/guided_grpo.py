"""GRPO with hints on the prompts that are too hard for the policy (GHPO: Liu et al. 2025, arXiv 2507.10628)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from backend.trainers import TrainSpec
from backend.trainers.grpo import GRPO

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, Weights
    from backend.trainers._reward import Reward

HINT = "{prompt}\n\nThis is how a right answer begins. You may go on from it:\n\n{hint}"


class GuidedGRPO(GRPO):
    """GRPO whose groups without a right completion are written again, with the beginning of a solution in the prompt.

    A prompt is too hard for the policy as it is where `reward` rejects some of its completions and accepts none. Its
    group is then written anew with the first hint_shares[0] of the characters of the solution beside the question, and
    with the next share as long as that is so; what was written before is thrown away. A prompt that is solved gets no
    hint. The judge sees the question without the hint. As in the released code the hint stays in the prompt that the
    loss sees; with `strip_hints` it does not, and completions are learned as if the policy had written them unaided.
    Prompts without a solution, and those that a hint would leave too little room, stay as they are.
    """

    hint_shares: tuple[float, ...] = Field(
        (0.25, 0.5, 0.75), min_length=1, description="shares of the solution that are shown, one after the other"
    )
    hint_key: str = Field(
        "solution",
        description="column of the prompts' metadata that holds a solution; where a prompt has none, the known answer",
    )
    hint_template: str = Field(
        HINT, description="what is asked with a hint; {prompt} is the prompt's last question, {hint} what is shown"
    )
    strip_hints: bool = Field(True, description="leave hints out of what the loss sees")
    first_hint_step: int = Field(0, ge=0, description="optimizer steps before the first hint")

    @field_validator("hint_shares")
    @classmethod
    def _rise(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if not 0 < shares[0] <= shares[-1] <= 1 or sorted(set(shares)) != list(shares):
            raise ValueError(f"The hint_shares {shares} do not rise from above 0 to at most 1. Give the lowest first.")
        return shares

    @field_validator("hint_template")
    @classmethod
    def _shows(cls, template: str) -> str:
        if missing := [slot for slot in ("{prompt}", "{hint}") if slot not in template]:
            raise ValueError(f"The hint_template lacks {missing[0]}. Put it in.")
        return template

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        from backend.trainers._hints import GuidedReward

        return GuidedReward(self, rows, spec)

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "Weights", dataset: "Dataset"
    ) -> "HFTrainer":
        from trl.trainer.grpo_trainer import GRPOTrainer

        from backend.trainers._guided import asking
        from backend.trainers._hints import GuidedReward, HintedRollout

        assert isinstance(reward, GuidedReward)
        fitted = self.fit(asking(GRPOTrainer), reward, arguments, weights, dataset)
        # Set here, since its argument warns that it may change; the versions are pinned.
        fitted.rollout_func = HintedRollout(self, reward, weights)
        return fitted
