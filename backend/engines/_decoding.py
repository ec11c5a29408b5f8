"""Samples from a causal language model, batch by batch.

Own loop instead of `generate`: it keeps log-probabilities without keeping logits, computes a prompt once for
all its samples, lets go of finished rows, and draws each row's tokens from random numbers of its own, so
that a text depends on its prompt and seed and not on what else was in the batch (up to rounding).
"""

import hashlib
import inspect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.engines._ends import end_tokens
from backend.values import Sampling

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

COMPACT_BELOW = 0.8  # share of unfinished rows below which the batch is compacted


@dataclass(frozen=True)
class Request:
    """One prompt as token ids, and which of its samples are wanted: `keys` seed one sample each."""

    position: int
    ids: list[int]
    keys: tuple[int, ...]
    limit: int


@dataclass(frozen=True)
class Output:
    """New token ids of one sample, the end token included, with their summed log-probability."""

    ids: list[int]
    logprob: float
    ended: bool


def requests(prompts: Sequence[list[int]], sampling: Sampling, *, seed: int, context: int | None) -> list[Request]:
    """Give every sample its key: equal prompts in one call get different ones."""
    seen: Counter[bytes] = Counter()
    requests_ = []
    for position, ids in enumerate(prompts):
        content = ",".join(map(str, ids)).encode()
        start = f"{seed}:{seen[content]}:".encode()
        seen[content] += 1
        keys = tuple(
            int.from_bytes(hashlib.blake2b(start + f"{copy}:".encode() + content, digest_size=16).digest())
            for copy in range(sampling.n)
        )
        room = sampling.max_tokens if context is None else min(sampling.max_tokens, context - len(ids))
        requests_.append(Request(position, ids, keys, room))
    return requests_


def batches(wanted: Sequence[Request], *, rows: int) -> Iterator[list[Request]]:
    """Pack requests of similar length, longest first, into batches of at most so many rows."""
    pieces = [
        Request(request.position, request.ids, request.keys[start : start + rows], request.limit)
        for request in sorted(wanted, key=lambda piece_of: -len(piece_of.ids))
        for start in range(0, len(request.keys), rows)
    ]
    batch: list[Request] = []
    for piece in pieces:
        if batch and sum(len(request.keys) for request in batch) + len(piece.keys) > rows:
            yield batch
            batch = []
        batch.append(piece)
    if batch:
        yield batch


class Decoder:
    """A model, its tokenizer and one way to sample."""

    def __init__(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", sampling: Sampling) -> None:
        import torch

        self.model = model
        self.tokenizer = tokenizer
        self.sampling = sampling
        self.device = model.device
        self.ends = torch.tensor(
            sorted(end_tokens(model.generation_config, tokenizer, sampling.stop)), device=model.device
        )
        accepted = inspect.signature(model.forward).parameters
        self.keep_last = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}
        self.takes_positions = "position_ids" in accepted

    def decode(self, batch: Sequence[Request]) -> list[Output]:
        """Sample every row of a batch, in order of the requests and of their keys."""
        import torch

        with torch.inference_mode():
            return self._decode(batch)

    def _decode(self, batch: Sequence[Request]) -> list[Output]:
        import torch

        copies = torch.tensor([len(request.keys) for request in batch], device=self.device)
        limits = torch.tensor([request.limit for request in batch], device=self.device).repeat_interleave(copies)
        steps = int(limits.max())
        uniforms = self._uniforms(batch, steps)
        tokens = torch.zeros(len(limits), steps, dtype=torch.long, device=self.device)
        logprobs = torch.zeros(len(limits), device=self.device)
        lengths = torch.zeros_like(limits)
        ended = torch.zeros_like(limits, dtype=torch.bool)

        state = _State(self, batch)
        if int(copies.max()) > 1:
            state.select(torch.arange(len(batch), device=self.device).repeat_interleave(copies))
        rows = torch.arange(len(limits), device=self.device)
        active = torch.ones_like(rows, dtype=torch.bool)
        for step in range(steps):
            chosen = draw(state.logits, self.sampling, uniforms[rows, step] if uniforms is not None else None)
            gained = state.logits.gather(1, chosen[:, None])[:, 0] - state.logits.logsumexp(-1)
            logprobs[rows] += torch.where(active, gained, 0.0)
            tokens[rows, step] = torch.where(active, chosen, 0)
            lengths[rows] += active.long()
            stopped = torch.isin(chosen, self.ends)
            if self.sampling.stop:
                stopped |= self._has_stop(tokens[rows, max(0, step + 1 - self._window) : step + 1])
            ended[rows] |= active & stopped
            active &= ~stopped & (limits[rows] > step + 1)
            remaining = int(active.sum())
            if remaining == 0:
                break
            if remaining < COMPACT_BELOW * len(rows):
                kept = active.nonzero()[:, 0]
                state.select(kept)
                rows, chosen, active = rows[kept], chosen[kept], active[kept]
            state.advance(chosen)
        return [
            Output(ids[:length], logprob, end)
            for ids, length, logprob, end in zip(
                tokens.tolist(), lengths.tolist(), logprobs.tolist(), ended.tolist(), strict=True
            )
        ]

    def outputs(self, request: Request) -> Iterator[Output]:
        """Sample the first sample of one request; yield what there is after each token."""
        import torch

        # Each token is computed in a mode that whoever takes it does not get into.
        with torch.inference_mode():
            state, uniforms = _State(self, [request]), self._uniforms([request], request.limit)
        ids: list[int] = []
        logprob, ended = 0.0, False
        while not ended and len(ids) < request.limit:
            with torch.inference_mode():
                if ids:
                    state.advance(torch.tensor(ids[-1:], device=self.device))
                chosen = draw(state.logits, self.sampling, uniforms[:1, len(ids)] if uniforms is not None else None)
                logprob += float(state.logits[0, chosen[0]] - state.logits[0].logsumexp(-1))
                ids.append(int(chosen))
                ended = bool(torch.isin(chosen, self.ends))
                if self.sampling.stop and not ended:
                    ended = bool(self._has_stop(torch.tensor([ids[-self._window :]])))
            yield Output(list(ids), logprob, ended)

    def _uniforms(self, batch: Sequence[Request], steps: int) -> "torch.Tensor | None":
        """Return one number in [0, 1) for each row and step, from the row's own key."""
        import numpy
        import torch

        if self.sampling.temperature == 0:
            return None
        keys = [key for request in batch for key in request.keys]
        drawn = numpy.stack([numpy.random.default_rng(key).random(steps, dtype=numpy.float32) for key in keys])
        return torch.from_numpy(drawn).to(self.device)

    @property
    def _window(self) -> int:
        """Tokens that hold the longest stop string for sure: a character is at most four tokens."""
        return 4 * max(len(stop) for stop in self.sampling.stop) + 4

    def _has_stop(self, recent: "torch.Tensor") -> "torch.Tensor":
        import torch

        texts = self.tokenizer.batch_decode(recent, skip_special_tokens=True)
        return torch.tensor([any(stop in text for stop in self.sampling.stop) for text in texts], device=self.device)


