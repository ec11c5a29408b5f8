"""A file of prompts from the look at it to the sets it became."""

import errno
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, MissingPrerequisite, NotFound
from backend.files import is_private, require_regular
from backend.services import events, prompt_import
from backend.services.access import Actor, require
from backend.services.prompt_files import read
from backend.services.prompt_import import Problem, Problems
from backend.services.prompt_rows import BadRow, Mapping, check_mapping, guess, parse
from backend.values import JSON, Role, Split

PREVIEW_ROWS = 1000
LARGEST = 16 * 1024**3
"""Bytes of a file that is read at all: one with a hole in it may say any size, and would be read to its end."""


@dataclass(frozen=True)
class Preview:
    """The start of a file: its columns, some rows as they are and as they would be imported."""

    columns: tuple[str, ...]
    rows: tuple[JSON, ...]
    mapping: Mapping
    num_rows: int
    is_whole: bool
    prompts: tuple[tuple[int, str, str], ...]
    """Line, prompt text or the reason it is left out, answer: of the first rows under the mapping."""
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class SetCount:
    id: int
    name: str
    split: Split
    num_prompts: int


@dataclass(frozen=True)
class Report:
    """What an import did. `problems` shows the first of each kind; the list file of the set has every one."""

    sets: tuple[SetCount, ...]
    num_rows: int
    num_bad: int
    num_duplicates: int
    num_overlaps: int
    problems: tuple[Problem, ...]

    @property
    def num_imported(self) -> int:
        return sum(s.num_prompts for s in self.sets)


def preview(
    actor: Actor, project_id: int, path: str | Path, *, mapping: Mapping | None = None, uploaded: bool = False
) -> Preview:
    """Read the start of a file and show how it would be imported; writes nothing."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
    source = _source(actor, path, uploaded=uploaded)
    rows = list(islice(read(source), PREVIEW_ROWS + 1))
    is_whole, rows = len(rows) <= PREVIEW_ROWS, rows[:PREVIEW_ROWS]
    columns = _columns(rows)
    mapping = mapping or _suggested(rows, columns)
    warnings = []
    if mapping.messages is None and mapping.prompt is None:
        warnings.append("No column is named messages, prompt or text. Choose the one that holds the prompt.")
        prompts = [_as_imported(line, row, mapping) for line, row in rows if isinstance(row, str)]
    else:
        check_mapping(mapping, columns)
        prompts = [_as_imported(line, row, mapping) for line, row in rows]
    if bad := sum(not good for *_, good in prompts):
        rest = "the good ones can" if bad < len(rows) else "look at the columns chosen below"
        warnings.append(f"{bad} of the first {len(rows)} rows cannot be imported; {rest}.")
    samples = tuple(row for _, row in rows if isinstance(row, dict))[:20]
    shown = tuple((line, text, answer) for line, text, answer, _ in prompts[:20])
    return Preview(columns, samples, mapping, len(rows), is_whole, shown, tuple(warnings))


def _columns(rows: Sequence[tuple[int, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(name) for _, row in rows if isinstance(row, dict) for name in row))


def _as_imported(line: int, row: Any, mapping: Mapping) -> tuple[int, str, str, bool]:
    if isinstance(row, str):
        return line, f"left out: {row}", "", False
    try:
        prompt = parse(row, mapping)
    except BadRow as error:
        return line, f"left out: {error}", "", False
    return line, prompt.text[:500], (prompt.answer or "")[:200], True


def importable(actor: Actor, project_id: int) -> list[str]:
    """Files in the data folder's `imports` folder, by name: what can be imported by path."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
    folder = (settings().folder / "imports").resolve()
    # A link may lead anywhere, a pipe may never end: only what would be read is offered.
    found = (p for p in folder.rglob("*") if p.is_file() and p.resolve().is_relative_to(folder) and not is_private(p))
    return sorted(str(p.relative_to(folder)) for p in found)


def _source(actor: Actor, path: str | Path, *, uploaded: bool) -> Path:
    """The file to read: an upload, a file below `imports`, or on the command line any file."""
    folder = (settings().folder / "imports").resolve()
    source = Path(path) if uploaded or actor.via == "cli" else folder / path
    source = source.expanduser().resolve()
    if not uploaded and actor.via != "cli" and not source.is_relative_to(folder):
        raise InvalidInput(f"{path} is outside the folder {folder}. Put the file there, or upload it.")
    if not source.is_file():
        raise NotFound(f"There is no file {source.name} in {source.parent}. Check its name, or upload it.")
    limit = settings().max_upload_mb
    if uploaded and source.stat().st_size > limit * 1024**2:
        raise InvalidInput(f"{source.name} is over {limit} MB. Put it into {folder} and import it by path.")
    require_regular(source, LARGEST)
    return source


