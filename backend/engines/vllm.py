"""Serves a local folder by a vLLM server that Rondo starts, shares and ends."""

import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pydantic import Field, PrivateAttr

from backend.config import settings
from backend.engines import Ability, Engine, _chat, _completions, _ends, _fitting, _scorers, _weights, failed, unread
from backend.engines._asking import FORMS, seeds_of
from backend.engines._deaths import Deaths
from backend.engines._http import EndpointClient
from backend.engines._in_flight import RequestGivenUp
from backend.engines._refusals import Refusal
from backend.engines._replies import OddReply
from backend.engines._server import Server
from backend.engines._server_options import HIGHEST_RANK, further, options
from backend.engines._server_start import ServerRequest, hold, require
from backend.errors import EngineError, MissingPrerequisite, PromptError
from backend.values import JSON, Completion, Failure, FailureKind, Messages, Reading, Sampling
from backend.values.replies import ReplyForm

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

T = TypeVar("T")
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

    _server: Server | None = PrivateAttr(None)
    _endpoint: EndpointClient | None = PrivateAttr(None)
    _tokenizer: Any = PrivateAttr(None)
    _special: Any = PrivateAttr(None)
    _asked: str = PrivateAttr("")
    _context: int | None = PrivateAttr(None)
    _deaths: Deaths = PrivateAttr(default_factory=Deaths)
    _generation: Any = PrivateAttr(None)
    _has_adapters: bool = PrivateAttr(False)

    @property
    def abilities(self) -> frozenset[Ability]:
        return ABLE

    @property
    def forms(self) -> frozenset[str]:
        return FORMS[_completions.HOW]

    def check(self) -> None:
        located = _weights.locate(self.model)
        _weights.check(located)
        if self.adapter:
            _weights.check_adapter(_weights.locate(self.adapter))
        _scorers.check(_weights.locate(self.adapter) if self.adapter else located, scores=False)
        further(settings().vllm_options)
        require(_python())

    def __enter__(self) -> "VLLM":
        self.check()
        _weights.prepare_libraries()
        self._tokenizer = _weights.load_tokenizer(_weights.locate(self.model))
        self._special = _chat.special_texts(self._tokenizer)
        self._generation = _ends.load_config(self._parts()[0])
        self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.follow()
        self._let_go()
        self._tokenizer = None

    def _connect(self) -> None:
        """Find or start the server, put the adapter on it, and open the way to it."""
        with ExitStack() as undone:
            undone.callback(self._let_go)
            try:
                self._find()
            except EngineError:
                if self._server is None or not self._server.is_down():
                    raise
                # It ended just as it was found: the next one is a new one.
                self._let_go()
                self._find()
            undone.pop_all()
        assert self._server is not None
        self._endpoint = EndpointClient(
            f"{self._server.url}/v1/completions",
            key=self._server.key,
            timeout=self.timeout,
            max_retries=2,
            retry_seconds=0.25,
            connections=self.concurrency,
            is_reply=_completions.is_reply,
            by_proxies=False,
        )

    def _find(self) -> None:
        base, adapter = self._parts()
        config = settings()
        wanted = ServerRequest(base, self._options(adapter), _python())
        self._server = hold(wanted, seconds=config.vllm_start_seconds, idle_seconds=config.vllm_idle_seconds)
        self._asked = self._server.name if adapter is None else self._server.adapter(adapter)
        self._context = self._server.context
        self._has_adapters = "--enable-lora" in wanted.options

    def _let_go(self) -> None:
        endpoint, server = self._endpoint, self._server
        self._endpoint = self._server = None
        try:
            if endpoint is not None:
                endpoint.close()
        finally:
            if server is not None:
                server.close()

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
        own = self._loaded().model_max_length
        return min(own, self._context) if self._context is not None else own

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
        for position, result in self._together(bodies, _completions.completions_of).items():
            if isinstance(result, Failure):
                results[position] = failed(result.kind, result.reason, sampling.n)
            else:
                results[position] = result * sampling.n if _ends.is_greedy(sampling) else result
        for position, failure in refused.items():
            results[position] = failed(failure.kind, failure.reason, sampling.n)
        return results

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        tokenizer = self._loaded()
        encoded, refused = _fitting.each(
            self.model, chats, lambda some: _chat.encode_answers(tokenizer, self._special, chats[some], texts[some])
        )
        lengths = {n: len(chat) + len(text) for n, (chat, text) in encoded.items() if text}
        refused |= _fitting.too_long(self.model, self.context_length, "Prompt and text have", lengths, room=1)
        readings = [Reading(())] * len(chats)  # of an empty text
        for position, failure in refused.items():
            readings[position] = unread(failure.kind, failure.reason)
        start = [int(tokenizer.bos_token_id or tokenizer.eos_token_id)]
        wholes = {n: (chat or start, text) for n, (chat, text) in encoded.items() if text and n not in refused}
        bodies = {n: _completions.reading_body([*chat, *text]) for n, (chat, text) in wholes.items()}
        for position, tokens in self._together(bodies, _completions.prompt_tokens_of, alone=self._has_adapters).items():
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
        return _fitting.each(self.model, prompts, lambda some: _chat.encode(tokenizer, self._special, prompts[some]))

    def _loaded(self) -> "PreTrainedTokenizerBase":
        if self._tokenizer is None:
            raise EngineError(f"The model {self.model} is not served. Use the engine in a `with` block.")
        return self._tokenizer

    def _together(
        self, bodies: dict[int, JSON], read: Callable[[JSON], T], *, alone: bool = False
    ) -> dict[int, T | Failure]:
        """What is read out of the reply to each request, or why there is none.

        A server that died is started again, and what it had not answered is asked anew: the same seeds, the same texts.
        alone: one after the other, and nobody else's meanwhile, where the server needs that.
        """
        # Prompts with the same beginning one after the other: the server keeps what it computed of a beginning.
        order = sorted(bodies, key=lambda position: bodies[position]["prompt"])
        return self._deaths.outlive(
            order,
            lambda positions: self._once({n: bodies[n] for n in positions}, read, alone=alone),
            self._serving,
            self._reconnect,
        )

    def _serving(self) -> Server:
        assert self._server is not None
        return self._server

    def _reconnect(self) -> None:
        self._let_go()
        self._connect()

    def _once(
        self, bodies: dict[int, JSON], read: Callable[[JSON], T], *, alone: bool
    ) -> dict[int, T | Failure | EngineError]:
        """Ask once; after an error the rest is given up, and has no answer."""
        endpoint, server = self._endpoint, self._serving()
        assert endpoint is not None
        most = 1 if alone and server.is_on_cpu else None
        with server.turn(alone=alone):
            results = endpoint.together([partial(self._ask, endpoint, body, read) for body in bodies.values()], most)
        ended = {n: result for n, result in zip(bodies, results, strict=True) if not isinstance(result, RequestGivenUp)}
        answers: dict[int, T | Failure | EngineError] = {}
        for n, outcome in ended.items():
            if isinstance(outcome, Exception) and not isinstance(outcome, EngineError):
                raise outcome
            answers[n] = outcome
        return answers

    async def _ask(self, endpoint: EndpointClient, body: JSON, read: Callable[[JSON], T]) -> T | Failure:
        try:
            reply = await endpoint.post({**body, "model": self._asked})
            if isinstance(reply, Refusal):
                kind = FailureKind.context if reply.is_context else FailureKind.refused
                return Failure(kind, f"vLLM refused the request with status {reply.status}: {reply.message}")
            return read(reply)
        except OddReply as error:
            return Failure(FailureKind.reply, f"The reply of vLLM cannot be read: {error}.")
        except PromptError as error:
            return Failure(FailureKind(error.kind), error.message)
        except MissingPrerequisite as error:  # the key is Rondo's own
            raise EngineError(
                f"{endpoint.url} refuses the key that its vLLM server was started with: another program may have taken "
                "its port. Resume the job."
            ) from error


def _python() -> str:
    return settings().vllm_python or sys.executable
