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
    project = projects.get(actor, projects.create(actor, name, description=description))
    emit(
        asdict(project), as_json=as_json, text=f"Project {project.name} ({project.id}), its pages at /p/{project.slug}/"
    )


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all projects."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services import projects

    views = projects.list_mine(asking.owner())
    rows = [
        [project.id, project.name, f"/p/{project.slug}/", project.description.replace("\n", " ")[:60]]
        for project in views
    ]
    value = {"projects": [asdict(project) for project in views]}
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
    row = asking.project(actor, project)
    projects.edit(actor, row.id, name=name)
    now = projects.get(actor, row.id)
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
    row = asking.project(actor, project)
    trashing.emit_entry(trashed.put_project(actor, row.id), row.name, as_json=as_json)
