"""One row of a file -> one prompt with its answer, metadata and completions, and the hashes it is compared by."""

import json
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from backend import boundary
from backend.db.tables.prompt import LONGEST_ID
from backend.sameness import text_key
from backend.services.prompts import messages as prompt_messages
from backend.services.prompts.canonical import canonical_turn, digest_of, not_text, stored_turn
from backend.services.prompts.cells import plain_text
from backend.services.prompts.choices import ANY, Places, chosen_answer, with_choices
from backend.services.prompts.files.limits import NumberText, WrittenNumber, type_name
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.messages import BadRow, looks_like_chat, read_chat
from backend.services.prompts.row_completions import RowCompletion, completions_of, pair_of
from backend.values import Messages

__all__ = ["BadId", "BadRow", "ParsedPrompt", "parse"]


class BadId(BadRow):
    """A row whose only fault is its external id."""


class ParsedPrompt(NamedTuple):
    """A prompt ready to be written: messages and metadata as JSON, the hash as bytes."""

    messages: str
    text: str
    answer: str | None
    extra: str
    key: int
    """Equal for prompts whose last user turns differ in blanks, case or spelling of characters only."""
    digest: bytes
    external_id: str | None = None
    completions: tuple[RowCompletion, ...] = ()
    ignored: tuple[str, ...] = ()
    """Names of what its messages held besides role and text."""


def parse(row: dict[str, Any], mapping: Mapping, places: Places = ANY) -> ParsedPrompt:
    """Return the row as a prompt; `places`: what numbers as answers mean in its file. Raises `BadRow`."""
    if not MEDIA.isdisjoint(row):
        _refuse_media(row, mapping)
    try:
        return _parse_all(row, mapping, places)
    except RecursionError as error:
        raise BadRow("something in it is nested too deep to be written down; leave the column out") from error


def _parse_all(row: dict[str, Any], mapping: Mapping, places: Places) -> ParsedPrompt:
    ignored: set[str] = set()
    if mapping.is_implicit:
        messages, completions = pair_of(row, mapping, ignored)
        last_turn = None
    else:
        messages, last_turn = _asked(row, mapping, ignored)
        completions = completions_of(row, mapping, messages, ignored)
    answer = _known_answer(row, mapping, last_turn, places)
    turns = [(m["role"], encode_basestring(m["content"])) for m in messages]
    stored = ",".join(stored_turn(*turn) for turn in turns)
    digest = digest_of(f"[{','.join(canonical_turn(*turn) for turn in turns)}]")
    for text in [answer or "", *(m["content"] for m in messages), *(completion.text for completion in completions)]:
        _check_text(text)
    for completion in completions:
        json_of(completion.extra, "what is said of a completion")
    key = text_key(messages[-1]["content"], [m["content"] for m in messages if m["role"] != "system"])
    return ParsedPrompt(
        f"[{stored}]",
        messages[-1]["content"],
        answer,
        _extra(row, mapping),
        key,
        digest,
        _external_id(row, mapping),
        completions,
        tuple(sorted(ignored)),
    )


def _external_id(row: dict[str, Any], mapping: Mapping) -> str | None:
    """The row's id as text, where the mapping names a column of ids."""
    if mapping.external_id is None:
        return None
    value = row.get(mapping.external_id)
    if value is None or value == "":
        raise BadId(f"column {mapping.external_id!r} is missing or empty, and it holds the external ids")
    if isinstance(value, bool | list | dict):
        raise BadId(f"column {mapping.external_id!r} is {type_name(value)}; an external id is text or a number")
    id_ = value.text if isinstance(value, WrittenNumber) else str(value).strip()
    if fault := boundary.fault_of_name(id_, LONGEST_ID):
        raise BadId(f"its external id {fault}")
    return id_


def _asked(row: dict[str, Any], mapping: Mapping, ignored: set[str]) -> tuple[Messages, str | None]:
    """The messages to ask, and the assistant turn after them if there was one."""
    column = mapping.messages or mapping.prompt or ""
    value = row.get(column)
    if value is None:
        raise BadRow(f"column {column!r} is missing or empty")
    is_text = isinstance(value, str) and not isinstance(value, NumberText)
    if mapping.messages is not None or isinstance(value, list | dict) or (is_text and looks_like_chat(value)):
        messages = read_chat(value, column, ignored)
    elif is_text and (turns := prompt_messages.transcript(value)) is not None:
        messages = turns
        if messages and messages[-1]["role"] == "assistant" and not messages[-1]["content"]:
            messages.pop()  # "Assistant:" at the end asks for an answer
    elif is_text:
        messages = [{"role": "user", "content": _question(value, column)}]
    else:
        raise BadRow(f"column {column!r} is {type_name(value)}, not text or a list of messages")
    last_turn = messages.pop()["content"] if messages and messages[-1]["role"] == "assistant" else None
    messages = _with_more(messages, row, mapping)
    prompt_messages.check_order(messages)
    return messages, last_turn


