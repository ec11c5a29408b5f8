"""Checking the model of a checkpoint: what an engine names, as lines to keep on its row."""

from collections.abc import Sequence
from pathlib import Path

from backend.db import now
from backend.engines import _model_check, _weights
from backend.engines._model_check import Line, Outcome
from backend.values import JSON

NOT_HERE = "The model is not downloaded yet. It is checked before it is trained from a folder."


def of_engine(engine: JSON) -> list[Line]:
    """Check the folder that an engine's JSON names, with its adapter; a hub name cannot be looked into."""
    model, adapter = Path(_weights.locate(engine["model"])), engine.get("adapter")
    if not model.is_dir():
        return [Line("files", Outcome.warn, NOT_HERE)]
    if adapter:
        return _model_check.run(Path(_weights.locate(adapter)), model)
    if _weights.is_adapter(str(model)):
        base = Path(_weights.base_of(str(model)))
        return _model_check.run(model, base if base.is_dir() else None)
    return _model_check.run(model)


def stored(lines: Sequence[Line]) -> JSON:
    """What goes into a checkpoint's details."""
    return {"checks": {"at": f"{now():%Y-%m-%d %H:%M} UTC", "lines": [line.to_json() for line in lines]}}
