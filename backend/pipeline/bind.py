"""From a checkpoint's row to the engine that serves it."""

from typing import Any

from backend.config import settings
from backend.db import reading, tables
from backend.engines import Engine
from backend.errors import NotFound
from backend.registry import import_all

PATH_KNOBS = ("model", "adapter")


def resolve(value: str) -> str:
    """A path below the data folder becomes absolute; a hub name or an absolute path stays as it is."""
    inside = settings().folder / value
    return str(inside) if inside.exists() else value


def engine_json(checkpoint: tables.Checkpoint) -> dict[str, Any]:
    """The checkpoint's engine with its paths resolved."""
    data = dict(checkpoint.engine)
    for knob in PATH_KNOBS:
        if isinstance(data.get(knob), str) and data["name"] != "openai":
            data[knob] = resolve(data[knob])
    return data


def checkpoint_row(checkpoint_id: int) -> tables.Checkpoint:
    """Read a checkpoint; raises `NotFound`."""
    with reading() as db:
        row = db.get(tables.Checkpoint, checkpoint_id)
    if row is None:
        raise NotFound(f"There is no checkpoint {checkpoint_id} any more. Choose another one.")
    return row


def engine_for(checkpoint_id: int) -> Engine:
    """The engine of a checkpoint, not yet loaded: use it as a context manager."""
    import_all()
    engine: Engine = Engine.load(engine_json(checkpoint_row(checkpoint_id)))
    return engine
