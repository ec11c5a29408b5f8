"""A reply that comes in pieces, as server-sent events, put together to what it would have been in one."""

import json
from collections.abc import Callable
from typing import Any

from backend.engines._replies import OddReply, texts_of
from backend.values import JSON

TYPE = "text/event-stream"
ASKED: JSON = {"stream": True, "stream_options": {"include_usage": True}}
"""The fields of a request that ask for one. A server may refuse them, and is then asked without."""
Hear = Callable[[str], None]
"""Called with each piece of the text, in the event loop's thread: it must not wait."""


class EventStream:
    """One choice. `reply` is it as JSON, an error in its place as it came."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._rest = b""
        self._error: Any = None
        self._usage: JSON = {}
        self._message: dict[str, str] = {}
        self._logprobs: list[Any] = []
        self._finish: Any = None
        self.has_begun = False
        """Whether a piece was heard, so that asking again would repeat it."""

    def feed(self, content: bytes) -> None:
        """Take bytes as they come; lines may be cut anywhere. What is no event is passed over."""
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            name, _, data = line.strip().partition(b":")
            if name == b"data" and data.strip() != b"[DONE]":
                self._take(data)

    @property
    def reply(self) -> JSON:
        if self._error is not None:
            return {"error": self._error}
        if self._finish is None and not self._message:
            return {}
        message = {"role": "assistant", "content": ""} | self._message
        logprobs = {"content": self._logprobs} if self._logprobs else None
        choice = {"index": 0, "message": message, "finish_reason": self._finish, "logprobs": logprobs}
        return {"choices": [choice], "usage": self._usage}

    def _take(self, data: bytes) -> None:
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict):
            return
        if event.get("error"):
            self._error = event["error"]
        if isinstance(event.get("usage"), dict):
            self._usage = event["usage"]
        choices = event.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._add(choices[0])

    def _add(self, choice: JSON) -> None:
        self._finish = choice.get("finish_reason") or self._finish
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
            self._logprobs += logprobs["content"]
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        try:
            text, reasoning = texts_of(delta)
        except OddReply:
            return
        for name, piece in (("content", text), ("reasoning_content", reasoning)):
            if piece:
                self._message[name] = self._message.get(name, "") + piece
        if text:
            self.has_begun = True
            self._hear(text)
