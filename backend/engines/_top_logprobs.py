"""Weighs words by the likeliest first tokens of a reply, which most servers give that give log-probabilities."""

import math
from collections.abc import Sequence
from typing import Any

from backend.engines._replies import OddReply
from backend.values import JSON, Failure, FailureKind, Messages
from backend.values.replies import Weights

MOST = 20
"""So many of the likeliest tokens are given by OpenAI at most, and by vLLM unless it was told otherwise."""
CLOSE = math.log(0.01)
"""A word that is not among them weighs at most as much as the last of them: taken for that where it is so much less
than the heaviest word."""


def body_of(messages: Messages) -> JSON:
    """What to ask: one new token, and which ones it could have been."""
    return {"messages": messages, "max_tokens": 1, "logprobs": True, "top_logprobs": MOST}


def top_of(reply: JSON) -> dict[str, float]:
    """The likeliest first tokens of a reply with their log-probabilities; raises `OddReply`."""
    try:
        entries: Any = reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        top = {str(entry["token"]): float(entry["logprob"]) for entry in entries}
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise OddReply("it gives no log-probabilities of the likeliest tokens (top_logprobs)") from error
    if not top:
        raise OddReply("its list of the likeliest tokens (top_logprobs) is empty")
    return top


def weights(top: dict[str, float], words: Sequence[str]) -> Weights:
    """The log-probability of each word: that of the token that it is.

    A failure where no word is a token among the likeliest, or where one that is not might matter.
    """
    known = {word: top.get(word) for word in words}
    heaviest = max((logprob for logprob in known.values() if logprob is not None), default=None)
    least = min(top.values())
    missing = [word for word, logprob in known.items() if logprob is None]
    if heaviest is None or (missing and least - heaviest > CLOSE):
        likeliest = ", ".join(repr(token) for token in sorted(top, key=lambda token: -top[token])[:3])
        return Weights(
            failure=Failure(
                FailureKind.reply,
                f"The reply's first token is likeliest one of {likeliest}, so {' or '.join(map(repr, missing))} cannot "
                "be weighed. Ask for one word in the judge's template, or judge by votes.",
            )
        )
    return Weights(tuple(least if logprob is None else logprob for logprob in known.values()))
