"""`rondo db ...`"""

from pathlib import Path
from typing import Annotated

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
    out: Annotated[Path | None, typer.Option(help="The file to write. [default: backups/ in the data folder]")] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the database to a file; everything may go on meanwhile."""
    from backend.config import settings
    from backend.services import installation

    path = installation.backup(out)
    say(f"Checkpoints, exports and the key of the sessions are files in {settings().folder}: copy them as well.")
    emit({"file": str(path), "bytes": path.stat().st_size}, as_json=as_json, text=str(path))


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
