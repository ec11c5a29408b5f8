"""`rondo db ...`"""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.output import AsJson, emit, say

app = typer.Typer(no_args_is_help=True)


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Bring the schema up to date. `rondo up` does so by itself."""
    from backend.services import installation

    database = installation.upgrade()
    emit({"database": database, "revision": "head"}, as_json=as_json, text=f"{database} is up to date.")


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="The file to write. [default: backups/ in the data folder]")
    ] = None,
    only_database: Annotated[
        bool, typer.Option("--only-database", help="The database's own format, without files.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy the installation to a file, database and checkpoints; everything may go on meanwhile."""
    from backend.services import installation
    from backend.services.operations import archives

    more: dict[str, Any] = {}
    if only_database:
        path = installation.backup(file)
        say("Checkpoints, exports and the key of the sessions are not in it.")
    else:
        archive = archives.write(file)
        path = archive.path
        more = {"files": archive.num_files, "left_out": archive.left_out, "shared": archive.shared}
        for place in archive.left_out:
            if place in archive.shared:
                say(f"{place} is not in it: it lies with the shared files alone. Back these up as well.")
            else:
                say(f"{place} is not in it: it lies outside the data folder, is not there, or was being written.")
    emit({"file": str(path), "bytes": path.stat().st_size, **more}, as_json=as_json, text=str(path))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `rondo db backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put an installation back from a backup, whole or not at all. Stop Rondo and its workers first.

    A PostgreSQL database has to be empty.
    """
    from backend.config import settings
    from backend.services.operations import archives, databases

    if not yes:
        does = "Replace" if databases.name() == databases.SQLITE else "Fill"
        asked = f"{does} the database {databases.shown()}, and replace the files in {settings().folder}?"
        typer.confirm(asked, abort=True, err=True)
    archive = archives.restore(file)
    for place in archive.left_out:
        say(f"{place} was not in the backup{'; the shared files have it' if place in archive.shared else ''}.")
    text = f"{archive.num_files} files of {file} are back in {settings().folder}."
    emit(
        {"file": str(file), "files": archive.num_files, "left_out": archive.left_out, "shared": archive.shared},
        as_json=as_json,
        text=text,
    )


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="The revision to go back to, such as 0001.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take the schema back. What newer revisions added is lost: back up first."""
    from backend.services import installation

    if not yes:
        typer.confirm(f"Go back to {revision} and lose what newer revisions added?", abort=True, err=True)
    installation.downgrade(revision)
    emit({"revision": revision}, as_json=as_json, text=f"The schema is at {revision}.")
