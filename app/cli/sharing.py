"""`rondo files ...`"""

from typing import Annotated

import typer

from app.cli.output import AsJson, emit, say, table

app = typer.Typer(no_args_is_help=True)
MEGABYTE = 1024 * 1024


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List what is shared with other machines, at RONDO_FILES_URL."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services.operations import sharing

    shared = sharing.list_all(asking.owner(migrate=False))
    rows = [
        [f"{entry.num_bytes / MEGABYTE:,.1f} MB", entry.num_files, f"{entry.written_at:%Y-%m-%d %H:%M}", entry.name]
        for entry in shared
    ]
    text = (
        table(["size", "files", "since (UTC)", "what"], rows)
        if shared
        else f"Nothing is shared at {sharing.address()}."
    )
    value = {"address": sharing.address(), "files": [asdict(entry) for entry in shared]}
    emit(value, as_json=as_json, text=text)


@app.command()
def share(
    anew: Annotated[bool, typer.Option("--anew", help="Send what is shared already, too: it may be damaged.")] = False,
    as_json: AsJson = False,
) -> None:
    """Share the checkpoints and archives that only this machine has; what is shared already is not sent again."""
    from app.cli import asking
    from backend.services.operations import sharing

    actor = asking.owner(migrate=False)
    names = []
    for name in sharing.share_all(actor, anew=anew):
        say(name)
        names.append(name)
    missing = sharing.missing(actor)
    for name in missing:
        say(f"{name} is neither here nor shared: share it from the machine that has it.")
    value = {"address": sharing.address(), "shared": names, "missing": missing}
    emit(value, as_json=as_json, text=f"{len(names)} are shared at {sharing.address()}.")
