"""Registering a checkpoint that no round made: a folder, a model-hub name, an endpoint."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import reading, session, tables
from backend.engines import _probe, _scorers
from backend.engines.transformers import Transformers
from backend.errors import Conflict, InvalidInput
from backend.pipeline import model_check
from backend.services import events
from backend.services.access import Actor, require, require_owner
from backend.services.checkpoints import endpoints, model_checks, model_folders, model_owners
from backend.services.checkpoints.endpoints import Endpoint
from backend.values import JSON, SCORER, Role

ROLES = ("policy", "judge", "reward")


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

    A model is checked, and refused with the reason where it cannot be used; an endpoint is tested, and registered
    whatever comes of it. A folder outside the data folder needs a project admin; another project's is refused
    (`model_owners`). An endpoint needs an owner of the installation: its key is sent to wherever the address says.
    """
    with _of_location():
        role_needed = Role.admin if endpoint is not None or model_folders.is_outside(location) else Role.curator
    with reading() as db:
        _check_right(db, actor, project_id, role_needed, endpoint)
        if endpoint is None and location.strip():
            with _of_location():
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


@contextmanager
def _of_location() -> Iterator[None]:
    """What is refused within is the field `location`."""
    try:
        yield
    except InvalidInput as error:
        error.field = error.field or "location"
        raise


@_of_location()
def _loaded_from(location: str) -> JSON:
    if not location:
        raise InvalidInput("The location is empty. Type a folder in the data folder, or a model-hub name.")
    folder = model_folders.inspect(location)
    is_scorer = _scorers.is_scorer(str(model_folders.here(location) or location))
    engine = Transformers(
        model=folder.base or folder.location,
        adapter=folder.location if folder.is_adapter else None,
        head="score" if is_scorer else "language_model",
    )
    checks = model_checks.of_folder(folder.location, folder.base if folder.is_adapter else None)
    return {
        "kind": SCORER if is_scorer else "adapter" if folder.is_adapter else "base",
        "location": folder.location,
        "engine": engine.dump(),
        "details": {"architecture": folder.architecture, "num_bytes": folder.num_bytes} | model_check.stored(checks),
        "base": folder.base,
    }


def _served_by(endpoint: Endpoint) -> JSON:
    engine = endpoints.engine_of(endpoint)
    probed = _probe.probe(engine)
    engine = engine.model_copy(update=probed.knobs)
    stored = model_check.stored(probed.lines)
    return {"kind": "base", "location": engine.base_url, "engine": engine.dump(), "details": stored}


def usable_name(name: str) -> str:
    return boundary.name(name, "A checkpoint's name")


def flush_name(db: Session, name: str) -> None:
    try:
        db.flush()
    except IntegrityError as error:
        raise Conflict(f"There is a checkpoint named {name!r} in this project already. Choose another name.") from error
