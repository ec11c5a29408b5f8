"""From a checkpoint's row to the engine that serves it."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend import shared_files
from backend.boundary import clean
from backend.config import settings
from backend.db import reading, session, tables
from backend.engines import Engine, _weights
from backend.engines._wrapper import INNER, innermost, is_wrapper
from backend.errors import DatabaseLost, NotFound
from backend.pipeline import serve
from backend.pipeline.stage import StageContext
from backend.recipes import BASE, JUDGE, POLICY, REFERENCE
from backend.values import JSON

log = logging.getLogger("rondo.pipeline")

PATH_KNOBS = ("model", "adapter")


def resolve(value: str) -> str:
    """A path below the data folder becomes absolute, fetched where it is shared and not on this machine; a hub name or
    an absolute path stays as it is, and nobody is asked for it."""
    inside = settings().folder / value
    may_be_ours = inside.exists() or _weights.may_be_folder(value)
    return str(inside) if may_be_ours and shared_files.bring(inside) else value


def lies_elsewhere(engine: dict[str, Any]) -> bool:
    """Whether weights of it are not on this machine and may be shared. Asks nobody: a web request does not wait until
    gigabytes are fetched, a worker does."""
    data = innermost(engine)
    values = [data.get(knob) for knob in PATH_KNOBS if data["name"] != "openai"]
    folder = settings().folder
    return any(
        isinstance(value, str) and _weights.may_be_folder(value) and shared_files.may_have(folder / value)
        for value in values
    )


def engine_json(checkpoint: tables.Checkpoint) -> dict[str, Any]:
    """The checkpoint's engine with its paths resolved."""
    return _resolved(checkpoint.engine)


def _resolved(engine: dict[str, Any]) -> dict[str, Any]:
    data = dict(engine)
    for knob in PATH_KNOBS:
        if isinstance(data.get(knob), str) and data["name"] != "openai":
            data[knob] = resolve(data[knob])
    return data | {INNER: _resolved(data[INNER])} if is_wrapper(data) else data


def checkpoint_row(checkpoint_id: int) -> tables.Checkpoint:
    """Read a checkpoint; raises `NotFound`."""
    with reading() as db:
        row = db.get(tables.Checkpoint, checkpoint_id)
    if row is None:
        raise NotFound(f"There is no checkpoint {checkpoint_id} any more. Choose another one.")
    return row


@contextmanager
def engine_for(checkpoint_id: int) -> Iterator[Engine]:
    """The engine of a checkpoint, loaded while the context is open. What its endpoint refused meanwhile is kept on the
    checkpoint, whoever asked and whatever came of it."""
    with _opened(checkpoint_id, engine_json(checkpoint_row(checkpoint_id))) as engine:
        yield engine


@contextmanager
def _opened(checkpoint_id: int, data: JSON) -> Iterator[Engine]:
    engine: Engine = Engine.load(data)
    began = time.perf_counter()
    with engine as opened:
        loading.seconds += time.perf_counter() - began
        try:
            yield opened
        finally:
            keep_notes(checkpoint_id, opened.notes())


def keep_notes(checkpoint_id: int, notes: Sequence[str]) -> None:
    """Keep on the checkpoint what its endpoint refused, for its page: each sentence once."""
    if not notes:
        return
    try:
        with session() as db:
            row = db.get(tables.Checkpoint, checkpoint_id, with_for_update=True)
            if row is None:
                return
            known = row.details.get("notes", [])
            new = [note for note in dict.fromkeys(map(clean, notes)) if note not in known]
            if new:
                row.details = row.details | {"notes": [*known, *new]}
    except (SQLAlchemyError, DatabaseLost) as error:
        # What was made is worth more than a note on it, and an error that ended the work stays the one that is told.
        log.warning("what the endpoint of checkpoint %s refused is not kept on its page: %s", checkpoint_id, error)


class Loading:
    """How long this process has spent on loading models: no part of what a text takes."""

    seconds = 0.0


loading = Loading()


@contextmanager
def opened_for(stage: StageContext, checkpoint_id: int) -> Iterator[Engine]:
    """The engine of a checkpoint, loaded while the context is open, whose cost is counted for the stage.

    What serves a model folder is the round's engine, see `serve`.
    """
    with _opened(checkpoint_id, serve.engine_of(stage, engine_json(checkpoint_row(checkpoint_id)))) as engine:
        stage.meter.watch(checkpoint_id, engine)
        yield engine


def acting(round_: tables.Round, role: str, step: int) -> int:
    """The checkpoint that acts in a role at a step of the round; raises `NotFound`."""
    with reading() as db:
        return checkpoint_of(db, round_, role, step)


def bound_to(round_: tables.Round, role: str, step: int, *, may_be_unbound: bool) -> int | None:
    """The checkpoint that acts in a role; None where nothing is bound to one that may be unbound."""
    try:
        return acting(round_, role, step)
    except NotFound:
        if may_be_unbound:
            return None
        raise


def checkpoint_of(db: Session, round_: tables.Round, role: str, step: int) -> int:
    """What a training before this step made in that role, else what was bound to it at launch; raises `NotFound`.

    An unset judge is the policy as it is at this step. The base is what the policy at launch descends from.
    """
    row = tables.RoundRole
    query = select(row.checkpoint_id).where(row.round_id == round_.id, row.role == role, row.step < step)
    checkpoint_id = db.scalar(query.order_by(row.step.desc()).limit(1))
    if checkpoint_id is not None:
        return checkpoint_id
    if role == POLICY:
        return round_.policy_id
    if role == REFERENCE:
        return round_.reference_id
    if role == JUDGE:
        return round_.judge_id or checkpoint_of(db, round_, POLICY, step)
    if role == BASE:
        return base_of(db, round_.policy_id)
    raise NotFound(f"Round {round_.number} has no checkpoint for the role {role!r}. Launch it again and bind one.")


def base_of(db: Session, checkpoint_id: int) -> int:
    """The checkpoint without a parent from which this one descends."""
    checkpoint = tables.Checkpoint
    while (parent := db.scalar(select(checkpoint.parent_id).where(checkpoint.id == checkpoint_id))) is not None:
        checkpoint_id = parent
    return checkpoint_id
