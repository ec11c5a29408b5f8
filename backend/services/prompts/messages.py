"""A chat of a file -> messages: OpenAI's and ShareGPT's spellings, chats written as text, texts in parts."""

import ast
import json
import re
from typing import Any

from backend.services.prompts.files.limits import NumberText, type_name
from backend.values import Message, Messages

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "ai": "assistant",
}
TOOLS = ("tool", "function", "function_call", "tool_call", "tool_response", "observation", "ipython")
TEXT_PARTS = ("text", "input_text", "output_text")
CALLS = ("tool_calls", "function_call", "tool_call_id", "images", "image", "audio", "videos", "video", "files")
"""What a message may hold besides its text, and a prompt cannot."""
LOOKS_LIKE_CHAT = re.compile(r"\s*(?:array\(|\()?\s*[\[{]\s*\{?\s*['\"](?:role|content|from|value)['\"]\s*:")
_SEPARATED = re.compile(r"\}\s*\n\s*\{")
_LITERAL_LENGTH = 1_000_000
"""Characters of a chat in Python's spelling that are parsed; Python's parser takes much memory for each."""


class BadRow(ValueError):
    """Why a row cannot become a prompt; the message continues "line 7: "."""


def looks_like_chat(text: str) -> bool:
    """Whether a text begins like a list of messages (or one message) written as JSON or by Python."""
    return LOOKS_LIKE_CHAT.match(text) is not None


def from_text(text: str, column: str) -> Any:
    """The list that a text spells as JSON or as Python prints it; raises `BadRow`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) <= _LITERAL_LENGTH:
        plain = text.strip()
        if plain.startswith("array("):
            plain = re.sub(r",\s*dtype=\w+\)$|\)$", "", plain.removeprefix("array("))
        # NumPy prints an array of objects without commas.
        for spelled in (plain, _SEPARATED.sub("}, {", plain)):
            try:
                return ast.literal_eval(spelled)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
    raise BadRow(
        f"column {column!r} begins like a list of messages, but is neither JSON nor a list as Python writes it"
    )


def read_chat(value: Any, column: str, ignored: set[str]) -> Messages:
    """The turns of a chat; `ignored` receives the names of what was left out of its messages. Raises `BadRow`."""
    if isinstance(value, str):
        if not looks_like_chat(value):
            raise BadRow(f"column {column!r} is text, not a list of messages; map it as the prompt column")
        value = from_text(value, column)
    if isinstance(value, dict):
        value = value["messages"] if isinstance(value.get("messages"), list) else [value]
    if isinstance(value, tuple):
        value = list(value)
    if not isinstance(value, list):
        raise BadRow(f"column {column!r} is {type_name(value)}, not a list of messages")
    messages = [_message(item, number, ignored) for number, item in enumerate(value, 1)]
    return [message for message in messages if message is not None]


def _message(item: Any, number: int, ignored: set[str]) -> Message | None:
    """One message, or None for an empty system turn."""
    if not isinstance(item, dict):
        raise BadRow(f"message {number} is {type_name(item)}, not an object with role and content")
    role = _role(item, number)
    for name in CALLS:
        if item.get(name):
            raise BadRow(f"message {number} ({role}) has {name}, which a prompt cannot hold; leave the row out")
    content = _content(item.get("content", item.get("value", item.get("text"))), number, role)
    if not content.strip():
        if role == "system":
            return None
        raise BadRow(f"message {number} ({role}) has no text")
    if "\x00" in content:
        raise BadRow(f"message {number} contains a NUL character, which the database cannot hold; remove it")
    if len(item) > 2:
        known = ("role", "content", "from", "value", "text", *CALLS)
        ignored.update(name for name, more in item.items() if more and name not in known)
    return {"role": role, "content": content}


def _role(item: dict[str, Any], number: int) -> str:
    stated = item.get("role") or item.get("from")
    role = ROLES.get(stated.strip().lower()) if isinstance(stated, str) else None
    if role is not None:
        return role
    if isinstance(stated, str) and stated.lower() in TOOLS:
        raise BadRow(f"message {number} is a tool's (role {stated!r}), which a prompt cannot hold; leave the row out")
    if stated is None or stated == "":
        raise BadRow(f"message {number} has no role")
    raise BadRow(f"message {number} has role {stated!r}; known are system, user and assistant")


def _content(value: Any, number: int, role: str) -> str:
    """The text of a message; parts are joined by line breaks."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, NumberText):
        return value
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise BadRow(f"message {number} ({role}) has no text; its content is {type_name(value)}")
    texts = []
    for part in value:
        text = part if isinstance(part, str) else part.get("text") if isinstance(part, dict) else None
        kind = part.get("type", "text") if isinstance(part, dict) else "text"
        if kind not in TEXT_PARTS:
            raise BadRow(f"message {number} ({role}) holds a part of type {kind!r}, which a prompt cannot hold")
        if not isinstance(text, str):
            raise BadRow(f"message {number} ({role}) holds a part without text")
        texts.append(text)
    return "\n".join(texts)


def check_order(messages: Messages) -> None:
    """An optional system turn, then user and assistant in turn, the user last; raises `BadRow`."""
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


_TURN = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")


def transcript(text: str) -> Messages | None:
    """The turns of a text such as "\\n\\nHuman: ...\\n\\nAssistant: ...", or None where it is no such text."""
    if not re.match(r"\s*(?:Human|Assistant):", text):
        return None
    pieces = _TURN.split("\n\n" + text.lstrip())
    names, texts = pieces[1::2], pieces[2::2]
    return [
        {"role": "user" if name == "Human" else "assistant", "content": text.strip()}
        for name, text in zip(names, texts, strict=True)
    ]


def common_start(first: Messages, second: Messages) -> int:
    """How many turns two chats begin with in common."""
    same = 0
    for first_message, other in zip(first, second, strict=False):
        if first_message != other:
            break
        same += 1
    return same
