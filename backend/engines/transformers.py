"""Serves a local folder or a model of the hub in this process, through transformers."""

import gc
import secrets
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import Field, PrivateAttr

from backend.engines import Ability, Engine, _chat, _fitting, _scorers, _weights, failed, is_continued, unable, unread
from backend.engines._server_folders import free_gpus
from backend.errors import EngineError, MissingPrerequisite, PromptError
from backend.values import Completion, Failure, Messages, Reading, Sampling

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from backend.engines._decoding import Output

T = TypeVar("T")
ANCHOR = 8
"""Tokens before a continuation that it is decoded with: some decoders drop a space that comes first."""
UNLIMITED = 10**9  # tokenizers without a known length say something larger


class Transformers(Engine):
    """Log-probabilities are the model's own (temperature 1, no top_p or top_k), the end token included."""

    model: str = Field(description="model folder (in the data folder, or absolute), adapter folder, or hub name")
    adapter: str | None = Field(None, description="folder of an adapter to put on the model")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="number format of the weights; auto: as stored on a GPU, float32 without one"
    )
    device: str = Field("auto", description="cpu, cuda or cuda:N; auto: the first GPU if there is one")
    batch_size: int = Field(256, ge=1, description="samples computed at once; lower it when memory runs out")
    head: Literal["language_model", "score"] = Field(
        "language_model", description="what the model ends in: score is one number for a text, of a scorer"
    )
    max_length: int | None = Field(
        None, ge=2, description="tokens of prompt and completion together; unset: what the model was made for"
    )

    _model: Any = PrivateAttr(None)
    _tokenizer: Any = PrivateAttr(None)
    _special: Any = PrivateAttr(None)

    @property
    def abilities(self) -> frozenset[Ability]:
        if self.head == "score":
            return frozenset({Ability.rate})
        return frozenset({Ability.complete, Ability.read, Ability.read_all})

    def check(self) -> None:
        located = _weights.locate(self.model)
        _weights.check(located)
        if self.adapter:
            _weights.check_adapter(_weights.locate(self.adapter))
        _scorers.check(_weights.locate(self.adapter) if self.adapter else located, scores=self.head == "score")

    def __enter__(self) -> "Transformers":
        self.check()
        _weights.prepare_libraries()
        located = _weights.locate(self.model)
        device = self._device()
        if device.startswith("cuda"):
            free_gpus()
        model = self._load(located, self._dtype(device))
        self._tokenizer = _weights.load_tokenizer(located)
        self._special = _chat.special_texts(self._tokenizer)
        self._model = model.to(device).eval()
        return self

    def _load(self, located: str, dtype: "torch.dtype | str") -> Any:
        if self.head == "score":
            return _scorers.load(_weights.locate(self.adapter) if self.adapter else located, dtype=dtype)
        model = _weights.load_model(located, dtype=dtype)
        return _weights.add_adapter(model, _weights.locate(self.adapter)) if self.adapter else model

    def __exit__(self, *_: object) -> None:
        on_gpu = self._model is not None and self._model.device.type == "cuda"
        self._model = self._tokenizer = None
        gc.collect()
        if on_gpu:
            import torch

            torch.cuda.empty_cache()

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        from backend.engines._decoding import Decoder, batches, requests

        self._require(Ability.complete)
        model, tokenizer = self._loaded()
        encoded, refused = self._each(prompts, lambda some: _chat.encode(tokenizer, self._special, prompts[some]))
        refused |= self._too_long("The prompt has", {n: len(ids) for n, ids in encoded.items()}, room=1)
        fitting = [position for position in range(len(prompts)) if position not in refused]
        seed = sampling.seed if sampling.seed is not None else secrets.randbits(63)
        wanted = requests([encoded[n] for n in fitting], sampling, seed=seed, context=self.context_length)
        decoder = Decoder(model, tokenizer, sampling)
        results: list[list[Completion]] = [[] for _ in prompts]
        for position, failure in refused.items():
            results[position] = failed(failure.kind, failure.reason, sampling.n)
        for batch in batches(wanted, rows=self.batch_size):
            positions = [fitting[request.position] for request in batch for _ in request.keys]
            outputs = _computed(decoder.decode, batch, sum(len(request.keys) for request in batch))
            heads = [encoded[n][-ANCHOR:] if is_continued(prompts[n]) else [] for n in positions]
            for position, completion in zip(positions, self._completions(outputs, heads, sampling.stop), strict=True):
                results[position].append(completion)
        return results

    def stream(self, chat: Messages, sampling: Sampling) -> Generator[str | Completion]:
        from backend.engines._decoding import Decoder, requests
        from backend.engines._pieces import Pieces

        self._require(Ability.complete)
        model, tokenizer = self._loaded()
        encoded, refused = self._each([chat], lambda some: _chat.encode(tokenizer, self._special, [chat][some]))
        refused |= self._too_long("The prompt has", {n: len(ids) for n, ids in encoded.items()}, room=1)
        if refused:
            yield failed(refused[0].kind, refused[0].reason)[0]
            return
        seed = sampling.seed if sampling.seed is not None else secrets.randbits(63)
        single = replace(sampling, n=1)
        [request] = requests([encoded[0]], single, seed=seed, context=self.context_length)
        head = encoded[0][-ANCHOR:] if is_continued(chat) else []
        outputs, pieces = Decoder(model, tokenizer, single).outputs(request), Pieces(self._decode, head)
        while output := _computed(lambda _: [next(outputs, None)], None, 1)[0]:
            newest = output
            if piece := pieces.after(output.ids[-1]):
                yield piece
        yield self._completions([newest], [head], sampling.stop)[0]

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        from backend.engines._reading import BoundedReader, ReadRequest

        self._require(Ability.read)
        model, tokenizer = self._loaded()
        encoded, refused = self._each(
            chats, lambda some: _chat.encode_answers(tokenizer, self._special, chats[some], texts[some])
        )
        lengths = {n: len(chat) + len(text) for n, (chat, text) in encoded.items() if text}
        refused |= self._too_long("Prompt and text have", lengths)
        readings = [Reading(())] * len(chats)  # of an empty text
        for position, failure in refused.items():
            readings[position] = unread(failure.kind, failure.reason)
        given = [
            ReadRequest(n, chat or [int(tokenizer.bos_token_id or tokenizer.eos_token_id)], text)
            for n, (chat, text) in encoded.items()
            if text and n not in refused
        ]
        reader = BoundedReader(model, rows=self.batch_size)
        for batch in reader.batches(given):
            for item, reading in zip(batch, _computed(reader.read, batch, len(batch)), strict=True):
                readings[item.position] = reading
        return readings

    def rate(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[float]:
        self._require(Ability.rate)
        model, tokenizer = self._loaded()
        encoded, refused = self._each(
            chats, lambda some: _chat.encode_closed(tokenizer, self._special, chats[some], texts[some])
        )
        refused |= self._too_long("Prompt and text have", {n: len(ids) for n, ids in encoded.items()})
        for position, failure in sorted(refused.items()):
            raise PromptError(failure.reason, kind=failure.kind, position=position)
        scores = [0.0] * len(chats)
        pad = int(tokenizer.pad_token_id)
        batches = _scorers.rate(model, list(encoded.values()), pad=pad, at_once=self.batch_size)
        for places, ratings in _computed(list, batches, self.batch_size):
            for place, score in zip(places, ratings, strict=True):
                scores[place] = score
        return scores

    def rates_with_dropout(
        self, chats: Sequence[Messages], texts: Sequence[str], *, passes: int, seed: int
    ) -> list[list[float]]:
        self._require(Ability.rate)
        rates = []
        for number in range(passes):
            with _scorers.with_dropout(self._loaded()[0], seed=seed + number):
                rates.append(self.rate(chats, texts))
        return [list(of_text) for of_text in zip(*rates, strict=True)]

    def _require(self, ability: Ability) -> None:
        if ability not in self.abilities:
            raise unable(self, ability)

    def count_tokens(self, messages: Messages) -> int:
        return len(self._encode([messages])[0])

    def _encode(self, prompts: Sequence[Messages]) -> list[list[int]]:
        tokenizer = self._loaded()[1]
        encoded, refused = self._each(prompts, lambda some: _chat.encode(tokenizer, self._special, prompts[some]))
        for failure in refused.values():
            raise PromptError(failure.reason, kind=failure.kind)
        return list(encoded.values())

    @property
    def context_length(self) -> int | None:
        if self.max_length is not None:
            return self.max_length
        model, tokenizer = self._loaded()
        own = getattr(model.config.get_text_config(), "max_position_embeddings", None) or UNLIMITED
        shortest = min(own, tokenizer.model_max_length)
        return shortest if shortest < UNLIMITED else None

    def _loaded(self) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
        if self._model is None:
            raise EngineError(f"The model {self.model} is not loaded. Use the engine in a `with` block.")
        return self._model, self._tokenizer

    def _device(self) -> str:
        import torch

        if self.device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise MissingPrerequisite("torch sees no GPU here. Set the engine's device to cpu or auto.")
        return self.device

    def _dtype(self, device: str) -> "torch.dtype | str":
        import torch

        if self.dtype == "auto":
            return "auto" if device.startswith("cuda") else torch.float32
        return torch.bfloat16 if self.dtype == "bfloat16" else torch.float32

    def _each(
        self, chats: Sequence[Messages], encode: Callable[[slice], list[T]]
    ) -> tuple[dict[int, T], dict[int, Failure]]:
        return _fitting.each(self.model, chats, encode)

    def _too_long(self, what: str, lengths: dict[int, int], *, room: int = 0) -> dict[int, Failure]:
        return _fitting.too_long(self.model, self.context_length, what, lengths, room=room)

    def _completions(
        self, outputs: "Sequence[Output]", heads: Sequence[list[int]], stop: tuple[str, ...]
    ) -> list[Completion]:
        """heads: the tokens before each output that it goes on from, none where it begins a turn."""
        texts = self._decode([output.ids for output in outputs])
        if any(heads):
            before = self._decode(heads)
            wholes = self._decode([head + output.ids for head, output in zip(heads, outputs, strict=True)])
            cases = zip(texts, before, wholes, strict=True)
            texts = [
                whole.removeprefix(head) if head and whole.startswith(head) else text for text, head, whole in cases
            ]
        return [
            Completion(
                text=cut_at(text, stop),
                finish_reason="stop" if output.ended else "length",
                num_tokens=len(output.ids),
                logprob=output.logprob,
            )
            for text, output in zip(texts, outputs, strict=True)
        ]

    def _decode(self, ids: Sequence[list[int]]) -> list[str]:
        texts: list[str] = self._tokenizer.batch_decode(list(ids), skip_special_tokens=True)
        return texts


def cut_at(text: str, stop: tuple[str, ...]) -> str:
    """Cut a text before the earliest stop string."""
    return text[: min((text.find(word) for word in stop if word in text), default=len(text))]


def _computed(compute: Callable[[Any], list[T]], batch: Any, rows: int) -> list[T]:
    import torch

    try:
        return compute(batch)
    except torch.OutOfMemoryError as error:
        raise EngineError(
            f"The GPU ran out of memory with {rows} samples at once. Lower the engine's batch_size."
        ) from error
