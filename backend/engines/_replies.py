"""What the choices of an OpenAI-like reply say: texts, reasoning apart, how they ended.

Servers differ in all of it. What is known is read; what is not known is said, never guessed.
"""

import math
from typing import Any

from backend.boundary import clean
from backend.engines import failed
from backend.values import JSON, Completion, FailureKind
from backend.values.replies import Usage

FINISHED = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "max_length": "length",
    "content_filter": "filter",
    "content_filtered": "filter",
    "safety": "filter",
    "prohibited_content": "filter",
    "blocklist": "filter",
    "recitation": "filter",
}
"""Spellings of how a text ended, in small letters. Any other is unknown."""
REASONING = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
INSIDE = ("text", "thinking", "reasoning", "content", "summary")
"""Where a part of a reply keeps its words."""
DEEPEST = 8


class OddReply(ValueError):
    """A choice that cannot be read."""


def completions_of(reply: JSON, stop: tuple[str, ...] = ()) -> list[Completion]:
    """Read the choices of a reply, in order of their index. `stop`: texts to cut at that the server was not told.

    A choice that cannot be read, or that a filter withheld, becomes a completion with a failure.
    """
    choices = _ordered(reply["choices"])
    total = _number(_object(reply.get("usage")).get("completion_tokens"))
    return [_completion(choice, total // len(choices), stop) for choice in choices]


def usage_of(reply: JSON) -> Usage:
    """What the request took, as the reply says; uncounted where it does not."""
    usage = _object(reply.get("usage"))
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if type(read) is not int or type(written) is not int:
        return Usage(requests=1, uncounted=1)
    return Usage(1, _number(read), _number(written))


def _ordered(choices: list[JSON]) -> list[JSON]:
    """By index, where each choice has one of its own; else as they came."""
    places = [choice.get("index") for choice in choices]
    if all(type(place) is int for place in places) and len(set(places)) == len(places):
        return sorted(choices, key=lambda choice: choice["index"])
    return choices


def _completion(choice: JSON, share: int, stop: tuple[str, ...]) -> Completion:
    """Without log-probabilities only the tokens of all choices together are known: each gets its share."""
    finish = finish_reason(choice.get("finish_reason"))
    if finish == "filter":
        return failed(FailureKind.filter, "The endpoint's content filter withheld the reply.")[0]
    if isinstance(choice.get("error"), dict | str):
        reason = choice["error"] if isinstance(choice["error"], str) else choice["error"].get("message")
        return failed(FailureKind.reply, f"The reply holds an error: {clean(str(reason)[:300])}")[0]
    try:
        text, reasoning = texts_of(choice["message"])
    except OddReply as error:
        return failed(FailureKind.reply, f"The reply cannot be read: {clean(str(error))}.")[0]
    logprobs = _logprobs(choice.get("logprobs"))
    known = [logprob for logprob in logprobs if logprob is not None]
    place = min((text.find(word) for word in stop if word in text), default=-1)
    return Completion(
        text=text if place < 0 else text[:place],
        finish_reason=finish if place < 0 else "stop",
        num_tokens=len(logprobs) or share,
        logprob=_sum(known) if known and len(known) == len(logprobs) else None,
        reasoning=reasoning,
    )


def finish_reason(value: object) -> str:
    """`stop`, `length`, `filter`, or `unknown` for what is no known spelling of these."""
    return FINISHED.get(value.casefold(), "unknown") if isinstance(value, str) else "unknown"


def texts_of(message: JSON) -> tuple[str, str]:
    """The text of a message and its reasoning; raises `OddReply`."""
    text, inside = _content(message.get("content"))
    refusal = message.get("refusal")
    if not text and isinstance(refusal, str):
        text = refusal
    apart = next((words for name in REASONING if (words := _words(message.get(name)))), "")
    if not text and not inside and not apart and message.get("tool_calls"):
        raise OddReply("it asks for a tool instead of answering")
    return text, apart or inside


def _content(content: Any) -> tuple[str, str]:
    """Text and reasoning of a content: a string, null, or parts."""
    if content is None or isinstance(content, str):
        return content or "", ""
    if not isinstance(content, list | dict):
        raise OddReply(f"its content is {type(content).__name__}, neither text nor parts")
    text, reasoning = [], []
    for part in content if isinstance(content, list) else [content]:
        kind = "text" if isinstance(part, str) else str(_object(part).get("type", "text"))
        if "think" in kind or "reason" in kind:
            reasoning.append(_words(part))
        elif kind in ("text", "output_text", "refusal"):
            text.append(part if isinstance(part, str) else _said(part, kind))
        else:
            raise OddReply(f"its content has a part of the type {kind[:40]!r}")
    return "".join(text), "".join(reasoning)


def _said(part: Any, kind: str) -> str:
    """The words of a text part. They may be an object that holds them as `value`, as in assistants' messages."""
    value = _object(part).get("refusal" if kind == "refusal" else "text")
    if isinstance(value, dict):
        value = value.get("value")
    if value is not None and not isinstance(value, str):
        raise OddReply(f"the text of a part is {type(value).__name__}")
    return value or ""


def _words(value: Any, depth: int = 0) -> str:
    """All words in a piece of reasoning, however it is wrapped."""
    if isinstance(value, str):
        return value
    if depth > DEEPEST:
        return ""
    if isinstance(value, list):
        return "".join(_words(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return next((words for name in INSIDE if (words := _words(value.get(name), depth + 1))), "")
    return ""


def _logprobs(value: Any) -> list[float | None]:
    """One log-probability a token, None where the server gave none that is a number."""
    tokens = _object(value).get("content")
    if not isinstance(tokens, list):
        return []
    return [_finite(_object(token).get("logprob")) for token in tokens]


def _finite(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _sum(logprobs: list[float]) -> float | None:
    try:
        return math.fsum(logprobs)
    except OverflowError:
        return None


def _number(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 2**31 else 0


def _object(value: Any) -> JSON:
    return value if isinstance(value, dict) else {}
