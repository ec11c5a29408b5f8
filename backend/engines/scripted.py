"""Answers from a script: for tests and for trying a recipe without a model."""

import hashlib
import json
import math
import re
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, field_validator

from backend.engines import Ability, Engine, answered, failed, unable, unread
from backend.errors import EngineError, InvalidInput
from backend.values import Completion, FailureKind, Messages, Reading, Sampling


class ReplyRule(BaseModel):
    """Prompts whose text matches `pattern` get one of the replies; with `fails`, they fail and it is the reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str
    reply: str | tuple[str, ...]
    fails: FailureKind | None = None

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"The pattern {value!r} is no regular expression: {error}.") from error
        return value

    @cached_property
    def replies(self) -> tuple[str, ...]:
        return (self.reply,) if isinstance(self.reply, str) else self.reply


class ScoreRule(BaseModel):
    """Texts whose chat, with the text as its answer, holds `pattern` get the number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pattern: str
    number: float = Field(allow_inf_nan=False)

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, value: str) -> str:
        return ReplyRule._is_a_pattern(value)


class Scripted(Engine):
    """The same messages, seed and position always get the same reply; temperature 0 ignores the seed.

    Texts are read word by word, each as one of two outcomes: log-probability, entropy and certainty are those of the
    probabilities p and 1 - p.
    """

    replies: tuple[str, ...] = Field((), description="replies to choose from where no rule matches")
    rules: tuple[ReplyRule, ...] = Field(
        (), description="the first rule whose pattern is found in the messages replies"
    )
    max_length: int | None = Field(None, description="words that prompt and reply may have together")
    delay_seconds: float = Field(0.0, ge=0, description="time one call takes")

    likelihoods: tuple[ScoreRule, ...] = Field(
        (), description="log-probability of each word of a text, by the first that fits; where none does, -1"
    )
    ratings: tuple[ScoreRule, ...] = Field((), description="scores of texts, by the first that fits")

    @field_validator("likelihoods")
    @classmethod
    def _are_logarithms(cls, value: tuple[ScoreRule, ...]) -> tuple[ScoreRule, ...]:
        if any(rating.number >= 0 for rating in value):
            raise ValueError("A log-probability is below 0. Give each of the likelihoods such a number.")
        return value

    @property
    def abilities(self) -> frozenset[Ability]:
        able = {Ability.complete, Ability.read, Ability.read_all}
        return frozenset(able | {Ability.rate} if self.ratings else able)

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        time.sleep(self.delay_seconds)
        return [self._completions(messages, sampling) for messages in prompts]

    def stream(self, chat: Messages, sampling: Sampling) -> Generator[str | Completion]:
        """Word by word: all words together take the time that one call takes."""
        [completion] = self._completions(chat, replace(sampling, n=1))
        words = re.findall(r"\s*\S+", completion.text)
        for word in words:
            time.sleep(self.delay_seconds / len(words))
            yield word
        yield completion

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        return [self._reading(answered(chat, text), len(text.split())) for chat, text in zip(chats, texts, strict=True)]

    def rate(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[float]:
        if not self.ratings:
            raise unable(self, Ability.rate)
        return [self._rating(answered(chat, text)) for chat, text in zip(chats, texts, strict=True)]

    def rates_with_dropout(
        self, chats: Sequence[Messages], texts: Sequence[str], *, passes: int, seed: int
    ) -> list[list[float]]:
        """A script drops nothing: every pass gives the same."""
        return [[score] * passes for score in self.rate(chats, texts)]

    def _reading(self, messages: Messages, words: int) -> Reading:
        if self.max_length is not None and self.count_tokens(messages) > self.max_length:
            return unread(
                FailureKind.context, f"Prompt and text do not fit into {self.max_length} words. Shorten them."
            )
        logprob = _number(self.likelihoods, messages, -1.0)
        assert logprob is not None
        p, other = math.exp(logprob), math.log(-math.expm1(logprob))
        entropy, certainty = -p * logprob - (1 - p) * other, -math.log(2) - (logprob + other) / 2
        return Reading((logprob,) * words, (entropy,) * words, (certainty,) * words)

    def _rating(self, messages: Messages) -> float:
        rating = _number(self.ratings, messages, None)
        if rating is None:
            raise EngineError(f"No rating of the scripted engine matches {_text(messages)[:80]!r}. Add one.")
        return rating

    def count_tokens(self, messages: Messages) -> int:
        return sum(len(message["content"].split()) for message in messages)

    @property
    def context_length(self) -> int | None:
        return self.max_length

    def _completions(self, messages: Messages, sampling: Sampling) -> list[Completion]:
        words = self.count_tokens(messages)
        if self.max_length is not None and words + 1 > self.max_length:
            reason = f"The prompt has {words} words, but the context is {self.max_length}. Shorten it."
            return failed(FailureKind.context, reason, sampling.n)
        rule = next((rule for rule in self.rules if rule.fails and re.search(rule.pattern, _text(messages))), None)
        if rule is not None and rule.fails is not None:
            return failed(rule.fails, str(rule.reply), sampling.n)
        room = sampling.max_tokens if self.max_length is None else min(sampling.max_tokens, self.max_length - words)
        choices = self._choices(messages)
        return [cut(choices[self._draw(messages, sampling, copy) % len(choices)], room) for copy in range(sampling.n)]

    def _choices(self, messages: Messages) -> tuple[str, ...]:
        text = _text(messages)
        for rule in self.rules:
            if re.search(rule.pattern, text):
                return rule.replies
        if not self.replies:
            if not self.rules:
                raise InvalidInput("The scripted engine has neither replies nor rules. Give it one of them.")
            raise EngineError(f"No rule of the scripted engine matches {text[:80]!r}. Add one, or replies.")
        return self.replies

    def _draw(self, messages: Messages, sampling: Sampling, copy: int) -> int:
        key = [messages, sampling.seed, copy] if sampling.temperature else [messages]
        return int.from_bytes(hashlib.blake2b(json.dumps(key).encode(), digest_size=8).digest())


def _text(messages: Messages) -> str:
    return "\n".join(message["content"] for message in messages)


def _number(numbers: Sequence[ScoreRule], messages: Messages, otherwise: float | None) -> float | None:
    """The number of the first pattern that is found in the messages."""
    text = _text(messages)
    return next((number.number for number in numbers if re.search(number.pattern, text)), otherwise)


def cut(text: str, room: int) -> Completion:
    """Make a completion of at most so many words; a word is a token of log-probability -1."""
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    if len(ends) > room:
        return Completion(text[: ends[room - 1]], "length", room, -float(room))
    return Completion(text, "stop", len(ends), -float(len(ends)))
