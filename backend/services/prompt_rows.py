"""One row of a file -> one prompt: which column is what, what a prompt must be, and its content hash."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from backend.errors import InvalidInput
from backend.services.prompt_files import ROW_BYTES, type_name
from backend.values import Message, Messages

MESSAGES_COLUMNS = ("messages", "conversation", "conversations")
PROMPT_COLUMNS = ("prompt", "text", "instruction", "question", "input")
ANSWER_COLUMNS = ("answer", "completion", "response", "output", "target")


class BadRow(ValueError):
    """Why a row cannot become a prompt; the message continues "line 7: "."""


@dataclass(frozen=True)
class Mapping:
    """Which column holds what: `messages` or `prompt`, not both. `metadata` None means all other columns."""

    messages: str | None = None
    prompt: str | None = None
    answer: str | None = None
    metadata: tuple[str, ...] | None = None


class ParsedPrompt(NamedTuple):
    """A prompt ready to be written: messages and metadata as JSON, the hash as bytes."""

    messages: str
    text: str
    answer: str | None
    extra: str
    digest: bytes


def guess(columns: Iterable[str]) -> Mapping:
    """The mapping that the names suggest; neither messages nor prompt where no name is known."""
    by_name = {column.strip().lower(): column for column in columns}

    def first(names: tuple[str, ...]) -> str | None:
        return next((by_name[name] for name in names if name in by_name), None)

    messages = first(MESSAGES_COLUMNS)
    return Mapping(messages, None if messages else first(PROMPT_COLUMNS), first(ANSWER_COLUMNS))


def check_mapping(mapping: Mapping, columns: Iterable[str]) -> None:
    """Raise `InvalidInput` unless exactly one prompt column is chosen and every chosen column exists."""
    known = list(columns)
    listed = ", ".join(known) or "none"
    if (mapping.messages is None) == (mapping.prompt is None):
        raise InvalidInput(
            "Choose the column that holds the prompt: either messages (a list of role and content) or prompt (text). "
            f"Columns of the file: {listed}."
        )
    chosen = [mapping.messages, mapping.prompt, mapping.answer, *(mapping.metadata or ())]
    for column in chosen:
        if column is not None and column not in known:
            raise InvalidInput(f"The file has no column {column!r}. Its columns: {listed}.")


def parse(row: dict[str, Any], mapping: Mapping) -> ParsedPrompt:
    """Return the row as a prompt; raises `BadRow` with the reason."""
    column = mapping.messages or mapping.prompt or ""
    value = row.get(column)
    if value is None:
        raise BadRow(f"column {column!r} is missing or empty")
    answer = _answer(row.get(mapping.answer), mapping.answer) if mapping.answer else None
    if isinstance(value, str) and mapping.messages is None:
        text, written = value, encode_basestring(_question(value, column))
        stored, canonical = _stored_turn("user", written), _canonical_turn("user", written)
    else:
        messages, last_turn = _messages(value, column, is_list=mapping.messages is not None)
        if last_turn is not None:
            if answer is not None and answer != last_turn:
                raise BadRow(f"the last assistant turn and column {mapping.answer!r} are two different answers")
            answer = last_turn
        turns = [(m["role"], encode_basestring(m["content"])) for m in messages]
        text, stored = messages[-1]["content"], ",".join(_stored_turn(*turn) for turn in turns)
        canonical = ",".join(_canonical_turn(*turn) for turn in turns)
    digest = _digest(f"[{canonical}]")
    if answer is not None:
        _check_text(answer)
    return ParsedPrompt(f"[{stored}]", text, answer, _extra(row, mapping), digest)


def canonical_json(messages: Messages) -> str:
    """The messages as JSON with sorted keys and no blanks: what the content hash is taken from."""
    return f"[{','.join(_canonical_turn(m['role'], encode_basestring(m['content'])) for m in messages)}]"


def _canonical_turn(role: str, written: str) -> str:
    """One message of the canonical JSON, its content as JSON already."""
    return f'{{"content":{written},"role":"{role}"}}'


def _stored_turn(role: str, written: str) -> str:
    """The role first: the order that PostgreSQL keeps, so both databases return the same text."""
    return f'{{"role":"{role}","content":{written}}}'


def content_hash(messages: Messages) -> str:
    """The SHA-256 by which two prompts are the same."""
    return _digest(canonical_json(messages)).hex()


def _digest(canonical: str) -> bytes:
    if len(canonical) > ROW_BYTES:
        raise BadRow(f"longer than {ROW_BYTES // 1024**2} MB; shorten it")
    try:
        return hashlib.sha256(canonical.encode()).digest()
    except UnicodeEncodeError as error:
        raise BadRow(_not_text()) from error


def _not_text() -> str:
    return "the text is not valid UTF-8 (or half of a surrogate pair); save the file as UTF-8"


def _nul() -> str:
    return "contains a NUL character, which the database cannot hold; remove it"


def has_nul(value: Any) -> bool:
    """Whether any text inside the JSON value has a NUL character."""
    if isinstance(value, dict):
        return any(has_nul(k) or has_nul(v) for k, v in value.items())
    if isinstance(value, list):
        return any(map(has_nul, value))
    return isinstance(value, str) and "\x00" in value


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise BadRow(_nul())
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadRow(_not_text()) from error


def _question(value: str, column: str) -> str:
    """The text of a prompt that is one user message."""
    if not value or value.isspace():
        raise BadRow(f"column {column!r} is empty")
    if "\x00" in value:
        raise BadRow(_nul())
    return value


def _messages(value: Any, column: str, *, is_list: bool) -> tuple[Messages, str | None]:
    """The messages to ask, and the assistant turn after them if there was one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise BadRow(f"column {column!r} is text, not a list of messages; map it as the prompt column") from error
    if not isinstance(value, list):
        wanted = "a list of messages" if is_list else "text or a list of messages"
        raise BadRow(f"column {column!r} is {type_name(value)}, not {wanted}")
    messages = [_message(item, number) for number, item in enumerate(value, 1)]
    last_turn = messages.pop()["content"] if messages and messages[-1]["role"] == "assistant" else None
    _check_order(messages)
    return messages, last_turn


