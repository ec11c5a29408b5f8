"""Checking the model of a checkpoint: what an engine names, as lines to keep on its row."""

from collections.abc import Sequence
from pathlib import Path

from backend.boundary import clean
from backend.db import now
from backend.engines import _model_check, _weights
from backend.engines._model_check import CheckLevel, Line
from backend.values import JSON

NOT_HERE = "There is no folder of that name here, nor has the hub's cache the model. It is checked once it is here."


def of_engine(engine: JSON) -> list[Line]:
    """Check the folder that an engine's JSON names, with its adapter."""
    model, adapter = _folder(engine["model"]), engine.get("adapter")
    if model is None:
        return [Line("files", CheckLevel.warn, NOT_HERE)]
    if adapter:
        return _model_check.run(Path(_weights.locate(adapter)), model)
    if _weights.is_adapter(str(model)):
        base = Path(_weights.base_of(str(model)))
        return _model_check.run(model, base if base.is_dir() else None)
    return _model_check.run(model)


def _folder(name: str) -> Path | None:
    """The folder of a model: as named, or the hub's local copy; None without one."""
    located = Path(_weights.locate(name))
    if located.is_dir():
        return located
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  comes with gradio; slow to import

    config_file = try_to_load_from_cache(name, "config.json")
    return Path(config_file).parent if isinstance(config_file, str) else None


def stored(lines: Sequence[Line]) -> JSON:
    """What goes into a checkpoint's details."""
    entries = [line.to_json() | {"text": clean(line.text)} for line in lines]
    return {"checks": {"at": f"{now():%Y-%m-%d %H:%M} UTC", "lines": entries}}
