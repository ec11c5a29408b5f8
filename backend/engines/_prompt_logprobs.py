"""Reads texts over HTTP as far as a server tells: the log-probabilities of prompt tokens, which vLLM gives.

The text is sent as the last part of a prompt. Which of the prompt's tokens are its own is known from a second request,
for the chat without it: its tokens have to be the first ones of the longer prompt.
"""

from collections.abc import Callable, Sequence
from typing import Any

from backend.engines import answered, is_continued, unread
from backend.engines._replies import OddReply
from backend.values import JSON, Failure, FailureKind, Messages, Reading

Token = tuple[str, float | None]
"""Id and log-probability of a prompt token; the first token has none."""
Tokens = list[Token] | Failure
OTHER_START = (
    "The server joins the start of the text with the end of the chat, or renders the chat otherwise where the text is "
    "there, so the text's own tokens cannot be told. Read it with a model folder instead."
)


def body_of(messages: Messages) -> JSON:
    """What to ask beside how the last turn is rendered: one new token is the least that servers write."""
    return {"messages": messages, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 1}


def tokens_of(reply: JSON) -> list[Token]:
    """The prompt's tokens of a reply, in order; raises `OddReply`.

    Each entry holds the token that stands there first, then likelier ones.
    """
    entries = reply.get("prompt_logprobs")
    if not isinstance(entries, list) or not entries:
        raise OddReply("it gives no log-probabilities of the prompt (prompt_logprobs), which vLLM does")
    return [_first(entry) for entry in entries]


def _first(entry: Any) -> Token:
    if entry is None:
        return "", None
    if not isinstance(entry, dict) or not entry:
        raise OddReply("an entry of prompt_logprobs is no object")
    id_, value = next(iter(entry.items()))
    logprob = value.get("logprob") if isinstance(value, dict) else None
    if not isinstance(logprob, int | float) or isinstance(logprob, bool):
        raise OddReply("a log-probability in prompt_logprobs is no number")
    return str(id_), float(logprob)


def read(
    chats: Sequence[Messages], texts: Sequence[str], ask: Callable[[list[tuple[Messages, bool]]], list[Tokens]]
) -> list[Reading]:
    """Read texts: log-probabilities alone.

    ask: returns the prompt tokens of each of several (messages, whether the last one goes on), or why there are none.
    """
    heads = [(chat, is_continued(chat)) for chat in chats]
    distinct = {str(head): head for head, text in zip(heads, texts, strict=True) if text}
    known = dict(zip(distinct, ask(list(distinct.values())), strict=True))
    wanted = [n for n, text in enumerate(texts) if text and not isinstance(known[str(heads[n])], Failure)]
    wholes = dict(zip(wanted, ask([(answered(chats[n], texts[n]), True) for n in wanted]), strict=True))
    readings = []
    for n, text in enumerate(texts):
        head = known[str(heads[n])] if text else []
        readings.append(_reading(head, wholes.get(n, head)) if text else Reading(()))
    return readings


def _reading(head: Tokens, whole: Tokens) -> Reading:
    if isinstance(head, Failure) or isinstance(whole, Failure):
        failure = head if isinstance(head, Failure) else whole
        assert isinstance(failure, Failure)
        return unread(failure.kind, failure.reason)
    if [id_ for id_, _ in whole[: len(head)]] != [id_ for id_, _ in head] or len(whole) <= len(head):
        return unread(FailureKind.template, OTHER_START)
    return Reading(tuple(logprob for _, logprob in whole[len(head) :] if logprob is not None))
