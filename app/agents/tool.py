"""What a tool is: its fields are its arguments, its docstring its description, its one method what it does."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Strict

from backend.boundary import Id
from backend.services.access import Actor
from backend.values import JSON

LONGEST_TEXT = 20_000
"""A text that is read in full is cut after so many characters."""
LONGEST_BEGINNING = 2_000
"""One of several texts, likewise."""
FIRST_MESSAGES, LAST_MESSAGES = 4, 16
"""Of a long conversation these are shown: the system prompt and the question are among the first."""
ROLES = ("system", "developer", "user", "assistant", "tool")

RowId = Annotated[Id, Strict()]
"""The number of a row; a text or a fraction is none, as the audit trail finds the project of a call by these."""


class ToolCall(BaseModel):
    """A call that was read and checked.

    `changes`: whether it may change rows beyond the audit trail. `ends`: whether what it does cannot be taken back.
    `repeats`: whether the same call again does nothing more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: ClassVar[str]
    changes: ClassVar[bool] = False
    ends: ClassVar[bool] = False
    repeats: ClassVar[bool] = False

    def call(self, actor: Actor) -> JSON:
        """Return what the services answer the actor, small enough to be read; raises their errors."""
        raise NotImplementedError


def untrusted(text: str, most: int = LONGEST_BEGINNING, *, offset: int = 0) -> JSON:
    """A text that a model or a person wrote or a file held, marked as data, and cut where it is too long."""
    marked: JSON = {"untrusted_text": text[offset : offset + most]}
    if offset:
        marked["from_character"] = offset
    return marked if len(text) <= offset + most else marked | {"is_cut_from_characters": len(text)}


def conversation(messages: Any, most: int = LONGEST_BEGINNING) -> list[JSON]:
    """Messages as data: who speaks, and the text. Of many the first and the last, with how many are left out."""
    left_out = max(0, len(messages) - FIRST_MESSAGES - LAST_MESSAGES)
    if not left_out:
        return [_message(message, most) for message in messages]
    first, last = messages[:FIRST_MESSAGES], messages[-LAST_MESSAGES:]
    gap: JSON = {"left_out_messages": left_out}
    return [*(_message(message, most) for message in first), gap, *(_message(message, most) for message in last)]


def _message(message: Any, most: int) -> JSON:
    role = str(message["role"])
    return {"role": role if role in ROLES else "other", **untrusted(str(message["content"]), most)}


def as_json(value: Any) -> Any:
    """The value as JSON has it."""
    if isinstance(value, dict):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def fields(row: Any, *names: str) -> JSON:
    """These fields of a row that a service returned, without those that are empty."""
    values = {name: as_json(getattr(row, name)) for name in names}
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def words(row: Any, *names: str) -> JSON:
    """These texts of a row, marked as data, without those that are empty."""
    return {name: untrusted(text) for name in names if (text := getattr(row, name))}
