"""TRL's GRPOTrainer on prompts that are chosen for each generation, by what the generations before it gave."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from backend.trainers._reward import Reward
from backend.values import JSON

if TYPE_CHECKING:
    from trl.trainer.grpo_trainer import GRPOTrainer


class Chooser(Protocol):
    """Chooses rows of the dataset, and learns of what came of them.

    What it does next follows from the seed and the lines of `samples.jsonl`, and of what a training checkpoint holds
    for it: so a training that was broken off chooses the same rows as one that was not.
    """

    def begin(self, lines: Sequence[JSON], fitted: Any) -> None:
        """Take over what the generations before a training was broken off gave; no lines where it begins."""

    def choose(self, prompts: int) -> list[int]:
        """Return the numbers of so many rows for the next generation."""

    def learn(self, lines: Sequence[JSON]) -> Mapping[str, float]:
        """Take in a generation, as lines of `samples.jsonl`; return what the curves show of it."""


def choosing(chooser: Chooser, reward: Reward) -> "type[GRPOTrainer]":
    """Return the trainer; it is made here because torch and TRL are imported only when training.

    The rows that TRL's own sampler draws are not looked at: they say how many generations there are.
    """
    from trl.trainer.grpo_trainer import GRPOTrainer

    base: Any = GRPOTrainer

    class ChoosingTrainer(base):
        has_begun = False

        def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
            if not self.has_begun:
                chooser.begin(written(reward), self)
                self.has_begun = True
            size = self.num_generations
            rows = [row for row in chooser.choose(len(inputs) // size) for _ in range(size)]
            output: dict[str, Any] = super()._generate_and_score_completions(
                [dict(reward.rows[row].columns) | {"row": row} for row in rows]
            )
            lines = reward.pending[-len(rows) :]
            learned = [
                line | {"advantage": advantage}
                for line, advantage in zip(lines, output["advantages"].tolist(), strict=True)
            ]
            for name, value in chooser.learn(learned).items():
                self._metrics["train"][name].append(value)
            return output

    return ChoosingTrainer


def written(reward: Reward) -> list[JSON]:
    """What was written before the training was broken off, which a training that is resumed goes on from."""
    if not reward.file.exists():
        return []
    with reward.file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def generations(lines: Sequence[JSON], completions: int) -> list[Sequence[JSON]]:
    """The lines of each generation of so many completions, in order."""
    return [lines[start : start + completions] for start in range(0, len(lines), completions)]
