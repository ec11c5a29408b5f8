"""GRPO that draws its prompts from the categories it learns most from (SEC: Chen et al. 2025, arXiv 2505.14970)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.trainers._bandit import Bandit, BanditKnobs
from backend.trainers._choosing import choosing

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import TrainerInputs
    from backend.trainers._reward import Reward


class GRPOCategoryBandit(BanditKnobs):
    """GRPO whose prompts are drawn by a bandit: a category of prompts is an arm.

    The value Q(c) of a category begins with 0. Before each generation the category of each prompt is drawn with a
    probability in proportion to exp(Q(c) / value_temperature), then a prompt of it. The gain g(c) of a generation is
    the mean of |A| over the category's completions, A being GRPO's advantage, and Q(c) <- Q(c) + value_rate (g(c) -
    Q(c)) for each category that was drawn. A category is what the column `category_key` of the prompts' metadata says;
    prompts without one are a category of their own. The values go on in a training that starts from the new weights.
    num_train_epochs counts how many prompts are drawn, not which.
    """

    def train_with(
        self, reward: "Reward", arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        bandit = Bandit(self, reward.rows, reward.spec)
        fitted: Any = self.fit(choosing(bandit, reward), reward, arguments, weights, dataset)
        fitted.bandit = bandit
        trainer: HFTrainer = fitted
        return trainer

    def write_beside(self, fitted: "HFTrainer", folder: Path) -> None:
        bandit: Bandit = vars(fitted)["bandit"]
        bandit.save(folder)
