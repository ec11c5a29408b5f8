"""Reads texts with a causal language model: what each of their tokens was worth to it.

The logits of a whole batch over a large vocabulary do not fit into memory. The texts of a batch are so put flush right,
the chats before them are computed without logits, and the texts in pieces, whose logits are let go one after the other.
"""

import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.values import Reading

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

LOGITS = 2**27
"""Numbers of one piece's logits: half a gigabyte in float32."""
PIECE = 64
"""Tokens of a text that are computed at once at least, before fewer texts are."""


@dataclass(frozen=True)
class ReadRequest:
    """A text and the chat before it, as token ids; `position` is its place in the call. Neither is empty."""

    position: int
    chat: list[int]
    text: list[int]

    @property
    def length(self) -> int:
        return len(self.chat) + len(self.text)


class BoundedReader:
    """A model that reads at most so many texts at once."""

    def __init__(self, model: "PreTrainedModel", *, rows: int, logits: int = LOGITS) -> None:
        self.model, self.device, self.logits = model, model.device, logits
        self.vocabulary = int(model.config.get_text_config().vocab_size)
        self.rows = max(1, min(rows, logits // (PIECE * self.vocabulary)))
        accepted = inspect.signature(model.forward).parameters
        self.keep_last = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}
        self.takes_positions = "position_ids" in accepted

    def batches(self, given: Sequence[ReadRequest]) -> Iterator[list[ReadRequest]]:
        """Texts of similar length together, longest first."""
        ordered = sorted(given, key=lambda item: (-item.length, item.position))
        for start in range(0, len(ordered), self.rows):
            yield ordered[start : start + self.rows]

    def read(self, batch: Sequence[ReadRequest]) -> list[Reading]:
        """Return the readings of a batch, in order."""
        import torch

        with torch.inference_mode():
            pieces = list(self._pieces(batch))
        # Rows are flush right: the numbers of a text are the last ones of its row.
        columns = [torch.cat([piece[name] for piece in pieces], dim=1).tolist() for name in range(3)]
        readings = []
        for row, item in enumerate(batch):
            logprobs, entropies, certainties = (tuple(column[row][-len(item.text) :]) for column in columns)
            readings.append(Reading(logprobs, entropies, certainties))
        return readings

    def _pieces(self, batch: Sequence[ReadRequest]) -> "Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]":
        """Log-probabilities, entropies and certainties of the columns that hold texts, piece by piece, on the CPU."""
        import torch

        width, widest = max(item.length for item in batch), max(len(item.text) for item in batch)
        padding = [width - item.length for item in batch]
        rows = [[0] * pad + item.chat + item.text for pad, item in zip(padding, batch, strict=True)]
        ids = torch.tensor(rows, device=self.device)
        mask = torch.tensor([[0] * pad + [1] * (width - pad) for pad in padding], device=self.device)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        step = max(1, self.logits // (len(batch) * self.vocabulary))
        # The token of a column is foretold by the column before it.
        first, cache = width - widest - 1, None
        if first > 0:
            cache = self._forward(ids, mask, positions, 0, first, cache, **self.keep_last).past_key_values
        for start in range(first, width - 1, step):
            end = min(start + step, width - 1)
            output = self._forward(ids, mask, positions, start, end, cache)
            cache = output.past_key_values
            yield measures(output.logits, ids[:, start + 1 : end + 1])

    def _forward(self, ids: Any, mask: Any, positions: Any, start: int, end: int, cache: Any, **options: Any) -> Any:
        if self.takes_positions:
            options["position_ids"] = positions[:, start:end]
        if not bool(mask.all()):
            options["attention_mask"] = mask[:, :end]
        return self.model(input_ids=ids[:, start:end], past_key_values=cache, use_cache=True, **options)


def measures(logits: "torch.Tensor", tokens: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
    """Log-probabilities of the tokens, entropies and certainties (see `Reading`), on the CPU.

    logits: rows x columns x vocabulary; tokens and results: rows x columns. By logits z, the certainty is
    logsumexp(z) - mean(z) - log V.
    """
    import torch

    scores = logits.float()
    total = scores.logsumexp(-1)
    logprobs = scores.gather(-1, tokens[..., None])[..., 0] - total
    certainties = total - scores.mean(-1) - math.log(scores.shape[-1])
    entropies = total - torch.einsum("rcv,rcv->rc", scores.softmax(-1), scores)
    return logprobs.cpu(), entropies.cpu(), certainties.cpu()
