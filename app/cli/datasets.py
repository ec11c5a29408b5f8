"""`rondo export`"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import AsJson, emit


class Format(StrEnum):
    jsonl = "jsonl"
    parquet = "parquet"


def export(
    dataset: Annotated[int, typer.Argument(help="The dataset's id, as the Datasets page shows it.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[Format, typer.Option(help="The file's format.")] = Format.jsonl,
    as_json: AsJson = False,
) -> None:
    """Write a frozen training set in TRL's conversational format."""
    raise NotImplementedError
