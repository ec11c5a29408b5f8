"""Serves a local folder by a vLLM server that Rondo starts, shares and ends."""

import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr

from backend.config import settings
from backend.engines import Ability, Engine, _chat, _completions, _ends, _fitting, _scorers, _weights, failed, unread
from backend.engines._asking import FORMS, seeds_of
from backend.engines._server_client import ServerClient
from backend.engines._server_folders import home
from backend.engines._server_options import HIGHEST_RANK, further, options
from backend.engines._server_start import ServerRequest, require
from backend.errors import EngineError, MissingPrerequisite, PromptError
from backend.values import Completion, Failure, Messages, Reading, Sampling
from backend.values.replies import ReplyForm

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ABLE = frozenset({Ability.complete, Ability.read})


class VLLM(Engine):
    """Prompts are rendered and cut into tokens here, as for transformers. All texts of a prompt are one request.

    Texts and log-probabilities are those of the model up to rounding, which depends on what else is computed at once.
    """

    incidental: ClassVar[tuple[str, ...]] = ("concurrency", "timeout", "lora_rank")

    model: str = Field(description="model folder (in the data folder, or absolute), adapter folder, or hub name")
    adapter: str | None = Field(None, description="folder of an adapter to put on the model")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="number format of the weights; auto: as stored on a GPU, float32 without one"
    )
    max_length: int | None = Field(
        None, ge=2, description="tokens of prompt and completion together; unset: what the model was made for"
    )
    lora_rank: int = Field(
        0,
        ge=0,
        le=HIGHEST_RANK,
        description="highest rank of adapters that the server has room for, this one's or more",
    )
    concurrency: int = Field(64, ge=1, le=1024, description="requests in flight at once")
    timeout: float = Field(600.0, gt=0, description="seconds to wait for one reply")

    _client: ServerClient | None = PrivateAttr(None)
    _tokenizer: Any = PrivateAttr(None)
    _special: Any = PrivateAttr(None)
    _generation: Any = PrivateAttr(None)
    _has_adapters: bool = PrivateAttr(False)
    _encoding: Any = PrivateAttr(default_factory=Lock)
    """A tokenizer refuses a thread while another one changes how it reads special tokens."""

    @property
    def abilities(self) -> frozenset[Ability]:
        return ABLE

    @property
    def forms(self) -> frozenset[str]:
        return FORMS[_completions.HOW]

    def check(self) -> None:
        self._check_files()
        require(_python())

    def _check_files(self) -> None:
        located = _weights.locate(self.model)
        _weights.check(located)
        if self.adapter:
            _weights.check_adapter(_weights.locate(self.adapter))
        _scorers.check(_weights.locate(self.adapter) if self.adapter else located, scores=False)
        further(settings().vllm_options)

    def __enter__(self) -> "VLLM":
        self._check_files()  # whether that Python has vLLM is asked where a server has to be started
        _weights.prepare_libraries()
        self._tokenizer = _weights.load_tokenizer(_weights.locate(self.model))
        self._special = _chat.special_texts(self._tokenizer)
        base, adapter = self._parts()
        self._generation = _ends.load_config(base)
        wanted = ServerRequest(base, self._options(adapter), _python())
        self._has_adapters = "--enable-lora" in wanted.options
        self._client = ServerClient(wanted, adapter, connections=self.concurrency, timeout=self.timeout)
        return self

    def __exit__(self, *_: object) -> None:
        client, self._client, self._tokenizer = self._client, None, None
        if client is not None:
            client.close()

    @property
    def window(self) -> int:
        return self.concurrency

    def give_up(self, *, at_once: bool) -> None:
        self._opened().give_up(at_once=at_once)

    def _parts(self) -> tuple[str, str | None]:
        """The base and the adapter: a model folder may be an adapter's, which names its base."""
        located = _weights.locate(self.model)
        adapter = _weights.locate(self.adapter) if self.adapter else located if _weights.is_adapter(located) else None
        base = _weights.base_of(located) if adapter == located else located
        # One spelling of a folder, so that one server serves all who name it.
        return str(Path(base).resolve()) if Path(base).is_dir() else base, adapter

    def _options(self, adapter: str | None) -> tuple[str, ...]:
        rank = max(self.lora_rank, _weights.rank_of(adapter) if adapter else 0)
        return options(self.dtype, self.max_length, rank, settings().vllm_options)

    @property
    def context_length(self) -> int | None:
        own, served = self._loaded().model_max_length, self._opened().context
        return min(own, served) if served is not None else own

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        return self._complete(prompts, sampling, None)

    def complete_as(self, form: ReplyForm, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        return self._complete(prompts, sampling, form)

    def _complete(
        self, prompts: Sequence[Messages], sampling: Sampling, form: ReplyForm | None
    ) -> list[list[Completion]]:
        encoded, refused = self._encoded(prompts)
        lengths = {n: len(ids) for n, ids in encoded.items()}
        refused |= _fitting.too_long(self.model, self.context_length, "The prompt has", lengths, room=1)
        seeds = seeds_of(prompts, sampling.seed if sampling.seed is not None else secrets.randbits(31))
        context = self.context_length or sys.maxsize
        with self._encoding:
            ends = _ends.end_tokens(self._generation, self._loaded(), sampling.stop)
            sampling = replace(sampling, stop=_ends.plain_stops(self._loaded(), sampling.stop))
        bodies = {
            position: _completions.body_of(
                ids,
                sampling,
                seed=seeds[position],
                room=min(sampling.max_tokens, context - len(ids)),
                ends=ends,
                form=form,
            )
            for position, ids in encoded.items()
            if position not in refused
        }
        results: list[list[Completion]] = [[] for _ in prompts]
        for position, result in self._opened().together(bodies, _completions.completions_of).items():
            if isinstance(result, Failure):
                results[position] = failed(result.kind, result.reason, sampling.n)
            else:
                results[position] = result * sampling.n if _ends.is_greedy(sampling) else result
        for position, failure in refused.items():
            results[position] = failed(failure.kind, failure.reason, sampling.n)
        return results

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        tokenizer = self._loaded()
        with self._encoding:
            encoded, refused = _fitting.each(
                self.model, chats, lambda some: _chat.encode_answers(tokenizer, self._special, chats[some], texts[some])
            )
            start = [int(tokenizer.bos_token_id or tokenizer.eos_token_id)]
        lengths = {n: len(chat) + len(text) for n, (chat, text) in encoded.items() if text}
        refused |= _fitting.too_long(self.model, self.context_length, "Prompt and text have", lengths, room=1)
        readings = [Reading(())] * len(chats)  # of an empty text
        for position, failure in refused.items():
            readings[position] = unread(failure.kind, failure.reason)
        wholes = {n: (chat or start, text) for n, (chat, text) in encoded.items() if text and n not in refused}
        bodies = {n: _completions.reading_body([*chat, *text]) for n, (chat, text) in wholes.items()}
        answers = self._opened().together(bodies, _completions.prompt_tokens_of, alone=self._has_adapters)
        for position, tokens in answers.items():
            if isinstance(tokens, Failure):
                readings[position] = unread(tokens.kind, tokens.reason)
            else:
                own = tokens[len(wholes[position][0]) :]
                readings[position] = Reading(tuple(logprob for _, logprob in own if logprob is not None))
        return readings

    def count_tokens(self, messages: Messages) -> int:
        encoded, refused = self._encoded([messages])
        for failure in refused.values():
            raise PromptError(failure.reason, kind=failure.kind)
        return len(encoded[0])

    def _encoded(self, prompts: Sequence[Messages]) -> tuple[dict[int, list[int]], dict[int, Failure]]:
        tokenizer = self._loaded()
        with self._encoding:
            return _fitting.each(
                self.model, prompts, lambda some: _chat.encode(tokenizer, self._special, prompts[some])
            )

    def _loaded(self) -> "PreTrainedTokenizerBase":
        if self._tokenizer is None:
            raise self._not_open()
        return self._tokenizer

    def _opened(self) -> ServerClient:
        if self._client is None:
            raise self._not_open()
        return self._client

    def _not_open(self) -> EngineError:
        return EngineError(f"The model {self.model} is not served. Use the engine in a `with` block.")


def is_served() -> bool:
    """Whether this worker keeps a server: then the next stage is most likely one that asks it."""
    return any(home().glob("*/spec.json"))


def load() -> None:
    """Import what a stage needs that asks a server. That takes seconds, and 0.2 GB of memory more than waiting does."""
    with suppress(MissingPrerequisite):  # which a stage says that needs it
        _weights.prepare_libraries()
        from transformers import AutoTokenizer, GenerationConfig  # noqa: F401

        from backend.engines import _client  # noqa: F401


def _python() -> str:
    return settings().vllm_python or sys.executable