def _message(item: Any, number: int) -> Message:
    if not isinstance(item, dict):
        raise BadRow(f"message {number} is {type_name(item)}, not an object with role and content")
    role, content = item.get("role"), item.get("content")
    if role not in ("system", "user", "assistant"):
        raise BadRow(f"message {number} has role {role!r}; known are system, user and assistant")
    if not isinstance(content, str) or not content.strip():
        raise BadRow(f"message {number} ({role}) has no text")
    if "\x00" in content:
        raise BadRow(f"message {number} {_nul()}")
    if len(item) > 2 and (more := sorted(k for k, v in item.items() if k not in ("role", "content") and v is not None)):
        raise BadRow(f"message {number} has {', '.join(more)}, which a prompt cannot hold; remove it")
    return {"role": role, "content": content}


def _check_order(messages: Messages) -> None:
    """An optional system turn, then user and assistant in turn, the user last."""
    turns = messages[1:] if messages and messages[0]["role"] == "system" else messages
    if not turns:
        raise BadRow("there is no user message")
    for place, message in enumerate(turns):
        wanted = "assistant" if place % 2 else "user"
        if message["role"] != wanted:
            number = len(messages) - len(turns) + place + 1
            raise BadRow(f"message {number} has role {message['role']!r} where {wanted!r} is due")
    if turns[-1]["role"] != "user":
        raise BadRow("the last message must be the user's")


def _answer(value: Any, column: str | None) -> str | None:
    """The answer as text: a number as JSON writes it, a single assistant message as its content."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], dict) and value[0].get("role") == "assistant":
            return _message(value[0], 1)["content"]
        raise BadRow(f"column {column!r} is a list; an answer is text or one assistant message")
    if isinstance(value, dict):
        raise BadRow(f"column {column!r} is an object; an answer is text")
    return json.dumps(value)


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode


def _extra(row: dict[str, Any], mapping: Mapping) -> str:
    """The metadata columns, without empty ones, as JSON."""
    used = (mapping.messages, mapping.prompt, mapping.answer)
    if mapping.metadata is None:
        extra = {name: value for name, value in row.items() if value is not None and name not in used}
    else:
        extra = {name: row[name] for name in mapping.metadata if row.get(name) is not None}
    if not extra:
        return "{}"
    try:
        text = _flat_json(extra) if _FLAT.keys() >= set(map(type, extra.values())) else _encode(extra)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRow(f"the metadata cannot be kept: {error}; leave the column out") from error
    _check_text(text)
    if "\\u0000" in text and has_nul(json.loads(text)):
        raise BadRow("the metadata " + _nul())
    return text


_FLAT = {str: encode_basestring, int: int.__repr__}


def _flat_json(extra: dict[str, Any]) -> str:
    """What `_encode` writes of texts and whole numbers, without walking through its general case for every row."""
    parts = [f"{encode_basestring(name)}: {_FLAT[type(value)](value)}" for name, value in extra.items()]
    return f"{{{', '.join(parts)}}}"
