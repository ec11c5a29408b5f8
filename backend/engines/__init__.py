"""Engines serve weights: messages in, completions with log-probabilities out."""

import math
from collections.abc import Collection, Generator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import ClassVar

from backend.errors import MissingPrerequisite, PromptError
from backend.registry import Part
from backend.values import Completion, Failure, FailureKind, Messages, Reading, Sampling
from backend.values.replies import ReplyForm, Usage, Weights


class Ability(StrEnum):
    """What parts ask of an engine."""

    complete = "complete"
    """Write texts."""
    read = "read"
    """Give the log-probabilities of texts that are there."""
    read_all = "read_all"
    """Read, with entropies and certainties: the probabilities of the whole vocabulary at each token."""
    rate = "rate"
    """Score texts by a head of one number."""
    weigh = "weigh"
    """Give the log-probabilities of a few words as replies. Who reads weighs, too."""

    @property
    def in_words(self) -> str:
        return IN_WORDS[self]


IN_WORDS = {
    Ability.complete: "write texts",
    Ability.read: "give the log-probabilities of texts it did not write",
    Ability.read_all: "give the probabilities of the whole vocabulary at each token of a text",
    Ability.rate: "score texts by a head of one number",
    Ability.weigh: "give the probabilities of a few words as its reply",
}
WAYS_OUT = {
    Ability.complete: "Bind a language model there",
    Ability.read: "Bind a model folder there, which is served by transformers, or a vLLM endpoint",
    Ability.read_all: "Bind a model folder there, which is served by transformers",
    Ability.rate: "Bind a scorer there: what the trainer reward_model makes, or a registered reward model",
    Ability.weigh: "Bind a model folder there, or an endpoint that gives log-probabilities, as its test on the page "
    "Checkpoints says",
}
"""What a person can do where an engine lacks an ability."""


