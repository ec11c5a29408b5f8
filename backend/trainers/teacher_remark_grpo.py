"""GRPO in which a teacher adds remarks to some completions (ThinkTuning: RRV et al. 2025, arXiv 2508.07616)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, field_validator, model_validator

from backend.trainers import TrainSpec
from backend.trainers.grpo import GRPO

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import Row, Weights
    from backend.trainers._reward import Reward

NOTHING = "no remark"
REMARK = f"""A student answers a task. Write what the student should think next, in the student's own voice and in at
most three sentences: doubt a step that is wrong and put it right, or check the answer another way. If there is nothing
to add, reply with {NOTHING} alone.

Task: {{prompt}}

Answer of the student: {{response}}"""


class TeacherRemarkGRPO(GRPO):
    """GRPO whose group holds some completions that go on with a remark of a teacher.

    Of the completions that ended by themselves a share is shown to the teacher, who writes greedily what the policy
    should think next. The remark is put behind the completion, and `reward` judges both as one text, which is compared
    with the plain ones of its group. The share falls from remark_share to last_share in equal steps; from least_share
    down there are no remarks, and it is GRPO. In a guided text the advantage A of a token with the probability p is
    multiplied by p / (p + shaping A / 4), so that less is learned of words that the policy would hardly write; see
    `_remarks.shaped` for the bounds, which are those of the released code.
    """

    remarks_by: str = Field(
        "reference",
        max_length=40,
        description="who writes the remarks: live (the policy as it is trained), policy, reference, base, or a role "
        "that is bound at launch or made by an earlier step",
    )
    template: str = Field(REMARK, description="what the teacher is asked; {prompt} and {response} are filled in")
    no_remark: str = Field(NOTHING, min_length=1, description="what the teacher says where it has nothing to add")
    remark_tokens: int = Field(256, ge=1, description="longest remark in tokens; one that was cut off is not used")
    remark_share: float = Field(0.1, ge=0, le=1, description="share of completions that get a remark at first")
    last_share: float = Field(0.01, ge=0, le=1, description="share that this falls to")
    fall_steps: int = Field(0, ge=0, description="optimizer steps over which it falls; 0: a third of all")
    least_share: float = Field(0.06, ge=0, le=1, description="share from which on there are no remarks any more")
    shaping: float = Field(
        0.001,
        ge=0,
        le=0.005,
        description="how much less is learned of words that the policy would hardly write; 0: none",
    )

    @field_validator("template")
    @classmethod
    def _shows(cls, template: str) -> str:
        if missing := [slot for slot in ("{prompt}", "{response}") if slot not in template]:
            raise ValueError(f"The template lacks {missing[0]}, so the teacher would not see it. Put it in.")
        return template

    @model_validator(mode="after")
    def _is_on_policy(self) -> Self:
        if self.gradient_accumulation_steps % (self._passes * self.num_iterations):
            raise ValueError(
                "The weights of a remark's words are those of the policy that wrote the text, so that each generation "
                "has to be trained on in one optimizer step. Leave steps_per_generation unset and num_iterations 1."
            )
        if self.last_share > self.remark_share:
            raise ValueError("last_share is above remark_share, but the share falls. Swap them.")
        return self

    @property
    def guides(self) -> tuple[str, ...]:
        return (self.remarks_by,)

    @property
    def max_tokens_per_rollout(self) -> int:
        return self.max_completion_length + self.remark_tokens

    def room(self, weights: "Weights") -> int:
        return self.max_completion_length + self.remark_tokens

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> "Reward":
        from backend.trainers._guided import MarkedReward

        return MarkedReward(self, rows, spec)

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "Weights", dataset: "Dataset"
    ) -> "HFTrainer":
        from backend.trainers._guided import MarkedReward
        from backend.trainers._remarks import RemarkedRollout, remarking

        assert isinstance(reward, MarkedReward)
        fitted = self.fit(remarking(self), reward, arguments, weights, dataset)
        # Set here, since its argument warns that it may change; the versions are pinned.
        fitted.rollout_func = RemarkedRollout(self, reward)
        return fitted
