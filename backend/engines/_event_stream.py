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
        self._rest: list[bytes] = []
        self.num_bytes = 0
        self.is_over = False
        """Whether its end came: without one, the reply was cut off."""
        self._error: Any = None
        self._usage: JSON = {}
        self._message: dict[str, list[str]] = {}
        self._logprobs: list[Any] = []
        self._finish: Any = None
        self.has_begun = False
        """Whether a piece was heard, so that asking again would repeat it."""

    def feed(self, content: bytes) -> None:
        """Take bytes as they come; lines may be cut anywhere. What is no event is passed over."""
        self.num_bytes += len(content)
        head, newline, content = content.partition(b"\n")
        self._rest.append(head)
        if not newline:
            return  # a line without an end is put together once, however many pieces it comes in
        lines = [b"".join(self._rest), *content.split(b"\n")]
        self._rest = [lines.pop()]
        for line in lines:
            name, _, data = line.strip().partition(b":")
            if name != b"data":
                continue
            if data.strip() == b"[DONE]":
                self.is_over = True
            else:
                self._take(data)

    def close(self) -> None:
        """Take the last line, which may have no end."""
        self.feed(b"\n")

    @property
    def reply(self) -> JSON:
        if self._error is not None:
            return {"error": self._error}
        if self._finish is None and not self._message:
            return {}
        parts = {name: "".join(pieces) for name, pieces in self._message.items()}
        message = {"role": "assistant", "content": ""} | parts
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
            self._error, self.is_over = event["error"], True
        if isinstance(event.get("usage"), dict):
            self._usage = event["usage"]
        choices = event.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._add(choices[0])

    def _add(self, choice: JSON) -> None:
        if choice.get("finish_reason"):
            self._finish, self.is_over = choice["finish_reason"], True
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
                self._message.setdefault(name, []).append(piece)
        if text:
            self.has_begun = True
            self._hear(text)