class Engine(Part, kind="engine"):
    """Serves one checkpoint. Use as a context manager: weights are loaded on enter, released on exit."""

    incidental: ClassVar[tuple[str, ...]] = ()
    """Knobs that change no text: how often, how long and by which key it is asked, and what it was found to be able to
    do."""

    def check(self) -> None:
        """Raise what entering would raise, as far as it can be seen without loading or asking anything."""
        return None

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it can be asked for, known without loading or asking anything."""
        return frozenset({Ability.complete})

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        """Return `sampling.n` completions per prompt, in order of the prompts.

        A prompt that ends with a message by the assistant is gone on from: the text is only what is new.
        The same prompts, sampling and seed give the same completions, whatever ran before.
        The text ends before a stop string; the end token counts in `num_tokens` and `logprob`. A text that
        reaches the end of the context has finish reason `length`.
        A prompt that cannot be served gets completions with a `failure`, and the others theirs. What would befall
        every prompt is raised: `EngineError`, `MissingPrerequisite`.
        """
        raise NotImplementedError

    def stream(self, chat: Messages, sampling: Sampling) -> Generator[str | Completion]:
        """Yield one completion of a chat: what is new of its text as it comes, and the whole at the end.

        The whole is what `complete` returns, and counts where the pieces differ from it, as at a stop string. An engine
        that knows a text only once it is whole yields no pieces. Who wants no more closes the iterator.
        """
        [[completion]] = self.complete([chat], replace(sampling, n=1))
        yield completion

    @property
    def forms(self) -> frozenset[str]:
        """The kinds of forms that replies can be held to: of `choice`, `regex` and `json`."""
        return frozenset()

    def complete_as(self, form: ReplyForm, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        """Return what `complete` does, each reply held to the form where `forms` has its kind.

        Where it has not, replies are as they come: whoever asks reads both.
        """
        return self.complete(prompts, sampling)

    def weigh(self, chats: Sequence[Messages], words: Sequence[str]) -> list[Weights]:
        """Return the log-probability of each of the words as the whole text of a reply, for each chat.

        A chat whose reply cannot be weighed gets a failure. Raises what `read` does.
        """
        all_readings = self.read([chat for _ in words for chat in chats], [word for word in words for _ in chats])
        by_word = [all_readings[n * len(chats) : (n + 1) * len(chats)] for n in range(len(words))]
        return [_weighed(readings) for readings in zip(*by_word, strict=True)]

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        """Return what the model says of each token of each text as the answer to its chat, in order.

        The text stands where `complete` would write it: after the start of the assistant's turn, or, in a chat that
        ends with a message by the assistant, right after that message. The end token is not read. Special tokens that
        stand in a text in letters are read as letters.
        A text that cannot be read gets a reading with a `failure`. What would befall every text is raised:
        `EngineError`, `MissingPrerequisite`.
        """
        raise unable(self, Ability.read)

    def rate(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[float]:
        """Return a scorer's number for each text as the answer to its chat, in order, on the scorer's own scale.

        Raises `PromptError`, with the position, for a text that cannot be rated; `EngineError`, `MissingPrerequisite`.
        """
        raise unable(self, Ability.rate)

    def rates_with_dropout(
        self, chats: Sequence[Messages], texts: Sequence[str], *, passes: int, seed: int
    ) -> list[list[float]]:
        """Return as many numbers of a scorer for each text as there are passes, each with dropout on (Monte Carlo).

        The same texts and seed give the same numbers. Raises what `rate` does, and `InvalidInput` for a scorer that has
        no dropout.
        """
        raise unable(self, Ability.rate)

    @property
    def window(self) -> int:
        """How many requests it has under way at a time, for all threads that ask it together; 0 where it computes
        itself, for one caller after the other."""
        return 0

    def give_up(self, *, at_once: bool) -> None:
        """Let what other threads wait for end in an error. at_once: what is under way, too, else it is waited for.

        The engine serves nothing more after that.
        """
        return None

    def notes(self) -> tuple[str, ...]:
        """Return what a person should know of how it was served so far, such as settings that the server refused."""
        return ()

    def take_usage(self) -> Usage:
        """Return what was asked since this was last called, where a server counts tokens; else nothing."""
        return Usage()

    def count_tokens(self, messages: Messages) -> int | None:
        """Tokens of the rendered prompt, or None where the engine cannot know."""
        return None

    @property
    def context_length(self) -> int | None:
        """Tokens of prompt and completion together, or None where the engine cannot know."""
        return None


def unable(engine: Engine, ability: Ability) -> MissingPrerequisite:
    """The error of an engine that is asked for what it cannot do.

    Whoever launches a round is told so before; this is for what comes past that.
    """
    return MissingPrerequisite(f"The engine {engine.name} cannot {ability.in_words}. {WAYS_OUT[ability]}.")


def can(abilities: Collection[Ability], wanted: Ability) -> bool:
    """Whether an engine of these abilities can do what is wanted."""
    return wanted in abilities or (wanted is Ability.weigh and Ability.read in abilities)


def _weighed(readings: Sequence[Reading]) -> Weights:
    """The sums over each word's tokens; the first failure where one could not be read."""
    failure = next((reading.failure for reading in readings if reading.failure is not None), None)
    if failure is not None:
        return Weights(failure=failure)
    return Weights(tuple(math.fsum(reading.logprobs) for reading in readings))


def is_continued(chat: Messages) -> bool:
    """Whether a chat ends with a message by the assistant, which a completion goes on from."""
    return bool(chat) and chat[-1]["role"] == "assistant"


def answered(chat: Messages, text: str) -> Messages:
    """The chat with a text as its answer; one that ends with a message by the assistant gets the text at its end."""
    if is_continued(chat):
        return [*chat[:-1], {"role": "assistant", "content": chat[-1]["content"] + text}]
    return [*chat, {"role": "assistant", "content": text}]


def unanswered(chat: Messages, text: str) -> Messages:
    """The chat that, with the text as its answer so far, is this one: `answered` undone."""
    if not text or not is_continued(chat) or not chat[-1]["content"].endswith(text):
        return chat
    before = chat[-1]["content"].removesuffix(text)
    return [*chat[:-1], {"role": "assistant", "content": before}] if before else chat[:-1]


def unread(kind: FailureKind, reason: str) -> Reading:
    """Return the reading of a text that cannot be read."""
    return Reading((), failure=Failure(kind, reason))


def failed(kind: FailureKind, reason: str, n: int = 1) -> list[Completion]:
    """Return the n completions of a prompt that cannot be served."""
    return [Completion("", "error", 0, failure=Failure(kind, reason))] * n


def served(completions: list[list[Completion]]) -> list[list[Completion]]:
    """Return the completions as they are; raises `PromptError` for the first that failed.

    For callers that ask one thing and have no list of what was left out.
    """
    for completion in (completion for several in completions for completion in several):
        if completion.failure is not None:
            raise PromptError(completion.failure.reason, kind=completion.failure.kind)
    return completions