class _State:
    """Key-value cache, mask and next logits of the rows that are still computed."""

    def __init__(self, decoder: Decoder, batch: Sequence[Request]) -> None:
        import torch

        self.decoder = decoder
        width = max(len(request.ids) for request in batch)
        padding = [width - len(request.ids) for request in batch]
        ids = torch.tensor([[0] * pad + request.ids for pad, request in zip(padding, batch, strict=True)])
        mask = torch.tensor([[0] * pad + [1] * (width - pad) for pad in padding])
        self.mask = mask.to(decoder.device)
        # Without padding attention needs no mask, which is faster.
        self.padded = any(padding)
        self.positions = (self.mask.cumsum(-1) - 1).clamp(min=0)
        self.cache: Any = None
        self._forward(ids.to(decoder.device), **decoder.keep_last)

    def _forward(self, ids: "torch.Tensor", **options: Any) -> None:
        if self.decoder.takes_positions:
            options["position_ids"] = self.positions
        if self.padded:
            options["attention_mask"] = self.mask
        output = self.decoder.model(input_ids=ids, past_key_values=self.cache, use_cache=True, **options)
        self.cache = output.past_key_values
        self.logits = output.logits[:, -1].float()

    def advance(self, chosen: "torch.Tensor") -> None:
        """Append one token to every row and compute the logits after it."""
        self.positions = self.positions[:, -1:] + 1
        if self.padded:
            self.mask = self.mask.new_ones(len(chosen), self.mask.shape[1] + 1).index_copy_(
                1, self._columns(), self.mask
            )
        self._forward(chosen[:, None])

    def _columns(self) -> "torch.Tensor":
        import torch

        return torch.arange(self.mask.shape[1], device=self.mask.device)

    def select(self, rows: "torch.Tensor") -> None:
        """Keep these rows, in this order; a row may be named several times."""
        self.cache.reorder_cache(rows)
        self.mask, self.positions, self.logits = self.mask[rows], self.positions[rows], self.logits[rows]


def draw(logits: "torch.Tensor", sampling: Sampling, uniform: "torch.Tensor | None") -> "torch.Tensor":
    """Choose one token a row: greedy at temperature 0, else temperature, then top_k, then top_p."""
    import torch

    if uniform is None:
        return logits.argmax(-1)
    scaled = logits / sampling.temperature
    if 0 < sampling.top_k < logits.shape[-1]:
        lowest = scaled.topk(sampling.top_k).values[:, -1:]
        scaled = scaled.masked_fill(scaled < lowest, -torch.inf)
    weights = scaled.softmax(-1)
    order = None
    if sampling.top_p < 1:
        weights, order = weights.sort(descending=True, stable=True)
        weights = weights.masked_fill(weights.cumsum(-1) - weights >= sampling.top_p, 0.0)
        weights[:, 0] = weights[:, 0].clamp(min=1e-9)
    total = weights.cumsum(-1)
    chosen = torch.searchsorted(total, uniform[:, None] * total[:, -1:], right=True)
    chosen = chosen.clamp(max=logits.shape[-1] - 1)
    return (chosen if order is None else order.gather(1, chosen))[:, 0]
