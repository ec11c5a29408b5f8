"""A judge as the reward of chats of several turns.

A line of `samples.jsonl` is one chat, with what `_reward` says of a text, and turns: reward and advantage of each turn.
Its text is the whole chat with the roles, its advantage is null: each turn has one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backend.judges.agrees_with_label import AgreesWithLabel
from backend.trainers import TrainSpec, _turns
from backend.trainers._reward import Components, Reward, _components
from backend.trainers._turn_knobs import ANSWER, VERDICT, TurnKnobs
from backend.trainers._turns import Episode, Rewards
from backend.values import JSON, Group, Judgment, Sample, Verdict

if TYPE_CHECKING:
    from backend.trainers._inputs import Row

Judged = Mapping[int, Sequence[Judgment]]
Chats = Sequence[Sequence[Sample]]
"""The turns of each chat."""


class TurnReward(Reward):
    """The reward of a chat, for TRL; and kept until the next generation, reward and advantage of each turn."""

    def __init__(self, trainer: TurnKnobs, rows: "Sequence[Row]", spec: TrainSpec) -> None:
        super().__init__(trainer, rows, spec)
        self.turns = trainer
        self.rewards: Rewards = []
        self.advantages: list[list[float]] = []

    def __call__(
        self,
        prompts: Any,
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]],
        row: Sequence[int],
        trainer_state: Any,
        log_metric: Any,
        *,
        episode: Sequence[Episode] = (),
        **_: Any,
    ) -> list[float | None]:
        chats = self._chats(episode, row)
        judgments = self._judge(self._answers(chats), trainer_state.global_step)
        self.rewards = [self._of_turns(chat, judgments) for chat in chats]
        written = list(map(len, chats))
        credits = _turns.credited(self.rewards, self.turns, written)
        self.advantages = _turns.advantages(credits, self.turns.num_generations, self.turns.scale_rewards)
        rewards = _turns.totals(self.rewards, self.turns, written)
        self._log_flips(chats, judgments, log_metric)
        self._keep(
            [self._whole(chat, text) for chat, text in zip(chats, episode, strict=True)],
            rewards,
            [self._parts(chat, own, judgments) for chat, own in zip(chats, self.rewards, strict=True)],
            [self._words(chat, judgments) for chat in chats],
            trainer_state.global_step + 1,
            log_metric,
        )
        return rewards

    def _chats(self, episodes: Sequence[Episode], rows: Sequence[int]) -> Chats:
        """The texts of each chat, with ids that are theirs alone."""
        turns = len(self.turns.turn_kinds)
        return [
            [
                Sample(
                    id=number * turns + turn,
                    prompt_id=rows[number],
                    text=text,
                    finish_reason="stop" if ended else "length",
                    num_tokens=episode.turn_of.count(turn + 1),
                    position=number % self.turns.num_generations,
                )
                for turn, (text, ended) in enumerate(zip(episode.texts, episode.ended, strict=True))
            ]
            for number, episode in enumerate(episodes)
        ]

    def _answers(self, chats: Chats) -> list[Group]:
        """A group for each turn that is an answer, of the chats after one prompt: what the judge sees together."""
        groups: list[Group] = []
        for start in range(0, len(chats), self.turns.num_generations):
            members = chats[start : start + self.turns.num_generations]
            for turn, kind in enumerate(self.turns.turn_kinds):
                texts = tuple(chat[turn] for chat in members if turn < len(chat))
                if kind == ANSWER and texts:
                    groups.append(Group(self._prompt(texts[0].prompt_id), texts, position=len(groups)))
        return groups

    def _of_turns(self, chat: Sequence[Sample], judgments: Judged) -> list[float | None]:
        """The reward of each turn; None for thoughts, and for turns that were not written."""
        rewards: list[float | None] = [None] * len(self.turns.turn_kinds)
        answer = None
        for turn, (text, kind) in enumerate(zip(chat, self.turns.turn_kinds, strict=False)):
            if kind == ANSWER:
                rewards[turn] = self._reward(judgments[text.id])
                answer = replace(text, verdict=self.judge.label(judgments[text.id])[1])
            elif kind == VERDICT:
                reader = AgreesWithLabel(reader=self.turns.verdict_reader, by="verdict")
                (agreed,) = reader.judge(None, [Group(self._prompt(text.prompt_id), (text,), answer)], seed=0)
                rewards[turn] = agreed.score
        return rewards

    def _log_flips(self, chats: Chats, judgments: Judged, log_metric: Any) -> None:
        """Of the chats whose first and last answer are judged, which share went from wrong to right, or back."""
        pairs = []
        for chat in chats:
            answers = [text for text, kind in zip(chat, self.turns.turn_kinds, strict=False) if kind == ANSWER]
            ends = tuple(self.judge.label(judgments[text.id])[1] for text in (*answers[:1], *answers[-1:]))
            pairs += [ends] if len(answers) > 1 and None not in ends else []
        for name, flip in (("fixed", (Verdict.reject, Verdict.accept)), ("broken", (Verdict.accept, Verdict.reject))):
            if pairs:
                log_metric(f"turns/{name}", pairs.count(flip) / len(pairs))

    def _whole(self, chat: Sequence[Sample], episode: Episode) -> Sample:
        """A chat as one text."""
        tokens = sum(text.num_tokens for text in chat)
        return replace(chat[-1], text=episode.chat(self.turns.follow_ups), num_tokens=tokens)

    def _parts(self, chat: Sequence[Sample], rewards: Sequence[float | None], judgments: Judged) -> Components:
        """The reward of each turn, and what each of several judges gave it."""
        if len(self.turns.turn_kinds) == 1:
            return _components(judgments[chat[0].id])
        components: Components = {}
        for turn, (text, kind) in enumerate(zip(chat, self.turns.turn_kinds, strict=False), start=1):
            if kind in (ANSWER, VERDICT):
                components[f"turn_{turn}"] = rewards[turn - 1]
            if kind == ANSWER:
                components |= {f"turn_{turn} {name}": score for name, score in _components(judgments[text.id]).items()}
        return components

    def _words(self, chat: Sequence[Sample], judgments: Judged) -> str:
        return " ".join(
            judgment.rationale
            for text, kind in zip(chat, self.turns.turn_kinds, strict=False)
            if kind == ANSWER
            for judgment in judgments[text.id]
        )

    def _advantages(self) -> list[JSON]:
        if len(self.turns.turn_kinds) == 1:
            return super()._advantages()
        noted: list[JSON] = []
        for rewards, learned in zip(self.rewards, self.advantages, strict=True):
            turns = [{"reward": reward, "advantage": two} for reward, two in zip(rewards, learned, strict=True)]
            noted.append({"advantage": None, "turns": turns})
        return noted
