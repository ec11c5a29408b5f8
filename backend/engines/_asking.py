"""What a request to an OpenAI-compatible server holds: sampling, forms, further fields; and what a refusal means."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, Protocol

from backend.engines import is_continued
from backend.engines._refusals import Refusal
from backend.errors import ContextOverflow, PromptError
from backend.values import JSON, Completion, FailureKind, Messages, Sampling
from backend.values.replies import ReplyForm

LEFT_OUT = {
    "form": "replies are held to no form, and are read as they come",
    "logprobs": "logprobs is left out, so samples have no log-probability",
    "max_tokens": "max_tokens is sent as max_completion_tokens",
    "n": "samples of a prompt are asked for one by one",
    "seed": "seed is left out, so the same request may get another reply",
    "stop": "stop is left out, and texts are cut at the stop strings here",
    "stream": "texts come whole",
    "stream_options": "what a text in pieces takes is not counted",
    "room": "no limit of tokens is sent, so a text may fill the context",
}
"""What follows from leaving a field out."""
GOES_ON = {"continue_final_message": True, "add_generation_prompt": False}
"""Go on from the last message, by the assistant, in the words of vLLM; a server that knows them not may ignore them."""
FORMS: dict[str, frozenset[str]] = {
    "": frozenset(),
    "structured_outputs": frozenset({"choice", "regex", "json"}),
    "guided": frozenset({"choice", "regex", "json"}),
    "response_format": frozenset({"choice", "json"}),
}
"""How a form is asked for, and the kinds that can be: vLLM from 0.11 on, vLLM before, and what most others take."""
FORM_FIELDS = re.compile(r"structured_outputs|guided_|response_format|json_schema|grammar|regex|schema", re.I)
REPLY = "reply"
"""The one field of the object that a choice is asked for in, where a server takes schemas alone."""


class RequestSource(Protocol):
    """What of an engine a request is made from."""

    @property
    def base_url(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def logprobs(self) -> bool: ...
    @property
    def send_defaults(self) -> bool: ...
    @property
    def forced(self) -> str: ...
    @property
    def extra(self) -> Mapping[str, Any]: ...


def body_of(
    engine: RequestSource,
    messages: Messages,
    sampling: Sampling,
    *,
    n: int,
    seed: int,
    refused: Collection[str] = (),
    form: ReplyForm | None = None,
) -> JSON:
    """The request: only what differs from the API's defaults, and nothing that the server refused."""
    body: JSON = {**engine.extra, "model": engine.model, "messages": messages, "seed": seed}
    if is_continued(messages):
        body |= GOES_ON
    for field, value in (("temperature", sampling.temperature), ("top_p", sampling.top_p)):
        if value != 1 or engine.send_defaults:
            body[field] = value
    if "room" not in refused:
        body["max_completion_tokens" if "max_tokens" in refused else "max_tokens"] = sampling.max_tokens
    if n > 1:
        body["n"] = n
    if engine.logprobs:
        body["logprobs"] = True
    if sampling.top_k > 0:
        body["top_k"] = sampling.top_k
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    body = {field: value for field, value in body.items() if field not in refused}
    return body if form is None or "form" in refused else body | form_body(form, engine.forced)


def renamed(body: JSON) -> JSON:
    """The request with its limit of tokens by the other name."""
    return {"max_completion_tokens" if field == "max_tokens" else field: value for field, value in body.items()}


def form_body(form: ReplyForm, how: str) -> JSON:
    """The fields that ask for a form; none where it cannot be asked for that way."""
    if form.kind not in FORMS[how]:
        return {}
    value = {"choice": list(form.choices), "regex": form.pattern, "json": form.schema}[form.kind]
    if how == "structured_outputs":
        return {"structured_outputs": {form.kind: value}}
    if how == "guided":
        return {f"guided_{form.kind}": value}
    schema = form.schema or {
        "type": "object",
        "properties": {REPLY: {"type": "string", "enum": list(form.choices)}},
        "required": [REPLY],
        "additionalProperties": False,
    }
    named = {"name": REPLY, "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def taken_out(completion: Completion, form: ReplyForm, how: str) -> Completion:
    """The completion with the choice alone, where that was asked for within an object; any other as it is."""
    if how != "response_format" or form.kind != "choice":
        return completion
    try:
        reply = json.loads(completion.text)
    except ValueError:
        return completion
    text = reply.get(REPLY) if isinstance(reply, dict) else None
    return replace(completion, text=text) if isinstance(text, str) else completion


def field_at_fault(reply: Refusal, body: JSON, form: ReplyForm | None) -> str | None:
    """What of a request may be left out, or renamed, since the server refuses it."""
    if reply.is_context:
        return "room"
    if form is not None and FORM_FIELDS.search(f"{reply.param} {reply.message}"):
        return "form"
    return reply.names(set(body) - {"model", "messages"})


def refuse(engine: RequestSource, reply: Refusal, messages: Messages, position: int | None = None) -> NoReturn:
    """Raise why a prompt cannot be served."""
    where = engine.base_url
    if reply.is_filter:
        raise PromptError(
            f"{where} refused the prompt by its content filter: {reply.message} Change the prompt, or "
            "ask another model.",
            kind=FailureKind.filter,
            position=position,
        )
    if reply.is_context:
        raise ContextOverflow(
            f"The prompt does not fit into the context of {engine.model} at {where}: "
            f"{reply.message} Shorten it or choose another model.",
            position=position,
        )
    if is_continued(messages) and any(field in f"{reply.param} {reply.message}" for field in GOES_ON):
        raise PromptError(
            f"{where} does not go on from a message by the assistant: {reply.message} Serve the model with "
            "vLLM, or use its folder.",
            position=position,
        )
    raise PromptError(
        f"{where} refused a request for {engine.model} with status {reply.status}: "
        f"{reply.message} Check the model's name and the sampling settings.",
        position=position,
    )


def seeds_of(prompts: Sequence[Messages], seed: int) -> list[int]:
    """Derive a seed for each prompt; equal prompts in one call get different ones."""
    seen: Counter[str] = Counter()
    seeds = []
    for messages in prompts:
        content = json.dumps(messages, sort_keys=True)
        digest = hashlib.blake2b(f"{seed}:{seen[content]}:{content}".encode(), digest_size=4).digest()
        seen[content] += 1
        seeds.append(int.from_bytes(digest) % 2**31)
    return seeds
