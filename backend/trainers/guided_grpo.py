"""GRPO with hints on the prompts that are too hard for the policy (GHPO: Liu et al. 2025, arXiv 2507.10628)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend.trainers import TrainSpec
from backend.trainers._hints import GuidedReward, HintedRollout, HintKnobs

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, TrainerInputs
    from backend.trainers._reward import Reward


class GuidedGRPO(HintKnobs):
    """GRPO whose groups without a right completion are written again, with the beginning of a solution in the prompt.

    A prompt is too hard for the policy as it is where `reward` rejects some of its completions and accepts none. Its
    group is then written anew with the first hint_shares[0] of the characters of the solution beside the question, and
    with the next share as long as that is so; what was written before is thrown away. A prompt that is solved gets no
    hint. The judge sees the question without the hint. As in the released code the hint stays in the prompt that the
    loss sees; with `strip_hints` it does not, and completions are learned as if the policy had written them unaided.
    Prompts without a solution, and those that a hint would leave too little room, stay as they are.
    """

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        return GuidedReward(self, rows, spec)

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        from trl.trainer.grpo_trainer import GRPOTrainer

        from backend.trainers._guided import asking

        assert isinstance(reward, GuidedReward)
        fitted = self.fit(asking(GRPOTrainer), reward, arguments, weights, dataset)
        # Set here, since its argument warns that it may change; the versions are pinned.
        fitted.rollout_func = HintedRollout(self, reward, weights)
        return fitted