def import_file(
    actor: Actor,
    project_id: int,
    name: str,
    path: str | Path,
    *,
    mapping: Mapping | None = None,
    split: Split = Split.train,
    held_out_share: float = 0.0,
    seed: int = 0,
    on_bad: Literal["keep good", "refuse"] = "keep good",
    uploaded: bool = False,
) -> Report:
    """Import a file as the set `name`; with a share held out, that share goes to the set `<name> held out`.

    All or nothing: a crash or an error leaves no set. Bad rows, repeated prompts and prompts that a set of the other
    split has already are left out and reported.
    """
    names = _names(name, split, held_out_share)
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        _refuse_taken(db, project_id, names)
    source = _source(actor, path, uploaded=uploaded)
    mapping = _checked_mapping(source, mapping)
    with _staging() as folder, prompt_import.problem_file(folder / "problems.csv") as problems:
        num_rows = prompt_import.read_and_stage(source, mapping, problems, folder / "rows")
        if on_bad == "refuse" and problems.counts["bad row"]:
            raise InvalidInput(
                _first_bad(source, problems) + " Nothing was imported. Mend them, or keep the good rows."
            )
        with session() as db:
            require(db, actor, project_id, Role.curator)
            _refuse_taken(db, project_id, names)
            sets = {s: _new_set(actor, project_id, n, s, source.name) for s, n in names.items()}
            db.add_all(sets.values())
            db.flush()
            writer = prompt_import.Writer(db, project_id, sets, held_out_share, seed, problems)
            for chunk in prompt_import.staged(folder / "rows"):
                writer.write(chunk)
            for row in sets.values():
                if not row.num_prompts:
                    db.delete(row)
            if not any(row.num_prompts for row in sets.values()):
                raise InvalidInput(f"{source.name} has no row that can be imported. " + _first_bad(source, problems))
            problems.out.flush()
            report = _report([r for r in sets.values() if r.num_prompts], num_rows, problems, folder)
            for row in sets.values():
                if row.num_prompts:
                    what: JSON = {"prompt_set_id": row.id, "num_prompts": row.num_prompts, "file": source.name}
                    events.note(db, actor, "import prompts", row.name, project_id=project_id, **what)
    return report


def _checked_mapping(source: Path, mapping: Mapping | None) -> Mapping:
    """The mapping, or the one the column names suggest; raises `InvalidInput` where it does not fit the file."""
    rows = list(islice(read(source), PREVIEW_ROWS))
    columns = _columns(rows)
    if rows and not columns:
        line, why = rows[0]
        raise InvalidInput(f"{source.name} has no row that can be read. Line {line}: {why}. Nothing was imported.")
    mapping = mapping or _suggested(rows, columns)
    check_mapping(mapping, columns)
    return mapping


def _suggested(rows: Sequence[tuple[int, Any]], columns: Sequence[str]) -> Mapping:
    """The mapping that the names suggest. A column `messages` that a stray row has makes no file of prompts bad."""
    mapping = guess(columns)
    texts = guess(name for name in columns if name != mapping.messages)

    def filled(column: str | None) -> int:
        return sum(isinstance(row, dict) and row.get(column) is not None for _, row in rows) if column else 0

    return texts if filled(texts.prompt) > filled(mapping.messages) else mapping


def _names(name: str, split: Split, share: float) -> dict[Split, str]:
    name = boundary.name(name, "A prompt set's name", 100)
    if not 0 <= share < 1:
        raise InvalidInput(f"The held-out share is {share}; it must be at least 0 and below 1.")
    if split is Split.held_out or not share:
        return {split: name}
    return {Split.train: name, Split.held_out: f"{name} held out"}


def _refuse_taken(db: Session, project_id: int, names: dict[Split, str]) -> None:
    query = select(tables.PromptSet.name).where(
        tables.PromptSet.project_id == project_id, tables.PromptSet.name.in_(names.values())
    )
    if taken := db.scalar(query):
        raise Conflict(
            f"There is already a prompt set {taken!r} in this project. Choose another name, or delete that set."
        )


def _new_set(actor: Actor, project_id: int, name: str, split: Split, origin: str) -> tables.PromptSet:
    return tables.PromptSet(
        project_id=project_id, name=name, split=split, origin=origin, num_prompts=0, created_by=actor.user_id
    )


@contextmanager
def _staging() -> Iterator[Path]:
    """A folder for the files of one import, gone afterwards; a full disk is said as such."""
    base = settings().folder / "tmp"
    try:
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=base, prefix="import-") as folder:
            yield Path(folder)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise MissingPrerequisite(
            f"The disk of {base} is full; nothing was imported. Free space and try again."
        ) from error


def _first_bad(source: Path, problems: Problems) -> str:
    shown = [f"line {p.line}: {p.reason}" for kind in problems.first.values() for p in kind[:3]]
    counted = ", ".join(f"{n} {kind}s" for kind, n in problems.counts.items()) or "no rows"
    return f"{source.name}: {counted}. " + " ".join(f"{text[:1].upper()}{text[1:]}." for text in shown[:5])


def report_path(set_id: int, suffix: str) -> Path:
    """Where a set's report (`json`) and the list of what was left out (`csv`) lie, for as long as the set is there."""
    return settings().folder / "reports" / f"prompts-{set_id}.{suffix}"


def _report(sets: list[tables.PromptSet], num_rows: int, problems: Problems, folder: Path) -> Report:
    """Make the report and keep it beside the data."""
    report = Report(
        sets=tuple(SetCount(s.id, s.name, s.split, s.num_prompts) for s in sets),
        num_rows=num_rows,
        num_bad=problems.counts["bad row"],
        num_duplicates=problems.counts["duplicate"],
        num_overlaps=problems.counts["overlap"],
        problems=tuple(p for first in problems.first.values() for p in first),
    )
    for row in sets:
        report_path(row.id, "csv").parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / "problems.csv", report_path(row.id, "csv"))
        report_path(row.id, "json").write_text(json.dumps(asdict(report), ensure_ascii=True), encoding="utf-8")
    return report


def load_report(set_id: int) -> Report | None:
    """The report of the import that made the set, or None."""
    path = report_path(set_id, "json")
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    data["sets"] = tuple(SetCount(s["id"], s["name"], Split(s["split"]), s["num_prompts"]) for s in data["sets"])
    data["problems"] = tuple(Problem(**p) for p in data["problems"])
    return Report(**data)
