"""What a tool is: its fields are its arguments, its docstring its description, its one method what it does."""

from datetime import datetime
from enum import Enum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from backend.services.access import Actor
from backend.values import JSON

LONGEST_TEXT = 20_000
"""A text that is read in full is cut after so many characters."""
LONGEST_BEGINNING = 2_000
"""One of several texts, likewise."""


class Tool(BaseModel):
    """A call that was read and checked. `changes`: whether it may change rows beyond the audit trail."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: ClassVar[str]
    changes: ClassVar[bool] = False

    def call(self, actor: Actor) -> JSON:
        """Return what the services answer the actor, small enough to be read; raises their errors."""
        raise NotImplementedError


def untrusted(text: str, most: int = LONGEST_BEGINNING) -> JSON:
    """A text that a model wrote or a file held, marked as data, and cut where it is too long."""
    marked: JSON = {"untrusted_text": text[:most]}
    return marked if len(text) <= most else marked | {"is_cut_from_characters": len(text)}


def conversation(messages: Any, most: int = LONGEST_BEGINNING) -> list[JSON]:
    """Messages as data: who speaks, and the text."""
    return [{"role": str(one["role"]), **untrusted(str(one["content"]), most)} for one in messages]


def told(value: Any) -> Any:
    """The value as JSON has it."""
    if isinstance(value, dict):
        return {str(name): told(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [told(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def fields(row: Any, *names: str) -> JSON:
    """These fields of a row that a service returned, without those that are empty."""
    values = {name: told(getattr(row, name)) for name in names}
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
