"""How much memory a training will take, computed from shapes before it begins. An estimate: see `HOW`."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from backend.values import JSON

HOW = (
    "Weights, gradients and the two moments of AdamW are counted from the tensors that were loaded. Activations: "
    "tokens of one forward pass at the longest row, times layers, times 34 bytes of each hidden unit at 16 bits "
    "(68 at 32 bits), as Korthikanti et al. 2022 (arXiv 2205.05198) count a transformer layer without stored attention "
    "scores; with gradient_checkpointing the input of each layer and one whole layer. Logits: tokens times vocabulary, "
    "as values and as gradients of 32 bits. Of several processes it is what each takes: ddp keeps all of it and has "
    "buckets of the size of the gradients beside; fsdp has a share of weights, reference, gradients and optimizer, "
    "deepspeed (ZeRO 2) one of gradients and optimizer. Buffers of the libraries come on top."
)
BYTES_OF_LAYER = 34
"""Of each hidden unit and token in one layer, where numbers have two bytes."""

SHARDED = ("weights", "reference", "gradients", "optimizer")
"""What FSDP shares out."""


@dataclass(frozen=True)
class Memory:
    """Bytes, of one process. buckets: the gradients once more, as processes exchange them."""

    weights: int
    reference: int
    gradients: int
    optimizer: int
    activations: int
    logits: int
    buckets: int = 0

    @property
    def total(self) -> int:
        return sum(asdict(self).values())

    def to_json(self) -> JSON:
        return asdict(self) | {"total": self.total, "how": HOW}


def activations(tokens: int, *, layers: int, hidden: int, number: int, recomputes: bool) -> int:
    """Bytes that the backward pass needs of so many tokens; `number`: bytes of one number."""
    of_layer = tokens * hidden * BYTES_OF_LAYER * number // 2
    return layers * tokens * hidden * number + of_layer if recomputes else layers * of_layer


def logits(tokens: int, vocabulary: int) -> int:
    """Bytes of the next-token scores and their gradients."""
    return tokens * vocabulary * 4 * 2


def shared(whole: Memory, processes: int, strategy: str) -> Memory:
    """What one of several processes takes, of what a training in one process does."""
    if processes == 1:
        return whole
    if strategy == "ddp":
        return replace(whole, buckets=whole.gradients)
    names = ("gradients", "optimizer") if strategy == "deepspeed" else SHARDED
    return replace(whole, **{name: -(-getattr(whole, name) // processes) for name in names})


def estimated(policy: Any, reference: Any, *, tokens: int, half: bool, recomputes: bool, head: bool) -> Memory:
    """The memory of a model that trains on forward passes of so many tokens.

    half: activations have 16 bits. head: the model ends in next-token scores, not in one number.
    """
    shape = policy.config.get_text_config()
    sizes = [
        (parameter.numel(), parameter.element_size(), parameter.requires_grad) for parameter in policy.parameters()
    ]
    trained = sum(count * size for count, size, is_trained in sizes if is_trained)
    return Memory(
        weights=sum(count * size for count, size, _ in sizes),
        reference=sum(parameter.numel() * parameter.element_size() for parameter in reference.parameters())
        if reference
        else 0,
        gradients=trained,
        optimizer=2 * trained,
        activations=activations(
            tokens,
            layers=shape.num_hidden_layers,
            hidden=shape.hidden_size,
            number=2 if half else 4,
            recomputes=recomputes,
        ),
        logits=logits(tokens, shape.vocab_size) if head else 0,
    )
