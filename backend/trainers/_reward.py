"""A judge as the reward function of TRL's online trainers, and the texts it was asked about, one JSON object a line.

A line of `samples.jsonl`: step (the optimizer step in which the text was first trained on), row (of the dataset),
position (in its group), text, finish_reason, num_tokens, reward (null: none), advantage, components (each judge's
score, where several were summed), said (why).
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.engines import Engine
from backend.engines._live import around, same_randomness
from backend.errors import TrainerError
from backend.judges import Judge
from backend.trainers import LIVE, TrainSpec
from backend.trainers._rl_knobs import RLKnobs
from backend.values import JSON, Group, Judgment, Prompt, Sample, Verdict, mean_score

if TYPE_CHECKING:
    from transformers import Trainer as HFTrainer
    from transformers import TrainerCallback

    from backend.trainers._inputs import Row

FILE = "samples.jsonl"
MOST_SAID = 500
"""Characters kept of what a judge said of a text."""
Components = dict[str, float | None]
"""What each of several judges, or the judge of each turn, gave a text."""


class Reward:
    """Called by TRL with the completions of one generation: the judge's score of each, None where it gave none.

    The judge sees whole groups: TRL puts the completions of a prompt side by side. Its seed follows from that of the
    training and the step, so that a resumed training gets the same judgments, and the random numbers of the training
    stay as they are.
    """

    def __init__(self, trainer: RLKnobs, rows: "Sequence[Row]", spec: TrainSpec) -> None:
        self.trainer, self.spec = trainer, spec
        self.judge: Judge = trainer.reward
        self.rows = {row.number: row for row in rows}
        self.file = Path(spec.output_dir) / FILE
        self.pending: list[JSON] = []
        self.engines: dict[str, Engine] = {}
        self.fitted: Any = None
        self.tokenizer: Any = None
        self.__name__ = str(self.judge.name)

    def attach(self, fitted: "HFTrainer", tokenizer: Any) -> None:
        """Say which training this is the reward of."""
        self.fitted, self.tokenizer = fitted, tokenizer
        fitted.add_callback(_callback(self))

    def __call__(
        self,
        prompts: Any,
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]],
        row: Sequence[int],
        trainer_state: Any,
        log_metric: Any,
        **_: Any,
    ) -> list[float | None]:
        ends = set(self.fitted.eos_token_ids)
        texts = [
            Sample(
                id=number,
                prompt_id=row[number],
                text=str(completion[0]["content"] or ""),
                finish_reason="stop" if ids and ids[-1] in ends else "length",
                num_tokens=len(ids),
                position=number % self.trainer.num_generations,
            )
            for number, (completion, ids) in enumerate(zip(completions, completion_ids, strict=True))
        ]
        judgments = self._judge(self._groups(texts), trainer_state.global_step)
        rewards = [self._reward(judgments[text.id]) for text in texts]
        self._note(texts, judgments, rewards, trainer_state.global_step + 1, log_metric)
        return rewards

    def _groups(self, texts: Sequence[Sample]) -> list[Group]:
        size = self.trainer.num_generations
        groups: list[Group] = []
        for start in range(0, len(texts), size):
            members = tuple(texts[start : start + size])
            assert len({text.prompt_id for text in members}) == 1
            groups.append(Group(self._prompt(members[0].prompt_id), members, position=len(groups)))
        return groups

    def _prompt(self, row: int) -> Prompt:
        """What a row of the dataset asks, with what is known of it."""
        row_ = self.rows[row]
        notes = row_.notes
        return Prompt(row_.number, row_.columns["prompt"], notes.get("answer"), notes.get("metadata") or {})

    def _judge(self, groups: Sequence[Group], step: int) -> Mapping[int, list[Judgment]]:
        """The judgments of each completion, by its number."""
        seed = random.Random(f"{self.spec.seed} {step}").getrandbits(31)
        by_text: dict[int, list[Judgment]] = defaultdict(list)
        needs_engine = self.judge.needs_engine
        with same_randomness(), self.asked(self.trainer.judge_by) if needs_engine else nullcontext() as engine:
            for judgment in self.judge.judge(engine, groups, seed=seed):
                by_text[judgment.sample_id].append(judgment)
        judgments = [judgment for several in by_text.values() for judgment in several]
        failures = [judgment.failure for judgment in judgments if judgment.failure is not None]
        if failures and len(failures) == len(judgments):
            raise TrainerError(
                f"The judge {self.judge.name} could not be asked about any of the {len(by_text)} completions of step "
                f"{step + 1}: {failures[0].reason} Resume the training once it can."
            )
        return by_text

    @contextmanager
    def asked(self, role: str) -> Iterator[Engine]:
        """Who answers in a role: the policy as it is now, or an engine that is opened once."""
        if role == LIVE:
            model = self.fitted.accelerator.unwrap_model(self.fitted.model)
            # Adapters are inside the base model's layers, and only its forward says which inputs it takes.
            model = model.get_base_model() if hasattr(model, "get_base_model") else model
            size = self.trainer.completions
            with around(model, self.tokenizer, name=self.spec.policy, batch_size=size) as engine:
                yield engine
        else:
            if role not in self.engines:
                self.engines[role] = Engine.load(self.spec.engines[role]).__enter__()
            yield self.engines[role]

    def _reward(self, judgments: Sequence[Judgment]) -> float | None:
        score, verdict = self.judge.label(judgments)
        if self.trainer.reward_from == "score":
            return score
        return None if verdict is None else float(verdict is Verdict.accept)

    def _note(
        self,
        texts: Sequence[Sample],
        judgments: Mapping[int, list[Judgment]],
        rewards: Sequence[float | None],
        step: int,
        log_metric: Any,
    ) -> None:
        components = [_components(judgments[text.id]) for text in texts]
        words = [" ".join(judgment.rationale for judgment in judgments[text.id]) for text in texts]
        self._keep(texts, rewards, components, words, step, log_metric)

    def _keep(
        self,
        texts: Sequence[Sample],
        rewards: Sequence[float | None],
        components: Sequence[Components],
        words: Sequence[str],
        step: int,
        log_metric: Any,
    ) -> None:
        """Keep what was written and said, and log the mean of each component."""
        for name in dict.fromkeys(name for component in components for name in component):
            scores = [component[name] for component in components if component.get(name) is not None]
            if scores:
                log_metric(f"rewards/{name}", mean_score([score for score in scores if score is not None]))
        log_metric("rewards/none", sum(reward is None for reward in rewards) / len(rewards))
        self.pending += [
            {
                "step": step,
                "row": text.prompt_id,
                "position": text.position,
                "text": text.text,
                "finish_reason": text.finish_reason,
                "num_tokens": text.num_tokens,
                "reward": reward,
                "components": parts,
                "said": text_said[:MOST_SAID],
            }
            for text, reward, parts, text_said in zip(texts, rewards, components, words, strict=True)
        ]

    def flush(self) -> None:
        """Write what was kept, each with the advantage that TRL gave it."""
        if not self.pending:
            return
        with self.file.open("a", encoding="utf-8") as out:
            for line, learned in zip(self.pending, self._advantages(), strict=True):
                out.write(json.dumps(line | learned) + "\n")
        self.pending = []

    def _advantages(self) -> list[JSON]:
        """What the lines to be written say of the advantages."""
        advantages = list(self.fitted._logs["advantages"])[-len(self.pending) :]
        return [{"advantage": advantage} for advantage in advantages]

    def close(self) -> None:
        """Let go of the engines that were opened."""
        while self.engines:
            self.engines.popitem()[1].__exit__(None, None, None)


def _components(judgments: Sequence[Judgment]) -> Components:
    """The mean score of each of several judges; empty where there was one."""
    scores: dict[str, list[float]] = {judgment.judge: [] for judgment in judgments}
    if len(scores) < 2:
        return {}
    for judgment in judgments:
        if judgment.score is not None:
            scores[judgment.judge].append(judgment.score)
    return {name: mean_score(scores_) if scores_ else None for name, scores_ in scores.items()}


def _callback(reward: Reward) -> "TrainerCallback":
    """Writes the texts after each pass, and lets a training be saved between two generations only."""
    from transformers import TrainerCallback

    class Rollouts(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            period = reward.trainer.period
            state.save_steps = -(-int(state.save_steps) // period) * period

        def on_substep_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            reward.flush()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            reward.flush()

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            reward.close()

    return Rollouts()