def _with_more(messages: Messages, row: dict[str, Any], mapping: Mapping) -> Messages:
    """The turns with what other columns add: context and choices below the last, history and system before all."""
    if messages and messages[-1]["role"] == "user":
        parts = [messages[-1]["content"]]
        parts += [text for name in mapping.context if (text := plain_text(row.get(name), name))]
        if mapping.choices and (listed := with_choices(row, mapping.choices)):
            parts.append(listed)
        messages = [*messages[:-1], {"role": "user", "content": "\n\n".join(parts)}]
    if mapping.history:
        messages = [*_history(row.get(mapping.history), mapping.history), *messages]
    system = plain_text(row.get(mapping.system), mapping.system) if mapping.system else ""
    if system:
        if messages and messages[0]["role"] == "system":
            if messages[0]["content"] == system:
                return messages
            raise BadRow(f"column {mapping.system!r} and the first message are two different system turns")
        messages = [{"role": "system", "content": system}, *messages]
    return messages


def _history(value: Any, column: str) -> Messages:
    """Earlier turns: a list of [question, answer], or of messages."""
    if not value:
        return []
    if isinstance(value, str) and value.lstrip().startswith(("[", "(")):
        value = prompt_messages.from_text(value, column)
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return read_chat(value, column, set())
    turns: Messages = []
    for pair in value if isinstance(value, list) else [value]:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise BadRow(f"column {column!r} is no list of pairs of question and answer")
        turns += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    return turns


MEDIA = frozenset(("image", "images", "audio", "audios", "video", "videos", "Image", "Images"))


def _refuse_media(row: dict[str, Any], mapping: Mapping) -> None:
    """Refuse a row that is about a picture or a sound, unless the mapping drops its column."""
    for name in MEDIA.intersection(row):
        if row[name] and (mapping.metadata is None or name in mapping.metadata):
            raise BadRow(f"column {name!r} is not empty, and a prompt holds text only; drop the column or the row")


def _known_answer(row: dict[str, Any], mapping: Mapping, last_turn: str | None, places: Places) -> str | None:
    answer = None
    if mapping.answer:
        value = row.get(mapping.answer)
        if mapping.choices:
            answer = chosen_answer(row, mapping.choices, value, places)
        else:
            answer = _answer(value, mapping.answer)
    if last_turn is None:
        return answer
    if answer is not None and answer != last_turn:
        raise BadRow(f"the last assistant turn and column {mapping.answer!r} are two different answers")
    return last_turn


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
        raise BadRow(not_text()) from error


def _question(value: str, column: str) -> str:
    """The text of a prompt that is one user message."""
    if not value or value.isspace():
        raise BadRow(f"column {column!r} is empty")
    if "\x00" in value:
        raise BadRow(_nul())
    return value


def _answer(value: Any, column: str | None) -> str | None:
    """The answer as text: a number as the file writes it, a single assistant message as its content."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        if looks_like_chat(value):
            return _only_turn(read_chat(value, column or "", set()), column)
        return str(value)
    if isinstance(value, WrittenNumber):
        return value.text
    if isinstance(value, list):
        if value and all(isinstance(item, dict) and ("role" in item or "from" in item) for item in value):
            return _only_turn(read_chat(value, column or "", set()), column)
        raise BadRow(f"column {column!r} is a list; an answer is text or one assistant message")
    if isinstance(value, dict):
        if isinstance(texts := value.get("text"), list) and texts and isinstance(texts[0], str):
            return texts[0]  # SQuAD: spellings of one answer, with their places
        raise BadRow(f"column {column!r} is an object; an answer is text")
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)


def _only_turn(messages: Messages, column: str | None) -> str:
    if len(messages) == 1 and messages[0]["role"] == "assistant":
        return messages[0]["content"]
    raise BadRow(f"column {column!r} is a list; an answer is text or one assistant message")


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode


def _extra(row: dict[str, Any], mapping: Mapping) -> str:
    """The metadata columns, without empty ones, as JSON."""
    if mapping.metadata is None:
        used = mapping.used
        extra = {name: value for name, value in row.items() if value is not None and name not in used}
    else:
        extra = {name: row[name] for name in mapping.metadata if row.get(name) is not None}
    if not extra:
        return "{}"
    return json_of(extra, "the metadata")


def json_of(extra: dict[str, Any], subject: str) -> str:
    """What is kept beside a text, as JSON; raises `BadRow` for what could not be read or shown again."""
    if fault := boundary.fault_of_depth(extra):
        raise BadRow(f"{subject} {fault}; leave the column out")
    try:
        text = _encode(extra)
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRow(f"{subject} cannot be kept: {error}; leave the column out") from error
    return _checked(text, subject)


def _checked(text: str, subject: str) -> str:
    _check_text(text)
    if "\\u0000" in text and has_nul(json.loads(text)):
        raise BadRow(f"{subject} " + _nul())
    return text
