"""`rondo recipes`"""

from typing import Annotated, Any

import typer

from app.cli.output import AsJson, emit, table

Matrix = Annotated[
    bool, typer.Option("--matrix", help="Write Markdown: recipes with parts, checks and rounds; parts with recipes.")
]


def recipes(
    name: Annotated[str | None, typer.Argument(help="A recipe to write as YAML, every knob included.")] = None,
    as_json: AsJson = False,
    matrix: Matrix = False,
) -> None:
    """List every recipe with its parts, and how the newest round that ran it here came out; or write one whole."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services.plans import recipe_choice
    from backend.services.recipe_list import recipe_matrix
    from backend.services.recipes import recipe_yaml

    if name is not None:
        one = recipe_choice.get_registered(name)
        numbered = [line for phase in one.lines for line in phase]
        text = "".join(f"# {line}\n" for line in numbered) + recipe_yaml.write(one.recipe).rstrip()
        return emit(asdict(one), as_json=as_json, text=text)
    found = recipe_matrix.lines(asking.owner())
    rows: list[list[Any]] = [[one.name, one.last or "never run here", one.parts] for one in found]
    value = {"recipes": [asdict(one) for one in found]}
    text = recipe_matrix.markdown(found) if matrix else table(["recipe", "last round", "parts"], rows)
    return emit(value, as_json=as_json, text=text)
