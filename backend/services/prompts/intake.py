"""A file of prompts from the look at it to the sets it became."""

import errno
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, MissingPrerequisite, NotFound
from backend.files import is_private, require_regular
from backend.garbage import collected_seldom
from backend.services import events
from backend.services.access import Actor, require
from backend.services.prompts import file_preview as prompt_preview
from backend.services.prompts import keeping, near_duplicates, staging
from backend.services.prompts.choices import ANY, places_of
from backend.services.prompts.file_preview import FilePreview
from backend.services.prompts.files import PromptFile, open_file
from backend.services.prompts.files.arrow_rows import LARGEST, SPLITS, STATE
from backend.services.prompts.import_report import ImportReport, SetCount, keep_report, report_of
from backend.services.prompts.known_ids import KnownIds
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.staging import Problems, Stager
from backend.services.prompts.writer import Writer
from backend.values import JSON, Role, Split


def preview(
    actor: Actor, project_id: int, path: str | Path, *, mapping: Mapping | None = None, uploaded: bool = False
) -> FilePreview:
    """Read the start of a file and show how it would be imported; writes nothing."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
    return prompt_preview.preview(open_file(_source(actor, path, uploaded=uploaded)), mapping)


def importable(actor: Actor, project_id: int) -> list[str]:
    """Files in the data folder's `imports` folder, by name: what can be imported by path."""
    with reading() as db:
        require(db, actor, project_id, Role.curator)
    folder = (settings().folder / "imports").resolve()
    saved = {path.parent for path in folder.rglob(STATE)}
    # A link may lead anywhere, a pipe may never end: only what would be read is offered.
    inside = [p for p in folder.rglob("*") if p.resolve().is_relative_to(folder) and not is_private(p)]
    files = {p for p in inside if p.is_file() and p.name != SPLITS and not saved & set(p.parents)}
    return sorted(str(p.relative_to(folder)) for p in files | (saved & set(inside)))


def _source(actor: Actor, path: str | Path, *, uploaded: bool) -> Path:
    """The file to read: an upload, a file below `imports`, or on the command line any file."""
    folder = (settings().folder / "imports").resolve()
    source = Path(path) if uploaded or actor.via == "cli" else folder / path
    source = source.expanduser().resolve()
    if not uploaded and actor.via != "cli" and not source.is_relative_to(folder):
        raise InvalidInput(f"{path} is outside the folder {folder}. Put the file there, or upload it.")
    if not source.is_file() and not (source.is_dir() and not uploaded):
        raise NotFound(f"There is no file {source.name} in {source.parent}. Check its name, or upload it.")
    limit = settings().max_upload_mb
    if uploaded and source.stat().st_size > limit * 1024**2:
        raise InvalidInput(f"{source.name} is over {limit} MB. Put it into {folder} and import it by path.")
    # Of a folder that `save_to_disk` made each file is looked at before it is read.
    if not source.is_dir():
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
) -> ImportReport:
    """Import a file as the set `name`; with a share held out, that share goes to the set `<name> held out`.

    All or nothing: a crash or an error leaves no set. Bad rows, repeated prompts and prompts that a set of the other
    split has already are left out and reported. Where the mapping names external ids, sets of these names may be there
    already: their prompts are known by their ids, new ones are added and changed ones written anew. Raises `Conflict`
    where a name is taken otherwise, and where something is new or has changed in a set that a round uses.
    """
    names = _names(name, split, held_out_share)
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        if mapping is not None and mapping.external_id is None:
            _sets_there(db, project_id, names, mapping)
    source = open_file(_source(actor, path, uploaded=uploaded))
    with staging_folder() as folder, staging.problem_file(folder / "problems.csv") as problems, collected_seldom():
        stager = _staged(source, mapping, problems, folder / "rows")
        if on_bad == "refuse" and problems.counts["bad row"]:
            raise InvalidInput(
                _first_bad(source, problems) + " Nothing was imported. Mend them, or keep the good rows."
            )
        with session() as db:
            require(db, actor, project_id, Role.curator)
            there = _sets_there(db, project_id, names, stager.mapping, held=True)
            before = Counter({row.id: row.num_prompts for row in there.values()})
            sets = {
                split: there.get(split) or _new_set(actor, project_id, name, split, source.path.name)
                for split, name in names.items()
            }
            db.add_all(sets.values())
            db.flush()
            writer = Writer(db, project_id, sets, held_out_share, seed, problems, source.unit)
            fixed = next((why for row in there.values() if (why := keeping.why_fixed(db, row))), "")
            known = KnownIds(writer, there, fixed, stager.mapping.has_completions)
            with writer.arrival.gathering(tables.Prompt):
                if there:
                    known.mark(staging.staged(folder / "rows"))
                for chunk in staging.staged(folder / "rows"):
                    writer.write(known.new(chunk) if there else chunk)
                writer.finish()
                sets_made = [row for row in sets.values() if row.num_prompts]
                if not sets_made:
                    raise InvalidInput(
                        f"{source.path.name} has no row that can be imported. " + _first_bad(source, problems)
                    )
            compared = near_duplicates.note(db, project_id, writer)
            for row in sets.values():
                if not row.num_prompts:
                    db.delete(row)
            problems.out.flush()
            notes = _notes(source, stager, sets, held_out_share, compared)
            counted = tuple(SetCount(s.id, s.name, s.split, s.num_prompts - before[s.id]) for s in sets_made)
            report = report_of(counted, stager, writer, known, problems, notes)
            for row in sets_made:
                what: JSON = {"prompt_set_id": row.id, "num_prompts": row.num_prompts, "file": source.path.name}
                events.note(db, actor, "import prompts", row.name, project_id=project_id, **what)
            writer.refuse_meanwhile()
            for row in sets_made:
                keep_report(report, row.id, folder)
    return report


