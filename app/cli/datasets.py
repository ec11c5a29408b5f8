"""`rondo export` and `rondo push`"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import AsJson, Public, Repo, emit, say, write_file
from backend.values import DatasetType


class ExportFormat(StrEnum):
    jsonl = "jsonl"
    parquet = "parquet"


class FoundRows(StrEnum):
    refuse = "refuse"
    leave_out = "leave_out"
    mask = "mask"
    keep = "keep"


class Handling(StrEnum):
    leave_out = "leave_out"
    mask = "mask"
    keep = "keep"


Reason = Annotated[str, typer.Option(help="Why rows in which a content scan found something leave.")]


def scan(
    dataset: Annotated[int, typer.Argument(help="The dataset's id, as the Datasets page shows it.")],
    against: Annotated[
        Path | None, typer.Option(help="A text file or JSON Lines whose texts the rows must not hold either.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look through a frozen training set for personal data, credentials and held-out texts, before it leaves."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.errors import InvalidInput
    from backend.services.datasets import scans

    if against is not None and not against.is_file():
        raise InvalidInput(f"{against} is no file. Choose a text file or JSON Lines.")
    actor = asking.owner()
    done = scans.scan_now(actor, dataset, reference=against)
    for hit in scans.hits(actor, done.id, limit=20).hits:
        say(f"row {hit.position}, {hit.place}, {hit.kind.in_words}{' (fine)' if hit.is_fine else ''}: {hit.snippet}")
    kinds = scans.in_words(done.rows_with) or "nothing that should not leave"
    emit(asdict(done), as_json=as_json, text=f"{done.num_rows} rows of dataset {dataset}. Found: {kinds}.")


def export(
    dataset: Annotated[int, typer.Argument(help="The dataset's id, as the Datasets page shows it.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format: Annotated[ExportFormat, typer.Option(help="The file's format.")] = ExportFormat.jsonl,
    type: Annotated[DatasetType | None, typer.Option(help="TRL's dataset type. [default: as it was frozen]")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Only the columns TRL reads.")] = False,
    leave_out: Annotated[bool, typer.Option("--leave-out", help="Without the rows that a check found.")] = False,
    tool: Annotated[
        str,
        typer.Option(help="The exporter: trl, openai, llama_factory, axolotl, or that of a package of yours."),
    ] = "trl",
    tokens_of: Annotated[
        str | None, typer.Option(help="Count the rows' tokens by this checkpoint's tokenizer and chat template.")
    ] = None,
    handling: Annotated[
        Handling | None, typer.Option(help="What becomes of rows in which a content scan found something.")
    ] = None,
    reason: Reason = "",
    card: Annotated[Path | None, typer.Option(help="Write the dataset card to this file, too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a frozen training set as TRL, OpenAI's fine-tuning, LLaMA-Factory, axolotl or another tool reads it, with
    what that wants to find beside it (`dataset_info.json`, a YAML file)."""
    from app.cli import asking
    from backend.errors import InvalidInput, NotFound
    from backend.services import checkpoints, datasets
    from backend.services.datasets import dataset_cards, exports, tool_files, tool_rows

    if card is not None and card.resolve() == out.resolve():
        raise InvalidInput(f"{out} is where the rows go. Choose another file for the card.")
    beside = tool_files.path_of(out, tool)
    if card is not None and beside is not None and card.resolve() == beside.resolve():
        raise InvalidInput(f"{card} is what {tool_rows.title(tool)} reads. Choose another file for the card.")
    actor = asking.owner()
    checkpoint_id = None
    if tokens_of is not None:
        rows = checkpoints.tree(actor, datasets.get(actor, dataset).view.project_id)
        checkpoint_id = next((row.id for row in rows if tokens_of in (row.name, str(row.id))), None)
        if checkpoint_id is None:
            raise NotFound(f"There is no checkpoint {tokens_of!r}. `rondo checkpoint list` names them.")
    exported = exports.export(
        actor,
        dataset,
        format=format.value,
        type=type,
        is_strict=strict,
        leave_out=leave_out,
        tool=tool,
        tokens_of=checkpoint_id,
        out=out,
        handling=handling,
        reason=reason,
    )
    if card is not None:
        write_file(card, dataset_cards.of_dataset(asking.owner(), dataset, file=out.name, exported=exported))
    for finding in exported.findings:
        say(f"{finding.count} rows: {finding.meaning} (first at {', '.join(map(str, finding.positions[:5]))})")
    for warning in exported.warnings:
        say(warning)
    if exported.beside is not None:
        say(f"{exported.beside} is for {tool_rows.title(exported.tool)}.")
    value = {
        "file": str(exported.path),
        "beside": str(exported.beside) if exported.beside is not None else None,
        "tool": exported.tool,
        "rows": exported.num_rows,
        "bytes": exported.num_bytes,
        "format": exported.format,
        "type": exported.type,
        "findings": {finding.check: finding.count for finding in exported.findings},
        "left_out": exported.left_out,
        "warnings": exported.warnings,
    }
    emit(value, as_json=as_json, text=f"{exported.num_rows} rows in {exported.path}")


def push(
    dataset: Annotated[int, typer.Argument(help="The dataset's id, as the Datasets page shows it.")],
    repo: Repo,
    public: Public = False,
    format: Annotated[ExportFormat, typer.Option(help="The format of the rows.")] = ExportFormat.parquet,
    found_rows: Annotated[
        FoundRows, typer.Option(help="What becomes of rows that a check finds. With refuse, nothing is pushed.")
    ] = FoundRows.refuse,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Have a worker push the rows of a frozen training set and its card to the model hub, in one commit."""
    from dataclasses import asdict

    from app.cli import asking
    from backend.services.hub import pushes

    actor = asking.owner()
    job_id = pushes.push_dataset(
        actor, dataset, repo, is_private=not public, format=format.value, found_rows=found_rows.value, reason=reason
    )
    job = pushes.get(actor, job_id)
    text = f"Job {job_id} pushes dataset {dataset} to {job.repo}, once a worker takes it (`rondo worker`)."
    emit(asdict(job), as_json=as_json, text=text)
