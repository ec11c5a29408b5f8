"""`rondo project ...`"""

from typing import Annotated

import typer

from app.cli.output import AsJson, emit, table

app = typer.Typer(no_args_is_help=True)
Description = Annotated[str, typer.Option(help="What it is for.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The project's name.")],
    description: Description = "",
    as_json: AsJson = False,
) -> None:
    """Start a project."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services import projects

    actor = asking.owner()
    made = projects.get(actor, projects.create(actor, name, description=description))
    emit(asdict(made), as_json=as_json, text=f"Project {made.name} ({made.id}), its pages at /p/{made.slug}/")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all projects."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services import projects

    found = projects.list_mine(asking.owner())
    rows = [[one.id, one.name, f"/p/{one.slug}/", one.description.replace("\n", " ")[:60]] for one in found]
    value = {"projects": [asdict(one) for one in found]}
    emit(value, as_json=as_json, text=table(["id", "name", "pages", "description"], rows))


@app.command()
def rename(
    project: Annotated[str, typer.Argument(help="Its name or id.")],
    name: Annotated[str, typer.Argument(help="The new name; addresses with the old one go on to lead there.")],
    as_json: AsJson = False,
) -> None:
    """Give a project another name."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services import projects

    actor = asking.owner()
    found = asking.project(actor, project)
    projects.edit(actor, found.id, name=name)
    now = projects.get(actor, found.id)
    emit(asdict(now), as_json=as_json, text=f"Project {now.name} ({now.id}), its pages at /p/{now.slug}/")


@app.command()
def trash(
    project: Annotated[str, typer.Argument(help="Its name or id.")],
    as_json: AsJson = False,
) -> None:
    """Put a project in the trash: nobody sees it any more, and it can be brought back."""
    from app.cli import asking, trashing
    from backend.services.projects import trash as trashed

    actor = asking.owner()
    found = asking.project(actor, project)
    trashing.emit_entry(trashed.put_project(actor, found.id), found.name, as_json=as_json)
