"""What the trainers share that write texts themselves and learn from a judge's reward."""

import math
import random
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from backend.engines import _chat
from backend.errors import InvalidInput
from backend.judges import Judge
from backend.trainers import TrainSpec, _reference
from backend.trainers._reward import Reward
from backend.trainers._rl_knobs import RLKnobs
from backend.values import DatasetType, Failure, FailureKind

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import Trainer as HFTrainer

    from backend.trainers._inputs import LeftOut, Row, TrainerInputs


class RLTrainer(RLKnobs, abstract=True):
    """A trainer whose reward is any judge, asked about each group of completions as it is written."""

    trains_on: ClassVar[DatasetType] = DatasetType.prompt_only
    trains_on_rewards: ClassVar[bool] = True

    @property
    def rewards(self) -> tuple[Judge, ...]:
        return (self.reward,)

    @property
    def asked_roles(self) -> tuple[str, ...]:
        judges = (self.judge_by,) if self.reward.needs_engine else ()
        return tuple(dict.fromkeys((*judges, *self.guides)))

    @property
    def max_tokens_per_rollout(self) -> int:
        return self.max_completion_length

    def rollouts(self, prompts: int) -> int:
        return self.generations(prompts) * self.completions

    def generations(self, prompts: int) -> int:
        """How often completions are generated in a training on so many prompts."""
        if self.max_steps > 0:
            passes = self.max_steps * self.gradient_accumulation_steps
            return math.ceil(passes / (self._passes * self.num_iterations))
        return math.ceil(self.num_train_epochs * (prompts // (self.completions // self.num_generations)))

    @property
    def columns(self) -> tuple[str, ...]:
        return ("prompt",)

    @property
    def notes(self) -> tuple[str, ...]:
        return ("answer", "metadata")

    @property
    def resumes_with(self) -> tuple[str, ...]:
        return (_reference.FILE,) if self.sync_ref_model else ()

    def unfit(self, weights: "TrainerInputs", rows: "Sequence[Row]", most: int) -> "LeftOut":
        """Rows whose prompt the chat template refuses, or leaves too little room: TRL would fail on them midway."""
        failures, room = {}, self.room(weights)
        for row in rows:
            prompt = row.columns["prompt"]
            try:
                ids = weights.tokenizer.apply_chat_template(
                    prompt, add_generation_prompt=True, tokenize=True, return_dict=False
                )
            except _chat.REFUSALS as error:
                failures[row.number] = Failure(FailureKind.template, _chat.refusal(weights.base, prompt, error))
                continue
            if len(ids) + room > most:
                reason = f"The prompt of the row has {len(ids):,} tokens, and max_length or the context is {most:,}."
                way_out = f"Completions of {room:,} tokens do not fit: lower max_completion_length."
                failures[row.number] = Failure(FailureKind.too_long, f"{reason} {way_out}")
        return failures

    def room(self, weights: "TrainerInputs") -> int:
        """Tokens that a completion may take after its prompt."""
        return self.max_completion_length

    def make(
        self, arguments: dict[str, Any], weights: "TrainerInputs", rows: "Sequence[Row]", spec: TrainSpec
    ) -> "HFTrainer":
        from datasets import Dataset

        per_generation = self.completions // self.num_generations
        if len(rows) < per_generation:
            raise InvalidInput(
                f"One generation takes {per_generation} prompts, but the dataset has {len(rows)} that fit. Lower "
                "per_device_train_batch_size or steps_per_generation, raise num_generations, or take more prompts."
            )
        _reference.check(self, spec)
        del arguments["max_length"]
        dataset = Dataset.from_list([row.columns | {"row": row.number} for row in rows])
        asked = dataset.select(order(self.generations(len(rows)), per_generation, len(rows), spec.seed))
        # TRL shuffles anew in each epoch, but begins with the first order where it resumes: so all is one epoch.
        own = self._arguments() | {"shuffle_dataset": False, "num_train_epochs": 1.0}
        reward = self.reward_function(rows, spec)
        fitted = self.train_with(reward, arguments | own, weights, asked)
        _reference.put(self, fitted, weights, spec)
        reward.attach(fitted, weights.tokenizer)
        return fitted

    def reward_function(self, rows: "Sequence[Row]", spec: TrainSpec) -> Reward:
        """Return the judge as TRL's reward function."""
        return Reward(self, rows, spec)

    def rows_kept(self, fitted: "HFTrainer", rows: "Sequence[Row]") -> int:
        return len(rows)

    def train_with(
        self, reward: Reward, arguments: dict[str, Any], weights: "TrainerInputs", dataset: "Dataset"
    ) -> "HFTrainer":
        """Return the TRL trainer."""
        raise NotImplementedError

    def _arguments(self) -> dict[str, Any]:
        same = (
            "num_generations max_completion_length temperature top_p top_k repetition_penalty beta "
            "steps_per_generation num_iterations epsilon epsilon_high mask_truncated_completions sync_ref_model "
            "ref_model_mixup_alpha ref_model_sync_steps"
        )
        return {name: getattr(self, name) for name in same.split()}


def order(generations: int, prompts: int, rows: int, seed: int) -> list[int]:
    """Which rows each generation is of, so many prompts at a time: the rows are shuffled for each pass over them.

    What is left of a pass and would fill no generation is left out, as TRL does.
    """
    places: list[int] = []
    for number in count():
        if len(places) >= generations * prompts:
            return places[: generations * prompts]
        shuffled = random.Random(f"{seed} {number}").sample(range(rows), rows)
        places += shuffled[: rows - rows % prompts]
    return places
