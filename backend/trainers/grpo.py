"""Group relative policy optimization: completions of one prompt are compared with each other (arXiv 2402.03300).

The knobs reach its variants: `loss_type` and `scale_rewards` Dr. GRPO (arXiv 2503.20783) and DAPO (arXiv 2503.14476),
`delta` the two-sided clipping of INTELLECT-2 (arXiv 2505.07291), `importance_sampling_level` GSPO (arXiv 2507.18071).
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator

from backend.answers import check_pattern
from backend.trainers import _masked
from backend.trainers._rl import RLTrainer

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer
    from trl.trainer.grpo_trainer import GRPOTrainer

    from backend.trainers._inputs import TrainerInputs
    from backend.trainers._reward import Reward


class GRPO(RLTrainer):
    """TRL's GRPOTrainer with a judge as its reward."""

    later: ClassVar[tuple[str, ...]] = ("mask_pattern",)

    loss_type: Literal["grpo", "dr_grpo", "dapo", "bnpo", "cispo", "sapo", "luspo", "vespo"] = Field(
        "dapo", description="how the losses of tokens are put together"
    )
    scale_rewards: Literal["group", "batch", "none"] = Field(
        "group", description="what the rewards' deviation is taken over, by which advantages are divided"
    )
    importance_sampling_level: Literal["token", "sequence"] = Field(
        "token", description="whether probability ratios are of tokens or of whole completions"
    )
    delta: float | None = Field(
        None, gt=0, description="upper bound of the probability ratio where the advantage is negative; unset: none"
    )
    top_entropy_quantile: float = Field(
        1.0, ge=0, le=1, description="share of tokens, those of highest entropy, that the loss is of"
    )
    entropy_coef: float = Field(0.0, ge=0, description="factor of the bonus for entropy")
    use_adaptive_entropy: bool = Field(False, description="change that factor with the entropy that is seen")
    entropy_target: float = Field(0.2, ge=0, description="entropy in nats below which the bonus is given then")
    entropy_coef_delta: float = Field(0.005, ge=0, description="change of the factor at one step then")
    entropy_coef_min: float = Field(0.0, ge=0, description="lowest factor then")
    entropy_coef_max: float = Field(1.0, ge=0, description="highest factor then")

    mask_pattern: str = Field(
        "",
        description="regular expression; what the first group of each of its matches holds, without groups the match, "
        "is left out of the loss, such as results that the policy wrote for itself. Empty: nothing is",
    )

    @field_validator("mask_pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return check_pattern(pattern)

    @property
    def resumes_with(self) -> tuple[str, ...]:
        return (*super().resumes_with, *(("entropy_ctrl_state.json",) if self.use_adaptive_entropy else ()))

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        from trl.trainer.grpo_trainer import GRPOTrainer

        return self.fit(GRPOTrainer, reward, arguments, weights, dataset)

    def fit(
        self,
        kind: "type[GRPOTrainer]",
        reward: "Reward",
        arguments: dict[str, Any],
        weights: "TrainerInputs",
        dataset: "Dataset",
        **more: Any,
    ) -> "GRPOTrainer":
        """Return TRL's trainer, or one that descends from it, with these knobs; more: further arguments of it."""
        from trl.trainer.grpo_config import GRPOConfig

        own = (
            "loss_type scale_rewards importance_sampling_level delta top_entropy_quantile entropy_coef "
            "use_adaptive_entropy entropy_target entropy_coef_delta entropy_coef_min entropy_coef_max"
        )
        config = GRPOConfig(**arguments | {name: getattr(self, name) for name in own.split()})
        return _masked.masking(kind, self.mask_pattern)(
            weights.policy,
            reward_funcs=[reward],
            args=config,
            train_dataset=dataset,
            processing_class=weights.tokenizer,
            peft_config=weights.lora,
            **more,
        )
