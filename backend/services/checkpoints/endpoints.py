"""The settings of an endpoint: how often and how long it is asked, what is sent along, what its tokens cost."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend.boundary import Count, Data, Line, Score
from backend.config import settings as installation
from backend.db import reading, session, tables
from backend.engines._access import DEFAULT_KEY
from backend.engines._wrapper import innermost
from backend.engines.openai import OpenAI
from backend.errors import Conflict, InvalidInput
from backend.services import events, refusals
from backend.services.access import Actor, require_owner
from backend.services.checkpoints import at_work, model_checks
from backend.values import JSON

KEY_NAME = re.compile(r"RONDO_[A-Z0-9_]*API_KEY")
MOST_SECONDS = 3600.0


@dataclass(frozen=True)
class EndpointSettings:
    """What may be changed of an endpoint. `extra`: further fields of each request. Prices are of a million tokens.

    `api_key_env` names the environment variable that holds the key, never the key; empty: `RONDO_OPENAI_API_KEY`.
    `send_defaults`: send temperature and top_p also where they are 1, for servers with defaults of their own.
    """

    api_key_env: Line = ""
    concurrency: Count = 16
    timeout: Score = 120.0
    extra: Data = field(default_factory=dict)
    price_in: Score | None = None
    price_out: Score | None = None
    send_defaults: bool = False


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server. `base_url`: up to and including `/v1`; `model`: its name there."""

    base_url: Line
    model: Line
    api_key_env: Line = ""
    """As in the settings, which it goes before."""
    settings: EndpointSettings = EndpointSettings()


@dataclass(frozen=True)
class EndpointView:
    """An endpoint as it is registered, and what its last test found that it can do.

    `extra` and `api_key_env` of its settings are shown to owners of the installation alone, and empty to others.
    """

    base_url: str
    model: str
    settings: EndpointSettings
    supports_n: bool
    seeds: bool
    logprobs: bool
    top_logprobs: bool
    prompt_logprobs: bool
    forced: str
    context: int | None


def view(engine: JSON, *, is_owner: bool) -> EndpointView | None:
    """The endpoint that serves a checkpoint; None where none does, or what is stored of it cannot be read."""
    if innermost(engine).get("name") != "openai":
        return None
    try:
        endpoint = model_checks.endpoint_of(engine)
    except ValidationError:
        return None
    key = "" if endpoint.api_key_env == DEFAULT_KEY or not is_owner else endpoint.api_key_env
    extra = endpoint.extra if is_owner else {}
    settings = EndpointSettings(
        key,
        endpoint.concurrency,
        endpoint.timeout,
        extra,
        endpoint.price_in,
        endpoint.price_out,
        endpoint.send_defaults,
    )
    return EndpointView(
        endpoint.base_url,
        endpoint.model,
        settings,
        endpoint.supports_n,
        endpoint.seeds,
        endpoint.logprobs,
        endpoint.top_logprobs,
        endpoint.prompt_logprobs,
        endpoint.forced,
        endpoint.context,
    )


def engine_of(endpoint: Endpoint) -> OpenAI:
    """The engine that asks an endpoint; raises `InvalidInput`."""
    model = endpoint.model.strip()
    if not model:
        raise InvalidInput("The model's name is empty. Type the name under which the endpoint serves it.")
    knobs = knobs_of(endpoint.settings, endpoint.api_key_env)
    return _engine({"base_url": endpoint.base_url.strip().rstrip("/"), "model": model} | knobs)


def knobs_of(settings: EndpointSettings, key: str = "") -> JSON:
    """The engine's knobs that the settings say; raises `InvalidInput` for a key where its name is meant."""
    key = key.strip() or settings.api_key_env.strip()
    if key and not KEY_NAME.fullmatch(key):
        raise InvalidInput(
            "api_key_env is the name of an environment variable like RONDO_MY_API_KEY, not the key itself. Set the "
            "variable where the worker runs and type its name."
        )
    if settings.timeout > MOST_SECONDS:
        raise InvalidInput(f"timeout: {settings.timeout:g} seconds are too many. Type at most {MOST_SECONDS:g}.")
    _check_extra(settings.extra)
    return {
        "api_key_env": key or DEFAULT_KEY,
        "concurrency": settings.concurrency,
        "timeout": settings.timeout,
        "extra": settings.extra,
        "price_in": settings.price_in,
        "price_out": settings.price_out,
        "send_defaults": settings.send_defaults,
    }


def _check_extra(extra: JSON) -> None:
    """Refuse a key of the environment in it; what merely looks like one the engine refuses."""
    stored = installation().openai_api_key
    named = {value for name, value in os.environ.items() if KEY_NAME.fullmatch(name)}
    keys = {secret for secret in {*named, stored.get_secret_value() if stored else ""} if secret}
    if any(key in text for text in _texts(extra) for key in keys):
        raise InvalidInput(
            "extra: it holds a key of this installation, which would stand in the database. Take it out: the key is "
            "sent by itself, from the variable that api_key_env names."
        )


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def change(actor: Actor, checkpoint_id: int, settings: EndpointSettings) -> None:
    """Give an endpoint other settings; what its test found stays. Only an owner of the installation may.

    Checkpoints that wrap it get them, too. Other fields of its requests would change texts: they are refused with
    `Conflict` while a round is at work that asks it, or one that did can be resumed, and so for judge benches and
    rewrites of templates.
    """
    # Who may not change it learns nothing of what is wrong, such as that a text is a key.
    with reading() as db:
        _may_change(db, actor, checkpoint_id)
    knobs = knobs_of(settings)
    with session() as db:
        row = _may_change(db, actor, checkpoint_id)
        was = innermost(row.engine)
        if was.get("name") != "openai":
            raise InvalidInput(f"{row.name} is no endpoint, so it has no such settings. Choose an endpoint.")
        texts = (was.get("extra", {}), was.get("send_defaults", False))
        rows = at_work.family(db, row.id)
        if texts != (settings.extra, settings.send_defaults) and (busy := at_work.busy(db, rows)):
            raise Conflict(
                f"{busy} and asks {row.name}: with other fields in its requests, its texts would come from two kinds "
                "of requests. Change them when it is over, or register the endpoint again under another name."
            )
        _engine({name: value for name, value in was.items() if name != "name"} | knobs)
        at_work.set_knobs(rows, knobs)
        changed = sorted(name for name, value in knobs.items() if was.get(name) != value)
        what: JSON = {"checkpoint_id": row.id, "changed": changed}
        events.note(db, actor, "change endpoint", row.name, project_id=row.project_id, **what)


def change_some(actor: Actor, checkpoint_id: int, given: Mapping[str, Any]) -> None:
    """Give an endpoint other values of some settings, by name; the others stay. Raises what `change` does."""
    with reading() as db:
        row = _may_change(db, actor, checkpoint_id)
        endpoint = view(row.engine, is_owner=True)
    if endpoint is None:
        raise InvalidInput(f"{row.name} is no endpoint, so it has no such settings. Choose an endpoint.")
    change(actor, checkpoint_id, replace(endpoint.settings, **given))


def _may_change(db: Session, actor: Actor, checkpoint_id: int) -> tables.Checkpoint:
    require_owner(db, actor)
    return model_checks.find(db, actor, checkpoint_id)


def _engine(data: JSON) -> OpenAI:
    try:
        return OpenAI.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(refusals.explain(error)) from error
