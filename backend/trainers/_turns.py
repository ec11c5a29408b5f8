"""Chats of several turns: how they are written, and what each turn is credited with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.engines import _chat
from backend.errors import InvalidInput
from backend.judges import prompt_text
from backend.trainers._turn_knobs import ANSWER, THOUGHT, VERDICT, TurnKnobs
from backend.values import Group, Messages, Prompt, Sample, Verdict

SMALL = 1e-4
"""Added to deviations before dividing by them, as in TRL."""
Rewards = list[list[float | None]]
"""Of each chat a number for each turn; None where there is none, be it that nothing is known or no turn."""


@dataclass
class Episode:
    """What was written after one prompt.

    ids: all tokens after the prompt. turn_of: of each token the turn it belongs to, from 1, or 0 for a follow-up's.
    texts, ended: of each turn its text, and whether it ended by itself. is_over: whether a verdict ended the chat.
    """

    ids: list[int] = field(default_factory=list)
    turn_of: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ended: list[bool] = field(default_factory=list)
    is_over: bool = False

    def ask(self, between: Sequence[int]) -> None:
        """Add a follow-up, and the start of the next text. between: see the function of that name."""
        ids = between[1:] if self.ended[-1] else between
        self.ids += ids
        self.turn_of += [0] * len(ids)

    def write(self, ids: Sequence[int], text: str, *, is_ended: bool) -> None:
        """Add a turn."""
        self.texts.append(text)
        self.ended.append(is_ended)
        self.ids += ids
        self.turn_of += [len(self.texts)] * len(ids)

    def chat(self, follow_ups: Sequence[str]) -> str:
        """All turns and follow-ups as one text, with their roles where there are several turns."""
        messages: Messages = []
        for turn, text in enumerate(self.texts):
            messages += [{"role": "user", "content": follow_ups[turn - 1]}] if turn else []
            messages.append({"role": "assistant", "content": text})
        return prompt_text(messages)


class TurnRollout:
    """TRL's rollout function: the policy writes all turns of a generation's chats, turn by turn, by TRL's own sampling.

    It returns a key `episode`, which TRL hands on to the reward function and puts into its inputs.
    """

    def __init__(self, trainer: TurnKnobs, between: Sequence[list[int]]) -> None:
        self.trainer, self.between = trainer, between

    def __call__(self, prompts: list[Any], fitted: Any) -> dict[str, Any]:
        heads, _, _ = fitted._tokenize_prompts(prompts)
        episodes = [Episode() for _ in prompts]
        for turn, kind in enumerate(self.trainer.turn_kinds):
            going = [n for n, episode in enumerate(episodes) if not episode.is_over]
            if not going:
                break
            for n in going if turn else ():
                episodes[n].ask(self.between[turn - 1])
            asked = [[*heads[n], *episodes[n].ids] for n in going]
            written, _ = fitted._generate_single_turn(asked, None, {}, fitted.num_generations)
            texts = fitted.processing_class.batch_decode(written, skip_special_tokens=True)
            for n, ids, text in zip(going, written, texts, strict=True):
                episodes[n].write(ids, text, is_ended=bool(ids) and ids[-1] in fitted.eos_token_ids)
            if kind == VERDICT:
                self._end([episodes[n] for n in going])
        trained = set(self.trainer.trained_turns) or set(range(1, len(self.trainer.turn_kinds) + 1))
        return {
            "prompt_ids": heads,
            "completion_ids": [episode.ids for episode in episodes],
            "logprobs": None,
            "env_mask": [[int(turn in trained) for turn in episode.turn_of] for episode in episodes],
            "episode": episodes,
        }

    def _end(self, episodes: Sequence[Episode]) -> None:
        """End the chats whose verdict accepts."""
        texts = tuple(last(episode, number) for number, episode in enumerate(episodes))
        for judgment in self.trainer.verdict_reader.judge(None, [Group(Prompt(0, []), texts)], seed=0):
            episodes[judgment.sample_id].is_over = judgment.verdict is Verdict.accept


def last(episode: Episode, number: int) -> Sample:
    """The newest text of a chat, as judges see it."""
    return Sample(number, 0, episode.texts[-1], "stop" if episode.ended[-1] else "length")


def between(tokenizer: Any, model: str, follow_ups: Sequence[str], ends: set[int]) -> list[list[int]]:
    """The tokens from the end token of one text to the start of the next, of each follow-up.

    The first of them is the end token, which a text that ended by itself has already. Raises `InvalidInput` where the
    chat template refuses such a chat, or does not write its end by an end token of the model.
    """
    start: Messages = [{"role": "user", "content": "1"}]
    pattern = _chat.special_texts(tokenizer)
    pieces = []
    for follow_up in follow_ups:
        chat: Messages = [*start, {"role": "assistant", "content": "1"}, {"role": "user", "content": follow_up}]
        try:
            (closed,) = _chat.encode_closed(tokenizer, pattern, [start], ["1"])
            (whole,) = _chat.encode(tokenizer, pattern, [chat])
        except _chat.REFUSALS as error:
            raise InvalidInput(_chat.refusal(model, chat, error)) from error
        end = max((n for n, token in enumerate(closed) if token in ends), default=-1)
        if end < 0 or whole[: end + 1] != closed[: end + 1]:
            raise InvalidInput(
                f"The chat template of {model} does not end a text by an end token of the model, or writes it "
                "otherwise when the chat goes on, so that several turns cannot be trained on. Choose another model."
            )
        pieces.append(whole[end:])
    return pieces


def credited(rewards: Sequence[Sequence[float | None]], trainer: TurnKnobs, written: Sequence[int]) -> Rewards:
    """What each turn of each chat is credited with; None where that is not known.

    rewards: of each chat the reward of each turn, before weights. written: how many turns each chat has.
    """
    return [_credits(own, trainer, turns) for own, turns in zip(rewards, written, strict=True)]


def _credits(rewards: Sequence[float | None], trainer: TurnKnobs, written: int) -> list[float | None]:
    kinds = trainer.turn_kinds
    weights = trainer.turn_weights or (1.0,) * len(kinds)
    answers = [n for n in range(written) if kinds[n] == ANSWER]
    if trainer.credit == "outcome":
        return [rewards[answers[-1]] if answers and n < written else None for n in range(len(kinds))]
    paid = [n for n in range(written) if kinds[n] != THOUGHT]
    credits_: list[float | None] = []
    for turn in range(len(kinds)):
        counted = [n for n in paid if n == turn or (trainer.credit == "return" and n > turn)] if turn < written else []
        # A turn of weight 0 counts for nothing, also where nothing is known of it.
        known = [0.0 if weights[n] == 0 else _times(weights[n], rewards[n]) for n in counted]
        before = [n for n in answers if n < turn]
        if trainer.progress_bonus and turn in answers and before:
            known.append(_times(trainer.progress_bonus, rewards[turn]))
            known.append(_times(-trainer.progress_bonus, rewards[before[-1]]))
        sure = [value for value in known if value is not None]
        credits_.append(math.fsum(sure) if sure and len(sure) == len(known) else None)
    return credits_


def _times(weight: float, reward: float | None) -> float | None:
    return None if reward is None else weight * reward


def totals(rewards: Sequence[Sequence[float | None]], trainer: TurnKnobs, written: Sequence[int]) -> list[float | None]:
    """The reward of each chat, for curves and lists: of its last answer, or the weighted sum of its turns."""
    plain = trainer.model_copy(update={"credit": "return"}) if trainer.credit == "turn" else trainer
    return [credit[0] for credit in credited(rewards, plain, written)]


def advantages(credits: Sequence[Sequence[float | None]], size: int, scale: str) -> list[list[float]]:
    """The advantage of each turn of each chat, 0 where its credit is not known; scale: TRL's `scale_rewards`.

    (c - mean) / (deviation + 0.0001) over the same turn of the `size` chats of a group; of scale batch the deviation is
    over all chats, and none divides by nothing. The deviation is of a sample (n - 1).
    """
    values = [[0.0] * len(credit) for credit in credits]
    for turn in range(len(credits[0]) if credits else 0):
        column = [credit[turn] for credit in credits]
        for start in range(0, len(column), size):
            members = range(start, min(start + size, len(column)))
            known = [value for n in members if (value := column[n]) is not None]
            spread = _deviation([value for value in column if value is not None] if scale == "batch" else known)
            for n in members:
                value = column[n]
                if value is not None and spread is not None:
                    centred = value - math.fsum(known) / len(known)
                    values[n][turn] = centred if scale == "none" else centred / (spread + SMALL)
    return values


def _deviation(values: Sequence[float]) -> float | None:
    """None of fewer than two: nothing can be compared."""
    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
