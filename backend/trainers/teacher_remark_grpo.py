"""GRPO in which a teacher adds remarks to some completions (ThinkTuning: RRV et al. 2025, arXiv 2508.07616)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend.trainers import TrainSpec
from backend.trainers._guided import MarkedReward
from backend.trainers._remarks import RemarkedRollout, RemarkKnobs, remarking

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, TrainerInputs
    from backend.trainers._reward import Reward


class TeacherRemarkGRPO(RemarkKnobs):
    """GRPO whose group holds some completions that go on with a remark of a teacher.

    Of the completions that ended by themselves a share is shown to the teacher, who writes greedily what the policy
    should think next. The remark is put behind the completion, and `reward` judges both as one text, which is compared
    with the plain ones of its group. The share falls from remark_share to last_share in equal steps; from least_share
    down there are no remarks, and it is GRPO. In a guided text the advantage A of a token with the probability p is
    multiplied by p / (p + shaping A / 4), so that less is learned of words that the policy would hardly write; see
    `_remarks.shaped` for the bounds, which are those of the released code.
    """

    @property
    def guides(self) -> tuple[str, ...]:
        return (self.remarks_by,)

    @property
    def max_tokens_per_rollout(self) -> int:
        return self.max_completion_length + self.remark_tokens

    def room(self, weights: "TrainerInputs") -> int:
        return self.max_completion_length + self.remark_tokens

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        return MarkedReward(self, rows, spec)

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        assert isinstance(reward, MarkedReward)
        fitted = self.fit(remarking(self), reward, arguments, weights, dataset)
        # Set here, since its argument warns that it may change; the versions are pinned.
        fitted.rollout_func = RemarkedRollout(self, reward)
        return fitted
