"""A judge as the reward of episodes: what it sees of one is what it sees of those that a generator plays."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from backend.judges import prompt_text
from backend.trainers import _environment
from backend.trainers._reward import Reward, _components
from backend.values import Sample
from backend.values.episodes import ASSISTANT


class EpisodeReward(Reward):
    """The judge's score of each episode, None for one that did not come to its end.

    A line of `samples.jsonl` is one episode, its text all turns with their roles; finish_reason is `length` for one
    that was cut off, or not over after the turns and tokens that it may take. num_tokens counts what the environment
    said, too. What the world gives at the end stands in the sample's `extra`, where the judge `noted` reads it.
    """

    def __call__(
        self,
        prompts: Any,
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]],
        row: Sequence[int],
        trainer_state: Any,
        log_metric: Any,
        *,
        environments: Sequence[Any] = (),
        **_: Any,
    ) -> list[float | None]:
        ends = set(self.fitted.eos_token_ids)
        played = [
            self._episode(number, messages, ids, row[number], world, ends)
            for number, (messages, ids, world) in enumerate(zip(completions, completion_ids, environments, strict=True))
        ]
        judgments = self._judge(self._groups(played), trainer_state.global_step)
        rewards = [
            None if episode.finish_reason == "length" else self._reward(judgments[episode.id]) for episode in played
        ]
        log_metric("episodes/unfinished", sum(episode.finish_reason == "length" for episode in played) / len(played))
        log_metric("episodes/texts", sum(episode.extra["texts"] for episode in played) / len(played))
        whole = [_as_one_text(episode) for episode in played]
        words = [" ".join(judgment.rationale for judgment in judgments[text.id]) for text in played]
        components = [_components(judgments[text.id]) for text in played]
        self._keep(whole, rewards, components, words, trainer_state.global_step + 1, log_metric)
        return rewards

    def _episode(self, number: int, messages: Any, ids: Sequence[int], row: int, played: Any, ends: set[int]) -> Sample:
        turns = _environment.turns_of(messages)
        texts = [turn["content"] for turn in turns if turn["role"] == ASSISTANT]
        is_over = turns[-1]["role"] == ASSISTANT and bool(ids) and ids[-1] in ends and not _environment.acts(texts[-1])
        reward = _environment.reward_of(played)
        return Sample(
            id=number,
            prompt_id=row,
            text=texts[-1],
            finish_reason="stop" if is_over else "length",
            num_tokens=len(ids),
            position=number % self.trainer.num_generations,
            turns=(*_environment.begun(played), *turns),
            extra={"texts": len(texts)} | ({} if reward is None else {"reward": reward}),
        )


def _as_one_text(episode: Sample) -> Sample:
    """An episode for the list of roll-outs."""
    return replace(episode, text=prompt_text(list(episode.turns)))
