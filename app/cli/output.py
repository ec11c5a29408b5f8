"""What commands print: text for people, or exactly one JSON object on stdout. Logs go to stderr."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Project = Annotated[str | None, typer.Option("--project", help="Name or id; needed when there are several.")]

Repo = Annotated[str, typer.Argument(help="The repository on the model hub, like name/repository.")]
Public = Annotated[bool, typer.Option("--public", help="Not private, if the repository is made.")]


def emit(value: dict[str, Any], *, as_json: bool, text: str) -> None:
    """Print the one result of a command."""
    print(json.dumps(value, default=_plain, ensure_ascii=False) if as_json else text, flush=True)


def say(text: str) -> None:
    """Tell a person how it goes, beside the result."""
    print(text, file=sys.stderr, flush=True)


def write_file(path: Path, text: str) -> None:
    """Write a text to a file that a person named; raises `InvalidInput` for one that would be lost."""
    from backend.errors import InvalidInput
    from backend.files import is_private

    if is_private(path):
        raise InvalidInput(f"{path} is Rondo's own and would be lost. Choose another file.")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}. Choose another file.") from error


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Line the columns up."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
