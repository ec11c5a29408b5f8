"""One reply over HTTP, how much of it is read, and why a request has to be sent again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.errors import PromptError
from backend.values import FailureKind

LARGEST_REPLY = 64 * 2**20
"""Bytes of one reply; 1,024 samples with log-probabilities take a third of it."""
LARGEST_ERROR = 64 * 2**10
WAYS_OUT = {
    FailureKind.timeout: "Give it more time (timeout), or fewer requests at once (concurrency).",
    FailureKind.reply: "Check that the address is that of an OpenAI-compatible API (it ends in /v1).",
}
RUNS = "Check that the server runs and is not overloaded, then try again."


@dataclass(frozen=True)
class HttpReply:
    """A reply's status, headers and body, read whole within the bounds."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the parsed body; raises `ValueError` for what is no JSON."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deep") from error

    @property
    def content(self) -> Any:
        """The parsed body, or its first characters as text."""
        try:
            return self.json()
        except ValueError:
            return self.body[:1000].decode("utf-8", errors="replace")


class RetryRequest(Exception):
    """Why a request is to be sent again, and what kind of failure it is when that does not help."""

    def __init__(self, kind: FailureKind, reason: str, wait: float = 0.0, way_out: str = "") -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.wait = wait
        self.way_out = way_out or WAYS_OUT.get(kind, RUNS)


def bounds(status: int) -> int:
    """How many bytes of a reply with this status are read."""
    return LARGEST_REPLY if status == 200 else LARGEST_ERROR


def too_large(url: str, most: int) -> PromptError:
    """The error of a reply that is too large to be read."""
    return PromptError(
        f"{url} sent a reply of over {most // 2**20} MB, which is not read. Ask for fewer samples or tokens at once.",
        kind=FailureKind.reply,
    )
