"""Contrastive preference optimization and its relatives, among them SimPO: pairs without a reference.

CPO (Xu et al. 2024, arXiv 2401.08417) is -log sigmoid(beta * (log pi(y+) - log pi(y-))) plus `cpo_alpha` times the
negative log-likelihood of the chosen side. SimPO (Meng et al. 2024, arXiv 2405.14734) takes the mean log-probability of
the tokens instead of their sum and asks for a margin, -log sigmoid(beta * (mean+ - mean-) - gamma): `loss_type` simpo
with `cpo_alpha` 0. AlphaPO (Gupta et al. 2025, arXiv 2501.03884) reshapes the rewards with `alpha`.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from backend.trainers._pairs import WithoutReference, silence_experimental
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import TrainerInputs


class CPO(WithoutReference):
    """TRL's experimental CPOTrainer."""

    trains_on: ClassVar[DatasetType] = DatasetType.preference

    beta: float = Field(0.1, gt=0, description="scale of the difference between both sides; SimPO takes 2 to 10")
    loss_type: Literal["sigmoid", "hinge", "ipo", "simpo"] = Field("sigmoid", description="loss of the difference")
    cpo_alpha: float = Field(
        1.0, ge=0, description="factor of the chosen side's negative log-likelihood; 0 for SimPO itself"
    )
    simpo_gamma: float = Field(0.5, ge=0, description="margin that simpo asks for")
    alpha: float = Field(0.0, description="shape of the rewards in AlphaPO; 0: log-probabilities as they are")
    label_smoothing: float = Field(
        0.0, ge=0, lt=0.5, description="probability that a pair is the wrong way round; of sigmoid and simpo"
    )

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        silence_experimental()
        from trl.experimental.cpo import CPOConfig, CPOTrainer

        same = ("beta", "loss_type", "cpo_alpha", "simpo_gamma", "alpha", "label_smoothing")
        config = CPOConfig(**arguments, **{name: getattr(self, name) for name in same})
        return self.fitted(CPOTrainer, config, arguments, weights, dataset)
