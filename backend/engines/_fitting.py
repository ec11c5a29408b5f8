"""Which chats a tokenizer's template takes, and which fit into a context."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from backend.engines import _chat, _weights
from backend.values import Failure, FailureKind, Messages

T = TypeVar("T")


def each(
    model: str, chats: Sequence[Messages], encode: Callable[[slice], list[T]]
) -> tuple[dict[int, T], dict[int, Failure]]:
    """What `encode` makes of each chat by its position, and why the template of the model refuses which."""
    try:
        return dict(enumerate(encode(slice(None)))), {}
    except _chat.REFUSALS:
        pass  # some chat is at fault: each alone, then
    encoded: dict[int, T] = {}
    refused: dict[int, Failure] = {}
    for position, chat in enumerate(chats):
        try:
            (encoded[position],) = encode(slice(position, position + 1))
        except _chat.REFUSALS as error:
            refused[position] = Failure(FailureKind.template, _chat.refusal(_weights.called(model), chat, error))
    return encoded, refused


def too_long(
    model: str, context: int | None, what: str, lengths: Mapping[int, int], *, room: int = 0
) -> dict[int, Failure]:
    """Why which chats, of so many tokens, do not fit with so many new ones."""
    name = _weights.called(model)
    return {
        position: Failure(
            FailureKind.context,
            f"{what} {length} tokens, but the context of {name} is {context}. Shorten it or choose another model.",
        )
        for position, length in lengths.items()
        if context is not None and length + room > context
    }
