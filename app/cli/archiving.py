"""`rondo round archive | restore`."""

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


@app.command()
def restore(number: RoundNumber, project: Project = None, as_json: AsJson = False) -> None:
    """Put the rows of an archived round back, with the numbers they had."""
    from backend.services import round_archive

    actor, round_ = one_round(project, number)
    row = round_archive.restore(actor, round_.id, say)
    _emit(row, f"The rows of round {row.number} are back.", as_json=as_json)


def _emit(row: "RoundView", text: str, *, as_json: bool) -> None:
    emit(as_dict(row) | {"archive": row.archive}, as_json=as_json, text=text)
