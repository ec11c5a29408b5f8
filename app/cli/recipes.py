"""`rondo recipes`"""

from typing import Annotated, Any

import typer

from app.cli.output import AsJson, emit, table

Matrix = Annotated[
    bool, typer.Option("--matrix", help="Write Markdown: recipes with parts, checks and rounds; parts with recipes.")
]


def recipes(as_json: AsJson = False, matrix: Matrix = False) -> None:
    """List every recipe with its parts, and how the newest round that ran it here came out."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services import recipe_matrix

    found = recipe_matrix.lines(asking.owner())
    rows: list[list[Any]] = [[one.name, one.last or "never run here", one.parts] for one in found]
    value = {"recipes": [asdict(one) for one in found]}
    text = recipe_matrix.markdown(found) if matrix else table(["recipe", "last round", "parts"], rows)
    emit(value, as_json=as_json, text=text)
