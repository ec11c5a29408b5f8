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
        entry = recipe_choice.get_registered(name)
        numbered = [line for phase in entry.lines for line in phase]
        text = "".join(f"# {line}\n" for line in numbered) + recipe_yaml.write(entry.recipe).rstrip()
        return emit(asdict(entry), as_json=as_json, text=text)
    recipe_lines = recipe_matrix.lines(asking.owner())
    rows: list[list[Any]] = [[line.name, line.last or "never run here", line.parts] for line in recipe_lines]
    value = {"recipes": [asdict(line) for line in recipe_lines]}
    text = recipe_matrix.markdown(recipe_lines) if matrix else table(["recipe", "last round", "parts"], rows)
    return emit(value, as_json=as_json, text=text)
