"""Formats that hold whole chats."""

from typing import Any

from backend.services.prompts.formats.format import SYSTEM, Format, Look
from backend.services.prompts.mapping import Mapping

CHAT = ("messages", "conversations", "conversation", "chat", "dialogue", "turns")
ANSWER = ("answer", "completion", "response", "output", "target")


def _first_turns(look: Look, mapping: Mapping) -> list[dict[str, Any]]:
    lists = [value for value in look.values(mapping.messages) if isinstance(value, list)]
    return [value[0] for value in lists if isinstance(value[0], dict)]


def _has_from(look: Look, mapping: Mapping) -> bool:
    return any("from" in turn for turn in _first_turns(look, mapping))


def _is_request(look: Look, mapping: Mapping) -> bool:
    return any(isinstance(value, dict) and "messages" in value for value in look.values(mapping.messages))


def _is_reply(look: Look, mapping: Mapping) -> bool:
    return any(isinstance(value, dict) and "body" in value for value in look.values(mapping.messages))


FORMATS = (
    Format(
        "openai_batch",
        "an OpenAI batch file (custom_id, body)",
        {"messages": ("body",)},
        ("messages",),
        _is_request,
    ),
    Format(
        "openai_batch_output",
        "the result file of an OpenAI batch",
        {"messages": ("response",), "answer": ("custom_id",)},
        ("messages", "answer"),
        _is_reply,
        refusal="It holds replies without what was asked. Import the batch's input file.",
    ),
    Format(
        "sharegpt",
        "ShareGPT (turns with from and value)",
        {"messages": CHAT, "system": SYSTEM, "answer": ANSWER},
        ("messages",),
        _has_from,
    ),
    Format(
        "chat",
        "chats in OpenAI's form (fine-tuning files, TRL language modelling)",
        {"messages": CHAT, "system": SYSTEM, "answer": ANSWER},
        ("messages",),
    ),
    Format(
        "prompt_chat",
        "chats in the column prompt (TRL, conversational)",
        {"prompt": ("prompt",), "system": SYSTEM, "answer": ANSWER},
        ("prompt",),
        lambda look, mapping: any(isinstance(value, list | dict) for value in look.values(mapping.prompt)),
    ),
)
