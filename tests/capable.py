"""A server on the loopback that can do all that vLLM can: n, seeds, log-probabilities, forms, a context it tells."""

import hashlib
import json
import math
import random
from typing import Any

from tests.endpoint import Reply, choices

CONTEXT = 4096
FORMS = ("structured_outputs", "guided_choice", "guided_regex", "guided_json", "response_format")
P_YES, P_NO = 0.6, 0.2
"""How likely the first token of a reply is `Yes` or `No`; the rest is on one other token."""


def capable(body: dict[str, Any], forms: tuple[str, ...] = FORMS[:1]) -> Reply:
    """Answer as vLLM does; of the ways to ask for a form those in `forms` are known, others are ignored."""
    reply = choices(body)
    for choice in reply[2]["choices"]:
        chance = random.Random(f"{body.get('seed')}/{choice['index']}")
        if (text := _formed(body, forms, chance)) is not None:
            choice["message"]["content"] = text
    if body.get("top_logprobs"):
        tokens = {"Yes": P_YES, "No": P_NO, "I": 1 - P_YES - P_NO}
        tops = [{"token": token, "logprob": math.log(p)} for token, p in tokens.items()]
        reply[2]["choices"][0]["logprobs"]["content"][0]["top_logprobs"] = tops
    if "prompt_logprobs" in body:
        goes_on = body.get("continue_final_message")
        text = "".join(f"{message['role'][0]}:{message['content']};" for message in body["messages"])
        text = text.removesuffix(";") if goes_on else text + "a:"
        reply[2]["prompt_logprobs"] = [None, *({str(ord(letter)): {"logprob": -0.5}} for letter in text[1:])]
    reply[2]["usage"] = used(body)
    return reply


def used(body: dict[str, Any]) -> dict[str, int]:
    """Ten tokens for each message that is read, three for each sample that is written."""
    return {"prompt_tokens": 10 * len(body["messages"]), "completion_tokens": 3 * body.get("n", 1)}


def models(model: str = "m") -> dict[str, Any]:
    """What it lists."""
    return {"object": "list", "data": [{"id": "other", "max_model_len": 1}, {"id": model, "max_model_len": CONTEXT}]}


def _formed(body: dict[str, Any], forms: tuple[str, ...], chance: random.Random) -> str | None:
    """A text of the form that is asked for; None where none is that it knows."""
    for name in forms:
        asked = body.get(name)
        if asked is None:
            continue
        kind, schema = (name.removeprefix("guided_"), asked)
        if name == "structured_outputs":
            kind, schema = next(iter(asked.items()))
        if name == "response_format":
            kind, schema = "json", asked["json_schema"]["schema"]
        if kind == "choice":
            return str(chance.choice(schema))
        if kind == "regex":
            return "It is so;Y" if chance.random() < 0.5 else "It is not so;N"
        return json.dumps({name: _value(entry, chance) for name, entry in schema["properties"].items()})
    return None


def _value(schema: dict[str, Any], chance: random.Random) -> Any:
    return chance.choice(schema["enum"]) if "enum" in schema else "because"


def drawn(body: dict[str, Any], replies: tuple[str, ...], index: int) -> str:
    """One of the replies, the same for the same messages, seed and index."""
    key = json.dumps([body["messages"], body.get("seed"), index])
    return replies[hashlib.sha256(key.encode()).digest()[0] % len(replies)]
