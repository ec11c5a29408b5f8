"""Asks any OpenAI-compatible server (vLLM, llama.cpp, Ollama, a hosted one) over HTTP."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from queue import SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from pydantic import PrivateAttr

from backend.engines import Ability, _prompt_logprobs, _top_logprobs, failed, unable
from backend.engines._access import key_of
from backend.engines._asking import (
    GOES_ON,
    LEFT_OUT,
    body_of,
    field_at_fault,
    refuse,
    renamed,
    seeds_of,
    taken_out,
)
from backend.engines._event_stream import ASKED, Hear
from backend.engines._http import EndpointClient
from backend.engines._in_flight import RequestGivenUp
from backend.engines._openai_fields import OpenAIFields
from backend.engines._refusals import Refusal
from backend.engines._replies import OddReply, completions_of, usage_of
from backend.errors import EngineError, PromptError
from backend.values import JSON, Completion, Failure, FailureKind, Messages, Reading, Sampling
from backend.values.replies import ReplyForm, Usage, Weights

T = TypeVar("T")
log = logging.getLogger("rondo.engines")

FIRST = 8
"""So many failures of a server before anything was served say that it does not serve."""


class OpenAI(OpenAIFields):
    """Each prompt is a request with a seed of its own. A field that the server refuses is left out after that."""

    _endpoint: EndpointClient | None = PrivateAttr(None)
    _refused: dict[str, str] = PrivateAttr(default_factory=dict)
    _tally: dict[str, int] = PrivateAttr(default_factory=lambda: {"served": 0, "failed": 0})
    _usage: Usage = PrivateAttr(default_factory=Usage)
    _lock: Any = PrivateAttr(default_factory=Lock)

    def __enter__(self) -> "OpenAI":
        self._endpoint = EndpointClient(
            f"{self.base_url}/chat/completions",
            key=key_of(self.api_key_env, self.base_url),
            timeout=self.timeout,
            max_retries=self.max_retries,
            retry_seconds=self.retry_seconds,
            connections=self.concurrency,
        )
        return self

    def __exit__(self, *_: object) -> None:
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint.close()

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        return self._complete(prompts, sampling, None)

    def complete_as(self, form: ReplyForm, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        if form.kind not in self.forms:
            return self._complete(prompts, sampling, None)
        replies = self._complete(prompts, sampling, form)
        return [[taken_out(completion, form, self.forced) for completion in several] for several in replies]

    def stream(self, chat: Messages, sampling: Sampling) -> Generator[str | Completion]:
        [seed] = seeds_of([chat], sampling.seed if sampling.seed is not None else secrets.randbits(31))
        heard: SimpleQueue[str | None] = SimpleQueue()
        asked = self._opened().start(self._ask, 0, chat, replace(sampling, n=1), seed, None, heard.put)
        asked.add_done_callback(lambda _: heard.put(None))
        try:
            while (piece := heard.get()) is not None:
                yield piece
            yield asked.result()[0]
        finally:
            asked.cancel()

    def _complete(
        self, prompts: Sequence[Messages], sampling: Sampling, form: ReplyForm | None
    ) -> list[list[Completion]]:
        seeds = seeds_of(prompts, sampling.seed if sampling.seed is not None else secrets.randbits(31))
        asked = enumerate(zip(prompts, seeds, strict=True))
        return self._together([partial(self._ask, n, messages, sampling, seed, form) for n, (messages, seed) in asked])

    def weigh(self, chats: Sequence[Messages], words: Sequence[str]) -> list[Weights]:
        """Weigh whole words where the server reads texts; else words that are one token, by the likeliest ones."""
        if Ability.read in self.abilities:
            return super().weigh(chats, words)
        if Ability.weigh not in self.abilities:
            raise unable(self, Ability.weigh)
        return self._together([partial(self._weights, chat, words) for chat in chats])

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        """Return log-probabilities alone: a server gives no whole distributions."""
        if Ability.read not in self.abilities:
            raise unable(self, Ability.read)
        return _prompt_logprobs.read(
            chats, texts, lambda wanted: self._together([partial(self._tokens, *arguments) for arguments in wanted])
        )

    def _together(self, calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
        """Make requests at the same time; raises the first error that ends them all."""
        values: list[T] = []
        errors: list[Exception] = []
        for call in self._opened().together(calls):
            if isinstance(call, Exception):
                errors.append(call)
            else:
                values.append(call)
        if errors:
            # Others were given up since one failed; that one says why.
            raise next((error for error in errors if not isinstance(error, RequestGivenUp)), errors[0])
        return values

    def _opened(self) -> EndpointClient:
        if self._endpoint is None:
            raise EngineError(f"The engine for {self.base_url} is not open. Use it in a `with` block.")
        return self._endpoint

    def give_up(self, *, at_once: bool) -> None:
        self._opened().give_up(at_once=at_once)

    async def _tokens(self, messages: Messages, goes_on: bool) -> _prompt_logprobs.Tokens:
        """The tokens of a prompt with their log-probabilities, or why there are none."""
        body = _prompt_logprobs.body_of(messages) | (GOES_ON if goes_on else {})
        return await self._answer(body, messages, _prompt_logprobs.tokens_of, "cannot read")

    async def _weights(self, chat: Messages, words: Sequence[str]) -> Weights:
        answer = await self._answer(_top_logprobs.body_of(chat), chat, _top_logprobs.top_of, "cannot weigh")
        return Weights(failure=answer) if isinstance(answer, Failure) else _top_logprobs.weights(answer, words)

    async def _answer(self, body: JSON, messages: Messages, read: Callable[[JSON], T], cannot: str) -> T | Failure:
        """What is read out of the reply to one request, or why the prompt cannot be served."""
        try:
            reply = await self._asked(body)
            if not isinstance(reply, dict):
                refuse(self, reply, messages)
            value = read(reply)
        except OddReply as error:
            raise EngineError(f"{self.model} at {self.base_url} {cannot}: {error}.") from error
        except PromptError as error:
            self._count(FailureKind(error.kind), error)
            return Failure(FailureKind(error.kind), error.message)
        self._count(None, None)
        return value

    def ask(self, body: JSON) -> JSON | Refusal:
        """Send a request that sets nothing but its limit of tokens, by the name that the server takes; raises what
        `post` does."""
        return self._opened().run(self._asked, body)

    def post(self, body: JSON) -> JSON | Refusal:
        """Send one request, with the model and the further fields, and count what it took; raises what
        `EndpointClient.post` does."""
        return self._opened().run(self._posted, body)

    async def _asked(self, body: JSON) -> JSON | Refusal:
        is_known = "max_tokens" in self._refused
        reply = await self._posted(renamed(body) if is_known else body)
        if is_known or isinstance(reply, dict) or field_at_fault(reply, body, None) != "max_tokens":
            return reply
        again = await self._posted(renamed(body))
        if isinstance(again, dict):
            self._remember({"max_tokens": self._said("max_tokens", reply)})
        return again

    async def _posted(self, body: JSON, hear: Hear | None = None) -> JSON | Refusal:
        reply = await self._opened().post({**self.extra, "model": self.model, **body}, hear)
        if isinstance(reply, dict):
            with self._lock:
                self._usage += usage_of(reply)
        return reply

    def listing(self) -> Any:
        """What the server says of its models, parsed; None where it says nothing that can be read. Raises
        `EngineError`."""
        return self._endpoint.get(f"{self.base_url}/models") if self._endpoint is not None else None

    def end_by(self, until: float) -> None:
        """Let no request take longer than to this time of `time.monotonic`."""
        if self._endpoint is not None:
            self._endpoint.until = until

    def take_usage(self) -> Usage:
        with self._lock:
            usage, self._usage = self._usage, Usage()
        return usage

    def notes(self) -> tuple[str, ...]:
        return tuple(self._refused.values())

    async def _ask(
        self,
        position: int,
        messages: Messages,
        sampling: Sampling,
        seed: int,
        form: ReplyForm | None,
        hear: Hear | None = None,
    ) -> list[Completion]:
        """Return the n completions of one prompt, in one request or in several; failures where it cannot be served."""
        completions: list[Completion] = []
        try:
            while len(completions) < sampling.n:
                missing = sampling.n - len(completions)
                together = missing if self.supports_n and "n" not in self._refused else 1
                next_seed = (seed + len(completions)) % 2**31
                completions += await self._request(position, messages, sampling, together, next_seed, form, hear)
        except PromptError as error:
            kind = FailureKind(error.kind)
            self._count(kind, error)
            completions += failed(kind, error.message, sampling.n - len(completions))
        else:
            self._count(None, None)
        return completions[: sampling.n]

    def _count(self, kind: FailureKind | None, error: PromptError | None) -> None:
        """Keep count of what was served; raises `EngineError` where a server fails from the start."""
        if kind is not None and kind.is_own:
            return
        with self._lock:
            self._tally["served" if kind is None else "failed"] += 1
            is_down = not self._tally["served"] and self._tally["failed"] >= FIRST
        if is_down and error is not None:
            raise EngineError(f"The first {FIRST} requests all failed. One of them: {error.message}") from error

    async def _request(
        self,
        position: int,
        messages: Messages,
        sampling: Sampling,
        n: int,
        seed: int,
        form: ReplyForm | None,
        hear: Hear | None,
    ) -> list[Completion]:
        refused = dict(self._refused)
        while True:
            together = 1 if "n" in refused else n
            body = body_of(self, messages, sampling, n=together, seed=seed, refused=refused, form=form)
            if hear is not None:
                body |= {field: value for field, value in ASKED.items() if field not in refused}
            reply = await self._posted(body, hear)
            if isinstance(reply, dict):
                # Only now is it known that leaving these out was right.
                self._remember({field: refusal for field, refusal in refused.items() if field != "room"})
                return completions_of(reply, sampling.stop if "stop" in refused else ())
            if reply.is_filter or (reply.is_context and "room" in refused):
                refuse(self, reply, messages, position)
            # A server that adds max_tokens to the prompt: without it the text may fill the context.
            field = field_at_fault(reply, body, form)
            if field is None or field in refused:
                refuse(self, reply, messages, position)
            refused[field] = self._said(field, reply)

    def _said(self, field: str, reply: Refusal) -> str:
        what = LEFT_OUT.get(field, f"{field} is left out, and the server's own is taken")
        return f"{self.model} at {self.base_url} refuses {field}: {what}. It said: {reply.message}"

    def _remember(self, refused: dict[str, str]) -> None:
        """Leave these fields out from now on, and say so once."""
        with self._lock:
            new = {field: refusal for field, refusal in refused.items() if field not in self._refused}
            self._refused |= new
        for refusal in new.values():
            log.warning("%s", refusal)
