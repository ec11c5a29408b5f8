"""Odds ratio preference optimization: likelihood of the chosen side and odds above the rejected one, no reference.

Hong, Lee, Thorne 2024, arXiv 2403.07691: the loss is the negative log-likelihood of the chosen side minus
lambda * log sigmoid(log odds(y+) - log odds(y-)), odds(y) = p / (1 - p), log p being the mean of the log-probabilities
of the text's tokens. TRL's likelihood is that of prompt and text together, as in the paper's code.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from backend.trainers._pairs import WithoutReference, silence_experimental
from backend.values import DatasetType

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import TrainerInputs


class ORPO(WithoutReference):
    """TRL's experimental ORPOTrainer."""

    trains_on: ClassVar[DatasetType] = DatasetType.preference

    beta: float = Field(0.1, gt=0, description="factor of the odds ratio's term, lambda in the paper")

    def build(self, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset") -> "HFTrainer":
        silence_experimental()
        from trl.experimental.orpo import ORPOConfig, ORPOTrainer

        return self.fitted(ORPOTrainer, ORPOConfig(**arguments, beta=self.beta), arguments, weights, dataset)
