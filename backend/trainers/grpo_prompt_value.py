"""GRPO on the prompts of middling difficulty, by a prediction (PCL: Gao et al. 2025, arXiv 2510.01135)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.trainers import _folders
from backend.trainers._choosing import choosing
from backend.trainers._prompt_value import MODEL, OPTIMIZER, PromptValueKnobs, PromptValues, keeping

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import TrainerInputs
    from backend.trainers._reward import Reward


class GRPOPromptValue(PromptValueKnobs):
    """GRPO whose prompts are chosen by a value model V, which is trained beside the policy.

    Before each generation `candidates` prompts are drawn for each one that is needed, and those with the smallest
    |V(x) - target| are taken: no text is written to find them. After it V takes one optimizer step on the mean of
    (V(x) - r(x))^2, r(x) being the mean reward of the completions of x. V is a head of one number over the hidden state
    at the end of the prompt, on a copy of the weights that training starts from; all of its weights are trained. In a
    training that starts from the new weights it goes on. num_train_epochs counts how many prompts are taken, not which.
    """

    @property
    def resumes_with(self) -> tuple[str, ...]:
        return (*super().resumes_with, MODEL, OPTIMIZER)

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        values = PromptValues(self, reward.rows, reward.spec, weights.tokenizer)
        fitted: Any = self.fit(choosing(values, reward), reward, arguments, weights, dataset)
        fitted.prompt_values = values
        fitted.add_callback(keeping(values))
        checkpoint = _folders.newest_checkpoint(Path(reward.spec.output_dir), self.resumes_with)
        if checkpoint is not None:
            values.resume(checkpoint)
        trainer: HFTrainer = fitted
        return trainer

    def write_beside(self, fitted: "HFTrainer", folder: Path) -> None:
        values: PromptValues = vars(fitted)["prompt_values"]
        values.save(folder)
