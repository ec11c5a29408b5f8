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
    replace: Annotated[
        list[str] | None,
        typer.Option("--replace", metavar="NAME", help="Share this in place of what another machine shared so."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Share the checkpoints and archives that only this machine has; what is shared already is not sent again."""
    from app.cli import asking
    from backend.services.operations import sharing

    actor = asking.owner(migrate=False)
    names: list[str] = []
    other: list[str] = []
    for sent in sharing.share_all(actor, anew=anew, replace=replace or ()):
        (names if sent.is_shared else other).append(sent.name)
        say(sent.name if sent.is_shared else f"{sent.name} is not what is shared under that name, and that stays.")
    missing = sharing.missing(actor)
    for name in missing:
        say(f"{name} is neither here nor shared: share it from the machine that has it.")
    value = {"address": sharing.address(), "shared": names, "other": other, "missing": missing}
    emit(value, as_json=as_json, text=f"{len(names)} are shared at {sharing.address()}.")
