"""Checkpoints: lineage and numbers side by side, who and what made each, registering new ones."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services import model_folders
from backend.services.access import Actor, require
from backend.values import JSON, DecisionKind, Role, Stage

ROLES = ("policy", "judge", "reward")
KEY_NAME = re.compile(r"[A-Z][A-Z0-9_]*_(API_KEY|TOKEN)")


@dataclass(frozen=True)
class Number:
    """A measured value with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class CheckpointRow:
    """One checkpoint in its lineage; `depth` 0 has no parent. `metrics` by name."""

    id: int
    name: str
    kind: str
    role: str
    location: str
    engine: str
    depth: int
    parent_id: int | None
    round_id: int | None
    round_number: int | None
    created_at: datetime
    metrics: dict[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Contribution:
    """What a person decided in one round of the lineage."""

    round_number: int
    person: str
    decisions: int
    overrides: int


@dataclass(frozen=True)
class Detail:
    """Who and what made a checkpoint. All but the row is empty for a registered one."""

    row: CheckpointRow
    ancestors: tuple[str, ...]
    recipe: str
    paper: str
    policy: str
    reference: str
    judge: str
    dataset_id: int | None
    dataset_type: str
    num_examples: int
    content_hash: str
    funnel: list[JSON]
    provenance: JSON
    people: tuple[Contribution, ...]
    job_id: int | None
    job_seconds: float | None
    job_metrics: JSON
    num_bytes: int
    details: JSON


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server. `api_key_env` names the environment variable that holds the key, never the key."""

    base_url: str
    model: str
    api_key_env: str = ""


def tree(actor: Actor, project_id: int) -> list[CheckpointRow]:
    """Return the project's checkpoints depth first, children after their parent, with every held-out metric."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return _tree(db, project_id)


def detail(actor: Actor, checkpoint_id: int) -> Detail:
    """Return who and what made a checkpoint, back to its base."""
    with reading() as db:
        checkpoint = _find(db, actor, checkpoint_id, Role.viewer)
        rows = {row.id: row for row in _tree(db, checkpoint.project_id)}
        row = rows[checkpoint.id]
        above = _ancestors(row, rows)
        made = db.get(tables.Round, row.round_id) if row.round_id else None
        dataset = db.scalar(select(tables.Dataset).where(tables.Dataset.round_id == row.round_id)) if made else None
        job = _training_job(db, row.round_id) if made else None
        names = {id_: other.name for id_, other in rows.items()}
        people = _people(db, [other.round_id for other in (row, *above) if other.round_id])
    recipe = made.recipe if made else {}
    return Detail(
        row=row,
        ancestors=tuple(other.name for other in above),
        recipe=str(recipe.get("title", "")),
        paper=str(recipe.get("paper", "")),
        policy=names.get(made.policy_id, "") if made else "",
        reference=names.get(made.reference_id, "") if made else "",
        judge=(names.get(made.judge_id, "") if made.judge_id else "the policy itself") if made else "",
        dataset_id=dataset.id if dataset else None,
        dataset_type=dataset.type.value if dataset else "",
        num_examples=dataset.num_examples if dataset else 0,
        content_hash=dataset.content_hash if dataset else "",
        funnel=list(dataset.funnel) if dataset else [],
        provenance=dict(dataset.provenance) if dataset else {},
        people=people,
        job_id=job.id if job else None,
        job_seconds=_seconds(job),
        job_metrics=dict(job.last_metrics) if job else {},
        num_bytes=model_folders.size(settings().folder / checkpoint.location) if checkpoint.location else 0,
        details=dict(checkpoint.details),
    )


def register(
    actor: Actor, project_id: int, *, name: str, location: str = "", endpoint: Endpoint | None = None, role: str = "policy"
) -> int:
    """Add a checkpoint that no round made: a folder or hub name, or an endpoint. Returns its id.

    What makes the server read outside the data folder or send requests elsewhere needs a project admin.
    """
    reaches_out = endpoint is not None or model_folders.is_outside(location)
    with reading() as db:
        require(db, actor, project_id, Role.admin if reaches_out else Role.curator)
    name = _usable_name(name)
    if role not in ROLES:
        raise InvalidInput(f"There is no role {role!r}. Choose one of {', '.join(ROLES)}.")
    columns = _served_by(endpoint) if endpoint else _loaded_from(location.strip())
    base = columns.pop("base", None)
    with session() as db:
        require(db, actor, project_id, Role.admin if reaches_out else Role.curator)
        same_base = select(tables.Checkpoint.id).where(
            tables.Checkpoint.project_id == project_id, tables.Checkpoint.location == base
        )
        row = tables.Checkpoint(
            project_id=project_id, name=name, role=role, parent_id=db.scalar(same_base.limit(1)) if base else None, **columns
        )
        db.add(row)
        _flush(db, name)
        return row.id


def rename(actor: Actor, checkpoint_id: int, name: str) -> None:
    """Give a checkpoint another name."""
    name = _usable_name(name)
    with session() as db:
        _find(db, actor, checkpoint_id, Role.curator).name = name
        _flush(db, name)


def delete(actor: Actor, checkpoint_id: int) -> None:
    """Forget a checkpoint that nothing refers to. Its files stay where they are."""
    with session() as db:
        row = _find(db, actor, checkpoint_id, Role.curator)
        users = _users(db, row.id)
        if users:
            raise Conflict(f"The checkpoint {row.name} is used by {users}, so its history would break. Keep it.")
        db.delete(row)


def _tree(db: Session, project_id: int) -> list[CheckpointRow]:
    checkpoint, round_, metric = tables.Checkpoint, tables.Round, tables.Metric
    query = (
        select(checkpoint, round_.id, round_.number)
        .outerjoin(round_, round_.checkpoint_id == checkpoint.id)
        .where(checkpoint.project_id == project_id)
        .order_by(checkpoint.id)
    )
    numbers: dict[int, dict[str, Number]] = defaultdict(dict)
    measured = select(metric).where(metric.project_id == project_id, metric.checkpoint_id.is_not(None))
    for m in db.scalars(measured.order_by(metric.id)):
        numbers[m.checkpoint_id or 0][m.name] = Number(m.value, m.low, m.high, m.n)
    found = db.execute(query).all()
    known = {c.id for c, _, _ in found}
    children: dict[int | None, list[Any]] = defaultdict(list)
    for c, round_id, number in found:
        children[c.parent_id if c.parent_id in known else None].append((c, round_id, number))
    rows: list[CheckpointRow] = []
    stack = [(entry, 0) for entry in reversed(children[None])]
    while stack:
        (c, round_id, number), depth = stack.pop()
        rows.append(
            CheckpointRow(
                c.id, c.name, c.kind, c.role, c.location, str(c.engine.get("name", "")), depth, c.parent_id, round_id,
                number, c.created_at, numbers.get(c.id, {}),
            )  # fmt: skip
        )
        stack += [(entry, depth + 1) for entry in reversed(children[c.id])]
    return rows


def _ancestors(row: CheckpointRow, rows: dict[int, CheckpointRow]) -> list[CheckpointRow]:
    """Parents, nearest first."""
    above: list[CheckpointRow] = []
    while row.parent_id in rows:
        row = rows[row.parent_id]
        above.append(row)
    return above


def _training_job(db: Session, round_id: int | None) -> tables.Job | None:
    query = select(tables.Job).where(tables.Job.round_id == round_id, tables.Job.stage == Stage.train)
    return db.scalar(query.order_by(tables.Job.id.desc()).limit(1))


def _seconds(job: tables.Job | None) -> float | None:
    if job is None or job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds()


def _people(db: Session, round_ids: list[int]) -> tuple[Contribution, ...]:
    """Decisions that stand (retracted ones do not), by round and person."""
    decision, round_, user = tables.Decision, tables.Round, tables.User
    retraction = select(decision.retracts_id).where(
        decision.round_id.in_(round_ids), decision.retracts_id.is_not(None)
    )
    query = (
        select(round_.number, user.name, func.count(), func.count().filter(decision.is_override))
        .join(round_, round_.id == decision.round_id)
        .join(user, user.id == decision.user_id)
        .where(
            decision.round_id.in_(round_ids),
            decision.kind.not_in([DecisionKind.retract, DecisionKind.skip]),
            decision.id.not_in(retraction),
        )
        .group_by(round_.number, user.name)
        .order_by(round_.number.desc(), func.count().desc())
    )
    return tuple(Contribution(*row) for row in db.execute(query))


def _loaded_from(location: str) -> JSON:
    if not location:
        raise InvalidInput("The location is empty. Type a folder in the data folder, or a model-hub name.")
    found = model_folders.inspect(location)
    engine = {"name": "transformers", "model": found.base or found.location}
    if found.is_adapter:
        engine["adapter"] = found.location
    return {
        "kind": "adapter" if found.is_adapter else "base",
        "location": found.location,
        "engine": engine,
        "details": {"architecture": found.architecture, "num_bytes": found.num_bytes},
        "base": found.base,
    }


def _served_by(endpoint: Endpoint) -> JSON:
    url, model = endpoint.base_url.strip().rstrip("/"), endpoint.model.strip()
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", url):
        raise InvalidInput(f"The address {url!r} is not a base URL. Type it like http://127.0.0.1:8000/v1.")
    if not model:
        raise InvalidInput("The model's name is empty. Type the name under which the endpoint serves it.")
    key = endpoint.api_key_env.strip()
    if key and not KEY_NAME.fullmatch(key):
        raise InvalidInput(
            "api_key_env is the name of an environment variable that ends in _API_KEY or _TOKEN, e.g. MY_API_KEY, not the "
            "key itself. Set the variable where the worker runs and type its name."
        )
    engine = {"name": "openai", "base_url": url, "model": model} | ({"api_key_env": key} if key else {})
    return {"kind": "base", "location": url, "engine": engine, "details": {}}


def _usable_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 120 or not name.isprintable():
        raise InvalidInput("A checkpoint's name has 1 to 120 printable characters. Choose another one.")
    return name


def _flush(db: Session, name: str) -> None:
    try:
        db.flush()
    except IntegrityError as error:
        raise Conflict(f"There is a checkpoint named {name!r} in this project already. Choose another name.") from error


def _find(db: Session, actor: Actor, checkpoint_id: int, role: Role) -> tables.Checkpoint:
    row = db.get(tables.Checkpoint, checkpoint_id)
    missing = f"There is no checkpoint {checkpoint_id}. Choose one from the list."
    if row is None:
        raise NotFound(missing)
    try:
        require(db, actor, row.project_id, role)
    except NotFound as error:
        raise NotFound(missing) from error
    return row


def _users(db: Session, checkpoint_id: int) -> str:
    """In words, what refers to a checkpoint."""
    round_, sample, judgment, child = tables.Round, tables.Sample, tables.Judgment, tables.Checkpoint
    uses: dict[str, ColumnElement[bool]] = {
        "rounds": or_(
            round_.policy_id == checkpoint_id, round_.reference_id == checkpoint_id, round_.judge_id == checkpoint_id,
            round_.checkpoint_id == checkpoint_id,
        ),
        "samples": sample.checkpoint_id == checkpoint_id,
        "judgments": judgment.checkpoint_id == checkpoint_id,
        "other checkpoints": child.parent_id == checkpoint_id,
    }  # fmt: skip
    return ", ".join(what for what, clause in uses.items() if db.scalar(select(exists().where(clause))))