def _staged(source: PromptFile, mapping: Mapping | None, problems: Problems, target: Path) -> Stager:
    """Read the file into a staging file; once more where a late column changes what the file seems to be."""
    looked = prompt_preview.look_at(source)
    rows, columns = list(looked.rows), set(looked.columns)
    chosen = prompt_preview.mapping_for(source, looked, mapping)
    is_settled = mapping is not None
    while True:
        known = None if source.is_table else set(columns)
        # What a number means is known when all are seen: the file is read once more.
        places = places_of(source.rows(), chosen) if chosen.choices and chosen.answer else ANY
        stager = Stager(chosen, problems, known, is_settled, source.unit, places)
        try:
            staging.read_and_stage(source, stager, target)
        except staging.LateColumn as late:
            problems.clear()
            rows.append((late.number, late.row))
            columns |= late.row.keys()
            chosen = prompt_preview.suggest(source, rows, [*dict.fromkeys([*looked.columns, *columns])])[1]
            continue
        return stager


def _notes(
    source: PromptFile, stager: Stager, sets: dict[Split, tables.PromptSet], share: float, compared: str
) -> list[str]:
    """What the import did that is no problem of a single row."""
    notes = [*source.notes.sentences(), *stager.places.sentences()]
    kept = "metadata" if stager.mapping.metadata is None else "dropped, since the mapping does not name it"
    notes += [f"Column {name!r} is first on {source.unit} {number:,}: {kept}" for name, number in stager.late.items()]
    if stager.ignored:
        left = ", ".join(f"{name} ({count:,})" for name, count in stager.ignored.most_common(10))
        notes.append(f"Messages held more than role and text, which is not imported: {left}")
    if stager.num_merged:
        notes.append(
            f"{stager.num_merged:,} rows ask what a row before asks; their completions were added to that prompt"
        )
    if share and len(sets) > 1:
        notes += [
            f"No prompt fell into the {split.value.replace('_', '-')} share, so there is no such set. "
            "Take another seed or share, or a file with more prompts"
            for split, row in sets.items()
            if not row.num_prompts
        ]
    return [*notes, *([compared] if compared else [])]


def _names(name: str, split: Split, share: float) -> dict[Split, str]:
    name = boundary.name(name, "A prompt set's name", 100)
    if not 0 <= share < 1:
        raise InvalidInput(f"The held-out share is {share}; it must be at least 0 and below 1.")
    if split is Split.held_out or not share:
        return {split: name}
    return {Split.train: name, Split.held_out: f"{name} held out"}


def _sets_there(
    db: Session, project_id: int, names: dict[Split, str], mapping: Mapping, *, held: bool = False
) -> dict[Split, tables.PromptSet]:
    """The sets of these names, into which prompts come again by their external ids; held, until the end.

    Raises `Conflict` where the mapping names no ids, or a set has none or is for something else.
    """
    row, prompt, there = tables.PromptSet, tables.Prompt, dict[Split, tables.PromptSet]()
    query = select(row).where(row.project_id == project_id, row.name.in_(names.values())).order_by(row.id)
    for prompt_set in db.scalars(query.with_for_update() if held else query):
        taken = f"There is already a prompt set {prompt_set.name!r} in this project"
        if mapping.external_id is None:
            raise Conflict(f"{taken}. Choose another name, or delete that set.")
        has_ids = select(prompt.id).where(prompt.prompt_set_id == prompt_set.id, prompt.external_id.is_not(None))
        if names.get(prompt_set.split) != prompt_set.name:
            raise Conflict(f"{taken}, whose use is {prompt_set.split.value}. Choose that use, or another name.")
        if db.scalar(has_ids.limit(1)) is None:
            raise Conflict(f"{taken}, whose prompts have no external ids. Choose another name, or delete that set.")
        there[prompt_set.split] = prompt_set
    return there


def _new_set(actor: Actor, project_id: int, name: str, split: Split, origin: str) -> tables.PromptSet:
    return tables.PromptSet(
        project_id=project_id, name=name, split=split, origin=origin, num_prompts=0, created_by=actor.user_id
    )


@contextmanager
def staging_folder() -> Iterator[Path]:
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


def _first_bad(source: PromptFile, problems: Problems) -> str:
    shown = [f"{source.unit} {p.line}: {p.reason}" for kind in problems.first.values() for p in kind[:3]]
    counted = ", ".join(f"{n} {kind}s" for kind, n in problems.counts.items()) or "no rows"
    return f"{source.path.name}: {counted}. " + " ".join(f"{text[:1].upper()}{text[1:]}." for text in shown[:5])
