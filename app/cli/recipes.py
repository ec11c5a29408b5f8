"""`rondo recipes`"""

from typing import Any

from app.cli.output import AsJson, emit, table


def recipes(as_json: AsJson = False) -> None:
    """List every recipe with its parts, and how the newest round that ran it here came out."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services import recipe_matrix

    found = recipe_matrix.lines(asking.owner())
    rows: list[list[Any]] = [[one.name, one.last or "never run here", one.parts] for one in found]
    value = {"recipes": [asdict(one) for one in found]}
    emit(value, as_json=as_json, text=table(["recipe", "last round", "parts"], rows))
