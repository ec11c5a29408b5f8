"""Asks any OpenAI-compatible server (vLLM, llama.cpp, Ollama, a hosted one) over HTTP."""

import hashlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, field_validator

from backend.config import settings
from backend.engines import Engine
from backend.engines._http import Endpoint
from backend.errors import ContextOverflow, EngineError, MissingPrerequisite
from backend.values import JSON, Completion, Messages, Sampling

DEFAULT_KEY = "RONDO_OPENAI_API_KEY"
FINISH_REASONS = {"stop": "stop", "length": "length"}


class OpenAI(Engine):
    """Each prompt is a request with a seed of its own. What a server refuses (logprobs, n) is left out after that."""

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

    _endpoint: Endpoint | None = PrivateAttr(None)
    _refused: set[str] = PrivateAttr(default_factory=set)

    @field_validator("base_url")
    @classmethod
    def _is_a_plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"The address {value!r} is not one. Write it like http://127.0.0.1:8000/v1.")
        if parts.username or parts.password or parts.query:
            raise ValueError("The address must not hold a key. Put it into the environment: see api_key_env.")
        return value.rstrip("/")

    def __enter__(self) -> "OpenAI":
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
        if self._endpoint is None:
            raise EngineError(f"The engine for {self.base_url} is not open. Use it in a `with` block.")
        seeds = seeds_of(prompts, sampling.seed if sampling.seed is not None else secrets.randbits(31))
        with ThreadPoolExecutor(self.concurrency) as pool:
            pending = [
                pool.submit(self._ask, position, messages, sampling, seed)
                for position, (messages, seed) in enumerate(zip(prompts, seeds, strict=True))
            ]
            finished, running = wait(pending, return_when=FIRST_EXCEPTION)
            if running:
                # One failed for good: the others need not wait out their retries.
                self._endpoint.give_up()
                pool.shutdown(cancel_futures=True)
                self._endpoint.resume()
        failed = [one for one in pending if one in finished and one.exception()]
        return [one.result() for one in failed[:1] or pending]

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

    def _ask(self, position: int, messages: Messages, sampling: Sampling, seed: int) -> list[Completion]:
        """Return the n completions of one prompt, in one request or in several."""
        completions: list[Completion] = []
        while len(completions) < sampling.n:
            missing = sampling.n - len(completions)
            together = missing if self.supports_n and "n" not in self._refused else 1
            completions += self._request(position, messages, sampling, together, (seed + len(completions)) % 2**31)
        return completions[: sampling.n]

    def _request(self, position: int, messages: Messages, sampling: Sampling, n: int, seed: int) -> list[Completion]:
        assert self._endpoint is not None
        refused = set(self._refused)
        while True:
            body = self._body(messages, sampling, 1 if "n" in refused else n, seed, refused)
            reply = self._endpoint.post(body)
            if isinstance(reply, dict):
                # Only now is it known that leaving these out was right.
                self._refused |= refused - {"room"}
                return completions_of(reply)
            if reply.is_context and "room" in refused:
                raise ContextOverflow(
                    f"Prompt {position + 1} does not fit into the context of {self.model} at {self.base_url}: "
                    f"{reply.message} Shorten it or choose another model.",
                    position=position,
                )
            # A server that adds max_tokens to the prompt: without it the text may fill the context.
            refusal = "room" if reply.is_context else reply.names(set(body) - {"model", "messages"})
            if refusal is None or refusal in refused:
                raise EngineError(
                    f"{self.base_url} refused a request for {self.model} with status {reply.status}: "
                    f"{reply.message} Check the model's name and the sampling settings."
                )
            refused.add(refusal)

    def _body(self, messages: Messages, sampling: Sampling, n: int, seed: int, refused: set[str]) -> JSON:
        body: JSON = {
            "model": self.model,
            "messages": messages,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": seed,
        }
        if "room" not in refused:
            body["max_completion_tokens" if "max_tokens" in refused else "max_tokens"] = sampling.max_tokens
        if n > 1:
            body["n"] = n
        if self.logprobs and "logprobs" not in refused:
            body["logprobs"] = True
        if sampling.top_k > 0:
            body["top_k"] = sampling.top_k
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        return body


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


def completions_of(reply: JSON) -> list[Completion]:
    """Read the choices of a reply, in order of their index."""
    choices = sorted(reply["choices"], key=lambda choice: choice.get("index") or 0)
    total = (reply.get("usage") or {}).get("completion_tokens") or 0
    return [_completion(choice, total // len(choices)) for choice in choices]


def _completion(choice: JSON, share: int) -> Completion:
    """Without log-probabilities only the tokens of all choices together are known: each gets its share."""
    tokens: list[Any] = (choice.get("logprobs") or {}).get("content") or []
    return Completion(
        text=choice["message"].get("content") or "",
        finish_reason=FINISH_REASONS.get(choice.get("finish_reason") or "stop", "error"),
        n_tokens=len(tokens) or share,
        logprob=sum(token["logprob"] for token in tokens) if tokens else None,
    )
