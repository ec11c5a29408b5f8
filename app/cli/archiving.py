"""`rondo round archive | trash | restore`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import AsJson, Project, emit, say
from app.cli.previewing import app
from app.cli.rounds import as_dict, one_round

if TYPE_CHECKING:
    from backend.services.rounds import RoundView

__all__ = ["app"]
RoundNumber = Annotated[int, typer.Argument(help="The round's number, as the pages show it.")]
MEGABYTE = 1024 * 1024


@app.command()
def archive(number: RoundNumber, project: Project = None, as_json: AsJson = False) -> None:
    """Write all rows of a round to Parquet files and delete them; what it measured and made stays readable."""
    from backend.services import round_archive

    actor, round_ = one_round(project, number)
    row = round_archive.archive(actor, round_.id)
    facts: dict[str, Any] = row.archive
    text = (
        f"Round {row.number} is archived in {facts['folder']}: {facts['rows']['samples']:,} samples, "
        f"{facts['rows']['decisions']:,} decisions, {facts['num_bytes'] / MEGABYTE:,.1f} MB. `rondo round restore "
        f"{row.number}` brings them back."
    )
    _emit(row, text, as_json=as_json)


@app.command("trash")
def put_in_trash(number: RoundNumber, project: Project = None, as_json: AsJson = False) -> None:
    """Put a round in the trash, where nobody sees it; what it made stays."""
    from dataclasses import asdict

    from backend.services import round_trash

    actor, round_ = one_round(project, number)
    entry = round_trash.put(actor, round_.id)
    text = f"{entry.name} is in the trash. `rondo round restore {number}` brings it back."
    emit(asdict(entry), as_json=as_json, text=text)


@app.command()
def restore(number: RoundNumber, project: Project = None, as_json: AsJson = False) -> None:
    """Bring a round back from the trash, or put the rows of an archived one back."""
    from app.cli import asking
    from backend.services import round_archive, round_trash, rounds

    actor = asking.owner()
    chosen = asking.project(actor, project)
    trashed = next(iter(round_trash.list_mine(actor, chosen.id, number=number)), None)
    if trashed is not None:
        round_trash.restore(actor, trashed.id)
        text = f"{trashed.name} is back."
        emit(as_dict(rounds.get(actor, trashed.id)), as_json=as_json, text=text)
        return
    actor, round_ = one_round(project, number)
    row = round_archive.restore(actor, round_.id, say)
    _emit(row, f"The rows of round {row.number} are back.", as_json=as_json)


def _emit(row: "RoundView", text: str, *, as_json: bool) -> None:
    emit(as_dict(row) | {"archive": row.archive}, as_json=as_json, text=text)
