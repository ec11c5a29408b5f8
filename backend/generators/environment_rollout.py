"""Let the policy act in an environment: each sample is an episode of several turns."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from pydantic import Field

from backend.engines import Engine
from backend.environments import OBSERVATION, Environment, World, task
from backend.environments.calculator import Calculator
from backend.generators import Generator
from backend.values import JSON, Completion, Failure, FailureKind, Message, Messages, Prompt, Sample, Sampling
from backend.values.episodes import ASSISTANT, as_chat


@dataclass
class _Episode:
    """One world and what was said in it so far."""

    prompt: Prompt
    number: int
    """Of its prompt within the batch."""
    world: World
    turns: list[Message] = field(default_factory=list)
    texts: list[Completion] = field(default_factory=list)
    is_over: bool = False
    failure: Failure | None = None

    @property
    def chat(self) -> Messages:
        return as_chat(self.prompt.messages, self.turns)


class EnvironmentRollout(Generator):
    """Play n episodes of each prompt; a sample is an episode, and its text the last that the policy wrote.

    In each turn the policy writes a text, and the environment answers it or ends the episode. All episodes of a batch
    go on together: each turn asks the model once for all of them. `turns` holds every message; what the environment
    says has the role user, and trainings never learn it. Where the world gives a reward it is noted in `extra`, where
    the judge `noted` reads it, with the number of the policy's texts (`texts`).

    A text that was cut off ends its episode, which is truncated then. An episode that is not over after `max_turns`
    texts has failed: it is listed on the round with the reason, and is no sample.
    """

    environment: Environment = Field(Calculator(), description="what the policy acts in")
    n: int = Field(2, ge=1, le=1024, description="episodes of each prompt")
    max_turns: int = Field(6, ge=1, le=100, description="most texts of the policy in one episode")
    temperature: float = Field(1.0, ge=0, le=5, description="0 is greedy; higher is more varied")
    top_p: float = Field(
        1.0, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    max_tokens: int = Field(256, ge=1, description="longest text of one turn in tokens; a longer one ends its episode")
    stop: tuple[str, ...] = Field(
        (f"\n{OBSERVATION}",), description="texts that end a turn, such as what the environment's answers begin with"
    )

    def generate(self, engine: Engine, prompts: Sequence[Prompt], *, seed: int) -> list[list[Sample]]:
        return self._play(engine, prompts, n=self.n, temperature=self.temperature, seed=seed)

    def held_out(self, engine: Engine, prompts: Sequence[Prompt], *, n: int, seed: int) -> list[list[Sample]]:
        greedy_texts = self._play(engine, prompts, n=1, temperature=0.0, seed=seed)
        more = self._play(engine, prompts, n=n, temperature=1.0, seed=seed, first=1) if n else [[] for _ in prompts]
        return [greedy + others for greedy, others in zip(greedy_texts, more, strict=True)]

    def _play(
        self, engine: Engine, prompts: Sequence[Prompt], *, n: int, temperature: float, seed: int, first: int = 0
    ) -> list[list[Sample]]:
        played = [[self._begin(prompt, number) for _ in range(n)] for number, prompt in enumerate(prompts)]
        for turn in range(self.max_turns):
            due = [player for several in played for player in several if not player.is_over]
            if not due:
                break
            chance = seed if turn == 0 else random.Random(f"{seed} turn {turn}").getrandbits(31)
            texts = self._texts(engine, due, temperature=temperature, seed=chance)
            for episode, text in zip(due, texts, strict=True):
                self._take(episode, text)
        return [[self._sample(episode, first + n) for n, episode in enumerate(several)] for several in played]

    def _begin(self, prompt: Prompt, number: int) -> _Episode:
        world = self.environment.make()
        first_text = world.reset(**task(prompt.metadata, prompt.messages, prompt.answer))
        return _Episode(prompt, number, world, [] if first_text is None else [{"role": "user", "content": first_text}])

    def _texts(self, engine: Engine, due: Sequence[_Episode], *, temperature: float, seed: int) -> list[Completion]:
        """One text of each episode. Those of one prompt that stand alike get different samples of one chat.

        How many that are follows from the prompt alone, so that what else is in the batch changes nothing.
        """
        alike: dict[tuple[int, str], list[int]] = defaultdict(list)
        for place, episode in enumerate(due):
            alike[episode.number, repr(episode.turns)].append(place)
        by_place: dict[int, Completion] = {}
        for size in sorted({len(places) for places in alike.values()}):
            some = [places for places in alike.values() if len(places) == size]
            sampling = Sampling(
                temperature=temperature, top_p=self.top_p, max_tokens=self.max_tokens, n=size, seed=seed, stop=self.stop
            )
            written = engine.complete([due[places[0]].chat for places in some], sampling)
            for places, texts in zip(some, written, strict=True):
                by_place |= dict(zip(places, texts, strict=True))
        return [by_place[place] for place in range(len(due))]

    def _take(self, episode: _Episode, text: Completion) -> None:
        """Go on with what the policy wrote: let the environment answer it, or end the episode."""
        if text.failure is not None:
            episode.failure, episode.is_over = text.failure, True
            return
        episode.texts.append(text)
        episode.turns.append({"role": ASSISTANT, "content": text.text})
        reply = self.environment.reply(episode.world, text.text) if text.finish_reason != "length" else None
        if reply is None:
            episode.is_over = True
        elif len(episode.texts) == self.max_turns:
            reason = f"The episode was not over after {self.max_turns} texts of the policy. Raise max_turns, or shorten"
            episode.failure, episode.is_over = Failure(FailureKind.unfinished, f"{reason} the task."), True
        else:
            episode.turns.append({"role": "user", "content": reply})

    def _sample(self, episode: _Episode, position: int) -> Sample:
        if episode.failure is not None:
            return Sample(0, episode.prompt.id, "", "error", position=position, failure=episode.failure)
        last = episode.texts[-1]
        logprobs = [text.logprob for text in episode.texts if text.logprob is not None]
        return Sample(
            id=0,
            prompt_id=episode.prompt.id,
            text=last.text,
            finish_reason=last.finish_reason,
            num_tokens=sum(text.num_tokens for text in episode.texts),
            logprob=sum(logprobs) if len(logprobs) == len(episode.texts) else None,
            position=position,
            reasoning=last.reasoning,
            extra=self._noted(episode),
            turns=tuple(episode.turns),
        )

    def _noted(self, episode: _Episode) -> JSON:
        reward = getattr(episode.world, "get_reward", None)
        noted: JSON = {"texts": len(episode.texts)}
        return noted if reward is None else noted | {"reward": float(reward())}

    @property
    def plays(self) -> bool:
        return True

    @property
    def needs_documents(self) -> bool:
        return self.environment.needs_documents

    def with_documents(self, texts: Sequence[str]) -> Self:
        return self.model_copy(update={"environment": self.environment.with_documents(texts)})

    @property
    def samples_per_prompt(self) -> int:
        return self.n

    @property
    def texts_per_sample(self) -> int:
        return self.max_turns

    @property
    def max_tokens_per_sample(self) -> int:
        return self.max_tokens

    @property
    def max_tokens_per_chat(self) -> int:
        return self.max_turns * self.max_tokens
