"""Asks any OpenAI-compatible server (vLLM, llama.cpp, Ollama, a hosted one) over HTTP."""

import hashlib
import json
import logging
import os
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from threading import Lock
from typing import Any, ClassVar, NoReturn, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, field_validator

from backend.config import settings
from backend.engines import Ability, Engine, Usage, _prompt_logprobs, failed, is_continued, unable
from backend.engines._http import Endpoint
from backend.engines._refusals import Refusal
from backend.engines._replies import OddReply, added, completions_of, usage_of
from backend.errors import ContextOverflow, EngineError, MissingPrerequisite, PromptError
from backend.values import JSON, Completion, Failure, FailureKind, Messages, Reading, Sampling

T = TypeVar("T")
log = logging.getLogger("rondo.engines")

DEFAULT_KEY = "RONDO_OPENAI_API_KEY"
FIRST = 8
"""So many failures of a server before anything was served say that it does not serve."""
LEFT_OUT = {
    "logprobs": "logprobs is left out, so samples have no log-probability",
    "max_tokens": "max_tokens is sent as max_completion_tokens",
    "n": "samples of a prompt are asked for one by one",
    "seed": "seed is left out, so the same request may get another reply",
    "stop": "stop is left out, and texts are cut at the stop strings here",
    "room": "no limit of tokens is sent, so a text may fill the context",
}
"""What follows from leaving a field out."""


GOES_ON = {"continue_final_message": True, "add_generation_prompt": False}
"""Go on from the last message, by the assistant, in the words of vLLM; a server that knows them not may ignore them."""


