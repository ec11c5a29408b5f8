"""Registering a checkpoint that no round made: a folder, a model-hub name, an endpoint."""

import re
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend import boundary
from backend.boundary import Line
from backend.db import reading, session, tables
from backend.engines import _scorers
from backend.engines.openai import OpenAI
from backend.engines.transformers import Transformers
from backend.errors import Conflict, InvalidInput
from backend.pipeline import model_check
from backend.services import events, refusals
from backend.services.access import Actor, require, require_owner
from backend.services.checkpoints import model_checks, model_folders, model_owners
from backend.values import JSON, SCORER, Role

ROLES = ("policy", "judge", "reward")
KEY_NAME = re.compile(r"RONDO_[A-Z0-9_]*API_KEY")


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server. `api_key_env` names the environment variable that holds the key, never the key."""

    base_url: Line
    model: Line
    api_key_env: Line = ""


def register(
    actor: Actor,
    project_id: int,
    *,
    name: str,
    location: str = "",
    endpoint: Endpoint | None = None,
    role: str = "policy",
) -> int:
    """Add a checkpoint that no round made: a folder or hub name, or an endpoint. Returns its id.

    A model is checked, and refused with the reason where it cannot be used; an endpoint is asked once, and registered
    whatever comes of it. A folder outside the data folder needs a project admin; another project's is refused
    (`model_owners`). An endpoint needs an owner of the installation: its key is sent to wherever the address says.
    """
    role_needed = Role.admin if endpoint is not None or model_folders.is_outside(location) else Role.curator
    with reading() as db:
        _check_right(db, actor, project_id, role_needed, endpoint)
        if endpoint is None and location.strip():
            model_owners.check(db, actor, project_id, location)
    name = usable_name(name)
    if role not in ROLES:
        raise InvalidInput(f"There is no role {role!r}. Choose one of {', '.join(ROLES)}.")
    columns = _served_by(endpoint) if endpoint else _loaded_from(location.strip())
    if columns["kind"] == SCORER and role != "reward":
        raise InvalidInput(
            f"The model {location.strip()} is a scorer: its head gives one number and writes no text, so it cannot be "
            f"a {role}. Register it with the role reward."
        )
    base = columns.pop("base", None)
    with session() as db:
        _check_right(db, actor, project_id, role_needed, endpoint)
        same_base = select(tables.Checkpoint.id).where(
            tables.Checkpoint.project_id == project_id, tables.Checkpoint.location == base
        )
        parent_id = db.scalar(same_base.limit(1)) if base else None
        row = tables.Checkpoint(project_id=project_id, name=name, role=role, parent_id=parent_id, **columns)
        db.add(row)
        flush_name(db, name)
        what: JSON = {"checkpoint_id": row.id, "location": row.location, "role": role}
        events.note(db, actor, "register checkpoint", name, project_id=project_id, **what)
        return row.id


def _check_right(db: Session, actor: Actor, project_id: int, role: Role, endpoint: Endpoint | None) -> None:
    require(db, actor, project_id, role)
    if endpoint is not None:
        require_owner(db, actor)


def _loaded_from(location: str) -> JSON:
    if not location:
        raise InvalidInput("The location is empty. Type a folder in the data folder, or a model-hub name.")
    found = model_folders.inspect(location)
    is_scorer = _scorers.is_scorer(str(model_folders.here(location) or location))
    engine = Transformers(
        model=found.base or found.location,
        adapter=found.location if found.is_adapter else None,
        head="score" if is_scorer else "language_model",
    )
    checks = model_checks.of_folder(found.location, found.base if found.is_adapter else None)
    return {
        "kind": SCORER if is_scorer else "adapter" if found.is_adapter else "base",
        "location": found.location,
        "engine": engine.dump(),
        "details": {"architecture": found.architecture, "num_bytes": found.num_bytes} | model_check.stored(checks),
        "base": found.base,
    }


def _served_by(endpoint: Endpoint) -> JSON:
    key = endpoint.api_key_env.strip()
    if key and not KEY_NAME.fullmatch(key):
        raise InvalidInput(
            "api_key_env is the name of an environment variable like RONDO_MY_API_KEY, not the key itself. Set the "
            "variable where the worker runs and type its name."
        )
    url, model = endpoint.base_url.strip().rstrip("/"), endpoint.model.strip()
    if not model:
        raise InvalidInput("The model's name is empty. Type the name under which the endpoint serves it.")
    try:
        engine = OpenAI(base_url=url, model=model, **({"api_key_env": key} if key else {}))
    except ValidationError as error:
        raise InvalidInput(refusals.explain(error)) from error
    lines = model_checks.of_endpoint(engine)
    engine = engine.model_copy(update={"prompt_logprobs": model_checks.reads(lines)})
    return {"kind": "base", "location": url, "engine": engine.dump(), "details": model_check.stored(lines)}


def usable_name(name: str) -> str:
    return boundary.name(name, "A checkpoint's name")


def flush_name(db: Session, name: str) -> None:
    try:
        db.flush()
    except IntegrityError as error:
        raise Conflict(f"There is a checkpoint named {name!r} in this project already. Choose another name.") from error
