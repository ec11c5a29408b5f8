"""What decides the result of a training: of its spec what is not a place, and of the engines what changes a text."""

from typing import Any

from backend.config import settings
from backend.engines import Engine
from backend.engines._wrapper import INNER, is_wrapper
from backend.errors import UnknownPart
from backend.trainers import TrainSpec
from backend.values import JSON


def deciding(spec: TrainSpec) -> JSON:
    """Return the spec as JSON without where it lies, and without the knobs that only say how an engine is asked.

    An endpoint may be checked again, or be given more time, while a training that asks it is interrupted.
    """
    decides = {name: value for name, value in spec.to_json().items() if name not in ("output_dir", "dataset")}
    return decides | {"engines": {role: _deciding(engine) for role, engine in spec.engines.items()}}


def portable(decides: JSON) -> JSON:
    """The same on every machine: what lies below the data folder by its path in it."""
    top = f"{settings().folder}/"

    def of(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: of(one) for name, one in value.items()}
        if isinstance(value, list):
            return [of(one) for one in value]
        return value.removeprefix(top) if isinstance(value, str) else value

    moved: JSON = of(decides)
    return moved


def _deciding(engine: JSON) -> JSON:
    try:
        known = Engine.named(engine.get("name"))
    except UnknownPart:
        known = None
    left = known.incidental if known is not None and issubclass(known, Engine) else ()
    knobs = {name: value for name, value in engine.items() if name not in left}
    return knobs | {INNER: _deciding(engine[INNER])} if is_wrapper(engine) else knobs