class OpenAI(Engine):
    """Each prompt is a request with a seed of its own. A field that the server refuses is left out after that."""

    incidental: ClassVar[tuple[str, ...]] = (
        "api_key_env", "concurrency", "timeout", "max_retries", "retry_seconds", "prompt_logprobs",
    )  # fmt: skip

    base_url: str = Field(description="address up to and including /v1, e.g. http://127.0.0.1:8000/v1")
    model: str = Field(description="the model's name on the server")
    api_key_env: str = Field(
        DEFAULT_KEY, pattern=r"^RONDO_[A-Z0-9_]*API_KEY$", description="environment variable that holds the key, if any"
    )
    concurrency: int = Field(16, ge=1, le=1024, description="requests in flight at once")
    timeout: float = Field(120.0, gt=0, description="seconds to wait for one reply")
    max_retries: int = Field(5, ge=0, description="further tries after 429, 5xx, time-outs and broken replies")
    retry_seconds: float = Field(0.5, gt=0, description="wait before the first retry; doubles up to 30 seconds")
    supports_n: bool = Field(True, description="ask for all samples of a prompt in one request")
    logprobs: bool = Field(True, description="ask for log-probabilities")
    send_defaults: bool = Field(
        False,
        description="send temperature and top_p also where they are 1, for servers with defaults of their own "
        "(vLLM takes those of the model, unless it was started with --generation-config vllm)",
    )

    prompt_logprobs: bool = Field(
        False, description="the server gives the log-probabilities of prompts, as vLLM does, so it can read texts"
    )

    _endpoint: Endpoint | None = PrivateAttr(None)
    _refused: dict[str, str] = PrivateAttr(default_factory=dict)
    _tally: dict[str, int] = PrivateAttr(default_factory=lambda: {"served": 0, "failed": 0})
    _usage: Usage = PrivateAttr(Usage())
    _lock: Any = PrivateAttr(default_factory=Lock)

    @field_validator("base_url")
    @classmethod
    def _is_a_plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"The address {value!r} is not one. Write it like http://127.0.0.1:8000/v1.")
        if parts.username or parts.password or parts.query:
            raise ValueError("The address must not hold a key. Put it into the environment: see api_key_env.")
        return value.rstrip("/")

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset({Ability.complete, Ability.read} if self.prompt_logprobs else {Ability.complete})

    def __enter__(self) -> "OpenAI":
        self._usage = Usage()
        self._endpoint = Endpoint(
            f"{self.base_url}/chat/completions",
            key=self._key(),
            timeout=self.timeout,
            max_retries=self.max_retries,
            retry_seconds=self.retry_seconds,
            connections=self.concurrency,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        seeds = seeds_of(prompts, sampling.seed if sampling.seed is not None else secrets.randbits(31))
        asked = enumerate(zip(prompts, seeds, strict=True))
        return self._together([partial(self._ask, n, messages, sampling, seed) for n, (messages, seed) in asked])

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        """Return log-probabilities alone: a server gives no whole distributions."""
        if Ability.read not in self.abilities:
            raise unable(self, Ability.read)
        return _prompt_logprobs.read(
            chats, texts, lambda wanted: self._together([partial(self._tokens, *one) for one in wanted])
        )

    def _together(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Make requests at the same time; raises the first error that ends them all."""
        if self._endpoint is None:
            raise EngineError(f"The engine for {self.base_url} is not open. Use it in a `with` block.")
        with ThreadPoolExecutor(self.concurrency) as pool:
            pending = [pool.submit(call) for call in calls]
            finished, running = wait(pending, return_when=FIRST_EXCEPTION)
            if running:
                # One failed for good: the others need not wait out their retries.
                self._endpoint.give_up()
                pool.shutdown(cancel_futures=True)
                self._endpoint.resume()
        failed = [one for one in pending if one in finished and one.exception()]
        return [one.result() for one in failed[:1] or pending]

    def _tokens(self, messages: Messages, goes_on: bool) -> _prompt_logprobs.Tokens:
        """The tokens of a prompt with their log-probabilities, or why there are none."""
        assert self._endpoint is not None
        body = {"model": self.model} | _prompt_logprobs.body_of(messages) | (GOES_ON if goes_on else {})
        try:
            reply = self._endpoint.post(body)
            if not isinstance(reply, dict):
                self._refuse(reply, messages)
            tokens = _prompt_logprobs.tokens_of(reply)
        except OddReply as error:
            raise EngineError(f"{self.model} at {self.base_url} cannot read: {error}.") from error
        except PromptError as error:
            self._count(FailureKind(error.kind), error)
            return Failure(FailureKind(error.kind), error.message)
        self._count(None, None)
        return tokens

    def _key(self) -> str | None:
        key = os.environ.get(self.api_key_env)
        if not key and self.api_key_env == DEFAULT_KEY:
            stored = settings().openai_api_key
            return stored.get_secret_value() if stored else None
        if not key:
            raise MissingPrerequisite(
                f"The key for {self.base_url} is not set. Set {self.api_key_env} in the environment of Rondo."
            )
        return key

    def notes(self) -> tuple[str, ...]:
        return tuple(self._refused.values())

    def usage(self) -> Usage:
        return self._usage

    def _ask(self, position: int, messages: Messages, sampling: Sampling, seed: int) -> list[Completion]:
        """Return the n completions of one prompt, in one request or in several; failures where it cannot be served."""
        completions: list[Completion] = []
        try:
            while len(completions) < sampling.n:
                missing = sampling.n - len(completions)
                together = missing if self.supports_n and "n" not in self._refused else 1
                completions += self._request(position, messages, sampling, together, (seed + len(completions)) % 2**31)
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

    def _request(self, position: int, messages: Messages, sampling: Sampling, n: int, seed: int) -> list[Completion]:
        assert self._endpoint is not None
        refused = dict(self._refused)
        while True:
            body = self._body(messages, sampling, 1 if "n" in refused else n, seed, set(refused))
            reply = self._endpoint.post(body)
            if isinstance(reply, dict):
                with self._lock:
                    self._usage = added(self._usage, usage_of(reply))
                # Only now is it known that leaving these out was right.
                self._remember({field: said for field, said in refused.items() if field != "room"})
                return completions_of(reply, sampling.stop if "stop" in refused else ())
            if reply.is_filter or (reply.is_context and "room" in refused):
                self._refuse(reply, messages, position)
            # A server that adds max_tokens to the prompt: without it the text may fill the context.
            field = "room" if reply.is_context else reply.names(set(body) - {"model", "messages"})
            if field is None or field in refused:
                self._refuse(reply, messages, position)
            refused[field] = self._said(field, reply)

    def _refuse(self, reply: Refusal, messages: Messages, position: int | None = None) -> NoReturn:
        """Raise why a prompt cannot be served."""
        if reply.is_filter:
            raise PromptError(
                f"{self.base_url} refused the prompt by its content filter: {reply.message} Change the prompt, or "
                "ask another model.",
                kind=FailureKind.filter,
                position=position,
            )
        if reply.is_context:
            raise ContextOverflow(
                f"The prompt does not fit into the context of {self.model} at {self.base_url}: "
                f"{reply.message} Shorten it or choose another model.",
                position=position,
            )
        if is_continued(messages) and any(field in f"{reply.param} {reply.message}" for field in GOES_ON):
            raise PromptError(
                f"{self.base_url} does not go on from a message by the assistant: {reply.message} Serve the model with "
                "vLLM, or use its folder.",
                position=position,
            )
        raise PromptError(
            f"{self.base_url} refused a request for {self.model} with status {reply.status}: "
            f"{reply.message} Check the model's name and the sampling settings.",
            position=position,
        )

    def _said(self, field: str, reply: Refusal) -> str:
        what = LEFT_OUT.get(field, f"{field} is left out, and the server's own is taken")
        return f"{self.model} at {self.base_url} refuses {field}: {what}. It said: {reply.message}"

    def _remember(self, refused: dict[str, str]) -> None:
        """Leave these fields out from now on, and say so once."""
        with self._lock:
            new = {field: said for field, said in refused.items() if field not in self._refused}
            self._refused |= new
        for said in new.values():
            log.warning("%s", said)

    def _body(self, messages: Messages, sampling: Sampling, n: int, seed: int, refused: set[str]) -> JSON:
        """The request: only what differs from the API's defaults, and nothing that the server refused."""
        body: JSON = {"model": self.model, "messages": messages, "seed": seed}
        if is_continued(messages):
            body |= GOES_ON
        for field, value in (("temperature", sampling.temperature), ("top_p", sampling.top_p)):
            if value != 1 or self.send_defaults:
                body[field] = value
        if "room" not in refused:
            body["max_completion_tokens" if "max_tokens" in refused else "max_tokens"] = sampling.max_tokens
        if n > 1:
            body["n"] = n
        if self.logprobs:
            body["logprobs"] = True
        if sampling.top_k > 0:
            body["top_k"] = sampling.top_k
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        return {field: value for field, value in body.items() if field not in refused}


def seeds_of(prompts: Sequence[Messages], seed: int) -> list[int]:
    """Derive a seed for each prompt; equal prompts in one call get different ones."""
    seen: Counter[str] = Counter()
    seeds = []
    for messages in prompts:
        content = json.dumps(messages, sort_keys=True)
        digest = hashlib.blake2b(f"{seed}:{seen[content]}:{content}".encode(), digest_size=4).digest()
        seen[content] += 1
        seeds.append(int.from_bytes(digest) % 2**31)
    return seeds
