"""`rondo export`"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import AsJson, emit, say
from backend.values import DatasetType


class ExportFormat(StrEnum):
    jsonl = "jsonl"
    parquet = "parquet"


def export(
    dataset: Annotated[int, typer.Argument(help="The dataset's id, as the Datasets page shows it.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[ExportFormat, typer.Option(help="The file's format.")] = ExportFormat.jsonl,
    type: Annotated[DatasetType | None, typer.Option(help="TRL's dataset type. [default: as it was frozen]")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Only the columns TRL reads.")] = False,
    leave_out: Annotated[bool, typer.Option("--leave-out", help="Without the rows that a check found.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a frozen training set in one of TRL's conversational types."""
    from app.cli import asking
    from backend.services.datasets import exports

    exported = exports.export(
        asking.owner(), dataset, format=format.value, type=type, is_strict=strict, leave_out=leave_out, out=out
    )
    for finding in exported.findings:
        say(f"{finding.count} rows: {finding.meaning} (first at {', '.join(map(str, finding.positions[:5]))})")
    for warning in exported.warnings:
        say(warning)
    value = {
        "file": str(exported.path),
        "rows": exported.num_rows,
        "bytes": exported.num_bytes,
        "format": exported.format,
        "type": exported.type,
        "findings": {finding.check: finding.count for finding in exported.findings},
        "left_out": exported.left_out,
        "warnings": exported.warnings,
    }
    emit(value, as_json=as_json, text=f"{exported.num_rows} rows in {exported.path}")
