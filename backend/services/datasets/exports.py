"""Downloads of frozen datasets, checked before they leave."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend import row_files
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import InvalidInput
from backend.exporters import TRL
from backend.files import is_private
from backend.pipeline import frozen
from backend.services import events
from backend.services.access import Actor
from backend.services.datasets import (
    export_files,
    export_rows,
    find,
    find_whole,
    gate,
    row_tokens,
    tool_files,
    tool_rows,
)
from backend.services.datasets.export_result import MEANINGS, Export, Format, RowFinding
from backend.services.datasets.export_rows import ExportRow, RowChecks
from backend.services.datasets.gate import ExportGate
from backend.services.datasets.tool_rows import ToolNotes
from backend.services.rounds.moving import hidden_of
from backend.values import JSON, DatasetType

AT_ONCE = 100_000
"""A dataset of more rows is written by a worker (`export_jobs`), or by the command line."""
TOLD = 1_000
KEPT = 20
"""Exports that stay in the folder; older ones are deleted."""


def types(stored: DatasetType) -> tuple[DatasetType, ...]:
    """The types a dataset can be exported as, its own first."""
    return export_rows.DERIVABLE[stored]


def export(
    actor: Actor,
    dataset_id: int,
    *,
    format: Format = "jsonl",
    type: DatasetType | None = None,
    is_strict: bool = False,
    leave_out: bool = False,
    tool: str = TRL,
    tokens_of: int | None = None,
    out: Path | None = None,
    handling: str | None = None,
    reason: str = "",
    asks: bool = False,
    at: Path | None = None,
    advance: Callable[[int], None] | None = None,
) -> Export:
    """Write a dataset to a file and check every row; with `leave_out`, rows that a check found are not written.

    `is_strict` writes the columns TRL reads and no provenance; other tools get no provenance either. `tokens_of`: the
    checkpoint by whose tokenizer the rows are counted, by curators and for one export at a time. `out` is for the
    command line; what the tool wants beside the file is written there, too. `handling`: what becomes of rows in which a
    content scan found something (leave_out, mask, keep with a `reason`); `asks`: nothing is written without that word.
    `at`: where a worker writes it, and `advance` is told of its rows. Who makes somebody wait asks `refuse_large`.
    """
    if out is not None and is_private(out):
        raise InvalidInput(f"{out} is Rondo's own and would be lost. Choose another file.")
    if format not in ("jsonl", "parquet"):
        raise InvalidInput(f"There is no export format {format!r}. Choose jsonl or parquet.")
    with ExitStack() as held:
        with reading() as db:
            dataset = find_whole(db, actor, dataset_id)
            wanted = type or dataset.type
            tool_rows.check(tool, wanted, format)
            counter = row_tokens.counter(db, actor, dataset.project_id, tokens_of, wanted)
            if counter is not None:
                held.callback(counter.file.close)
            passes = gate.read(
                db,
                actor,
                dataset,
                handling=handling or ("leave_out" if leave_out else None),
                reason=reason,
                asks=asks,
                type=wanted,
            )
            name = file_name(dataset.id, wanted, format, is_strict=is_strict, leave_out=leave_out, tool=tool)
            # A file for each outcome, so that nobody downloads unmasked rows that another person kept with a reason.
            place = settings().folder / "exports" / f"{name.removesuffix(f'.{format}')}{passes.in_name()}.{format}"
            path = at or (out if out is not None and actor.via == "cli" else place)
            if path == out and at is None:
                tool_files.check(path, tool)
            held_out, notes = export_rows.held_out_keys(db, dataset.project_id), ToolNotes(tool, wanted)
            checks, left_out = RowChecks(wanted, held_out), Counter[str]()
            rows = notes.looked(_rows(db, dataset, wanted, checks, left_out, passes, leave_out=leave_out))
            rows = rows if advance is None else _told(rows, advance)
            if tool == TRL:
                written = map(export_files.shape(wanted, None if is_strict else _provenance(db, dataset)), rows)
                num_rows = row_files.write(path, format, written, export_files.columns(wanted, is_strict=is_strict))
            else:
                written = map(tool_rows.shape(tool, wanted), rows)
                num_rows = row_files.write(path, format, written, tool_rows.columns(tool, wanted))
            is_part = False
            if counter is not None:
                again = _rows(
                    db, dataset, wanted, RowChecks(wanted, held_out), Counter(), replace(passes), leave_out=leave_out
                )
                is_part = counter.put(again)
        tokens = counter.count(is_part) if counter is not None else None
    longest = tokens.tokens.longest if tokens is not None else None
    beside = tool_files.write(path, tool, wanted, longest=longest) if path == out else None
    if path.parent == settings().folder / "exports":
        _forget_old(path.parent)
    findings = tuple(
        RowFinding(check, MEANINGS[check], count, tuple(checks.positions[check]))
        for check, count in checks.counts.items()
    )
    size = path.stat().st_size
    with session() as db:
        what: JSON = {"dataset_id": dataset_id, "type": wanted, "format": format, "num_rows": num_rows, "tool": tool}
        what |= passes.to_json()
        of = {"project_id": dataset.project_id, "round_id": dataset.round_id}
        events.note(db, actor, "export dataset", name, **of, **what)
    warnings = (
        _warnings(dataset.type, wanted)
        + notes.lines()
        + (tokens.lines(tool) if tokens is not None else row_tokens.uncounted(tool))
    )
    lines = tuple(passes.lines())
    return Export(
        path,
        name,
        format,
        wanted,
        num_rows,
        size,
        findings,
        dict(left_out),
        warnings + lines,
        is_strict,
        tool,
        tokens,
        beside,
        lines,
        passes.outcome(),
    )


def refuse_large(actor: Actor, dataset_id: int) -> None:
    """Raise `InvalidInput` for a dataset that is not written while somebody waits."""
    with reading() as db:
        num_rows = find(db, actor, dataset_id).num_examples
    if num_rows > AT_ONCE and actor.via != "cli":
        raise InvalidInput(
            f"{num_rows:,} rows are more than are written while you wait. Have them written in the "
            "background, on the page or by POST to the dataset's `exports`, or use `rondo export`."
        )


def _told(rows: Iterable[ExportRow], advance: Callable[[int], None]) -> Iterator[ExportRow]:
    """The rows; of each thousand it is told that they are written."""
    number = 0
    for number, row in enumerate(rows, 1):
        yield row
        if number % TOLD == 0:
            advance(TOLD)
    advance(number % TOLD)


def refuse_held(
    actor: Actor,
    dataset_id: int,
    *,
    leave_out: bool = False,
    handling: str | None = None,
    reason: str = "",
    type: DatasetType | None = None,
) -> str:
    """Raise what an export asked for like this would be refused with for what a content scan found; return what the
    scan makes of it, as `Export.scan_outcome`."""
    with reading() as db:
        dataset = find_whole(db, actor, dataset_id)
        handling = handling or ("leave_out" if leave_out else None)
        return gate.read(db, actor, dataset, handling=handling, reason=reason, type=type).outcome()


def beside(
    actor: Actor, dataset_id: int, *, tool: str, type: DatasetType | None = None, leave_out: bool = False
) -> tuple[str, str]:
    """Name and text of the file that a tool wants beside an export; raises `InvalidInput` where it wants none."""
    with reading() as db:
        dataset = find(db, actor, dataset_id)
    wanted = type or dataset.type
    if wanted not in types(dataset.type):
        raise InvalidInput(f"A {dataset.type} dataset cannot be exported as {wanted}: its rows do not say it.")
    tool_rows.check(tool, wanted, "jsonl")
    path = tool_rows.beside(tool, wanted, file_name(dataset.id, wanted, "jsonl", leave_out=leave_out, tool=tool))
    if path is None:
        raise InvalidInput(f"{tool_rows.title(tool)} wants no file beside the rows. Download the rows alone.")
    return path


def file_name(
    dataset_id: int,
    type: DatasetType,
    format: str,
    *,
    is_strict: bool = False,
    leave_out: bool = False,
    tool: str = TRL,
) -> str:
    """What the file of an export is called."""
    stem = frozen.export_stem(dataset_id, type)
    how = ("-strict" if is_strict else "") if tool == TRL else f"-{tool}"
    return f"{stem}{how}{'-checked' if leave_out else ''}.{format}"


def _warnings(stored: DatasetType, wanted: DatasetType) -> tuple[str, ...]:
    if wanted is DatasetType.language_modeling:
        return ("A question and its answer are one text in the file; a training writes them as a chat.",)
    if wanted is stored:
        return ()
    if wanted is DatasetType.unpaired_preference:
        return (
            "Each side has the label its own verdict gives it, not its place in the pair: "
            "a chosen side may be bad and a rejected one good.",
        )
    if stored is DatasetType.preference:
        return ("Only the chosen sides are in the file. A chosen side is the better one, not always a good one.",)
    return ("Only the rows labelled as good are in the file.",)


def _rows(
    db: Session,
    dataset: tables.Dataset,
    wanted: DatasetType,
    checks: RowChecks,
    left_out: Counter[str],
    passes: ExportGate,
    *,
    leave_out: bool,
) -> Iterator[ExportRow]:
    # Before rows are derived: a sample of a pair that is left out may stand in a later one.
    passed = passes.passed(export_rows.rows(db, dataset.id), left_out)
    rows = export_rows.derive(passed, dataset.type, wanted, left_out)
    return _checked(rows, checks, left_out, leave_out=leave_out)


def _checked(
    rows: Iterator[ExportRow], checks: RowChecks, left_out: Counter[str], *, leave_out: bool
) -> Iterator[ExportRow]:
    for row in rows:
        if checks.look(row) or not leave_out:
            yield row
        else:
            left_out["found by a check"] += 1


def _provenance(db: Session, dataset: tables.Dataset) -> export_files.Provenance:
    round_, checkpoint = tables.Round, tables.Checkpoint
    query = (
        select(round_.id, round_.number, checkpoint.name)
        .join(checkpoint, checkpoint.id == round_.policy_id)
        .where(or_(round_.project_id == dataset.project_id, round_.project_id.in_(hidden_of(dataset.project_id))))
    )
    rounds = {id: (number, name) for id, number, name in db.execute(query).tuples()}
    templates = ",".join(str(h) for h in dataset.provenance.get("template_hashes", ()))
    return export_files.Provenance(f"sha256:{dataset.content_hash}", templates, rounds)


def _forget_old(folder: Path) -> None:
    """Keep the newest exports; any of them can be written again."""
    files = sorted(folder.glob("dataset-*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in files[KEPT:]:
        path.unlink(missing_ok=True)
