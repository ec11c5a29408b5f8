"""What may be asked of replies beside their text: a form to keep to, what a word weighs, what they cost."""

import json
import re
from dataclasses import dataclass
from typing import Any

from backend.values import Failure


@dataclass(frozen=True)
class ReplyForm:
    """What a whole reply has to be: one of some texts, what a pattern matches, or JSON of a schema. One is given.

    pattern: a regular expression without look-around, which servers cannot hold a text to.
    """

    choices: tuple[str, ...] = ()
    pattern: str = ""
    schema: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        """`choice`, `regex` or `json`."""
        return "choice" if self.choices else "regex" if self.pattern else "json"

    def holds(self, reply: str) -> bool:
        """Whether a whole reply is of this form; of JSON only, whether it is an object with the fields that have to be
        there."""
        if self.schema is None:
            return reply in self.choices if self.choices else re.fullmatch(self.pattern, reply) is not None
        try:
            value = json.loads(reply)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and value.keys() >= {*self.schema.get("required", ())}


@dataclass(frozen=True)
class Weights:
    """The log-probability of each of some words as the reply to a chat, in nats, in order."""

    logprobs: tuple[float, ...] = ()
    failure: Failure | None = None
    """Why there are none."""


@dataclass(frozen=True)
class Usage:
    """What answered requests cost: tokens that the model read and wrote, as its server counts them."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    uncounted: int = 0
    """Requests whose reply does not say how many tokens it took."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.requests + other.requests,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.uncounted + other.uncounted,
        )
