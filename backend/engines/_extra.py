"""Further fields of a request that a person gives for an endpoint: no field of Rondo's own, and no secret."""

import json
import re
from typing import Any

from backend.boundary import fault_of_plain

OWN = frozenset(
    {
        "model",
        "messages",
        "n",
        "seed",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "logprobs",
        "top_logprobs",
        "prompt_logprobs",
        "stream",
        "stream_options",
        "continue_final_message",
        "add_generation_prompt",
        "structured_outputs",
        "guided_choice",
        "guided_regex",
        "guided_json",
        "response_format",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
    }
)
"""What Rondo sends itself, or could not read the reply to."""
MOST_CHARACTERS = 4_000
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
SECRET_WORDS = frozenset(
    {
        "key",
        "keys",
        "apikey",
        "token",
        "authtoken",
        "accesstoken",
        "auth",
        "authorization",
        "authentication",
        "bearer",
        "secret",
        "secrets",
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "pwd",
        "pw",
        "credential",
        "credentials",
        "cookie",
        "cookies",
    }
)
"""A name with one of these words in it is that of a key, unless another word of it says what else it is."""
NO_SECRET = {
    "token": frozenset(
        {
            "bos",
            "eos",
            "pad",
            "unk",
            "sep",
            "cls",
            "mask",
            "stop",
            "start",
            "end",
            "id",
            "ids",
            "budget",
            "limit",
            "max",
            "min",
            "healing",
            "think",
            "thinking",
            "reasoning",
            "special",
            "image",
            "allowed",
            "banned",
        }
    ),
    "key": frozenset({"cache"}),
}
SECRET_VALUE = re.compile(r"^(bearer |basic |sk-|hf_|gsk_|xai-|ghp_|AKIA|eyJ)", re.I)
SO = "Keys belong into the environment: name the variable in api_key_env."


def checked(extra: dict[str, Any]) -> dict[str, Any]:
    """Return the fields; raises `ValueError` with what cannot be sent and what to do."""
    if own := sorted(OWN & extra.keys()):
        raise ValueError(
            f"{own[0]!r} is a field that Rondo sends itself. Take it out; sampling is set in the recipe of a round."
        )
    if fault := fault_of_plain(extra):
        raise ValueError(f"Something in it cannot be sent: {fault}.")
    if len(json.dumps(extra)) > MOST_CHARACTERS:
        raise ValueError(f"It has more than {MOST_CHARACTERS:,} characters. Send less with each request.")
    _without_secrets(extra, "")
    return extra


def _is_secret(name: str) -> bool:
    words = {word.lower() for word in WORD.findall(name)}
    return any(not words & NO_SECRET.get(word, frozenset()) for word in words & SECRET_WORDS)


def _without_secrets(value: Any, place: str) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if _is_secret(str(name)):
                raise ValueError(f"{name!r} looks like the name of a key or password. {SO}")
            _without_secrets(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            _without_secrets(inner, place)
    elif isinstance(value, str) and SECRET_VALUE.search(value.strip()):
        raise ValueError(f"The text at {place!r} looks like a key. {SO}")
