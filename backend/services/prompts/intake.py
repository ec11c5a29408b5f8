"""A file of prompts from the look at it to the sets it became."""

import errno
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from backend import boundary
from backend.config import settings
from backend.db import reading, tables
from backend.errors import InvalidInput, MissingPrerequisite, NotFound
from backend.files import is_private, require_regular
from backend.garbage import collected_seldom
from backend.services.access import Actor, require
from backend.services.prompts import file_preview as prompt_preview
from backend.services.prompts import staging
from backend.services.prompts.choices import ANY, places_of
from backend.services.prompts.file_preview import FilePreview
from backend.services.prompts.files import PromptFile, open_file
from backend.services.prompts.files.arrow_rows import LARGEST, SPLITS, STATE
from backend.services.prompts.import_report import ImportReport
from backend.services.prompts.mapping import Mapping
from backend.services.prompts.row_problems import Problems, problem_file
from backend.services.prompts.set_import import HELD_OUT, SetImport, sets_beside, sets_there
from backend.services.prompts.set_update import SetUpdate
from backend.services.prompts.staging import Stager
from backend.values import Role, Split


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
    where a name is taken otherwise, where a prompt is in the set with the other share, and where something is new or
    has changed in a set that a round uses.
    """
    names = _names(name, split, held_out_share)
    with reading() as db:
        require(db, actor, project_id, Role.curator)
        if mapping is not None and mapping.external_id is None:
            sets_there(db, project_id, names, mapping)
    source = open_file(_source(actor, path, uploaded=uploaded))
    with staging_folder() as folder, problem_file(folder / "problems.csv") as problems, collected_seldom():

        def write(stager: Stager) -> ImportReport:
            shares = held_out_share, seed
            is_strict = on_bad == "refuse"
            with reading() as db:
                there: list[tables.PromptSet] = [*sets_there(db, project_id, names, stager.mapping).values()]
                there += sets_beside(db, project_id, names, stager.mapping)
            kind = SetUpdate if there else SetImport
            return kind(actor, project_id, names, *shares, source, stager, problems, folder, is_strict).write()

        return _imported(source, mapping, problems, write)


def _imported(
    source: PromptFile, mapping: Mapping | None, problems: Problems, write: Callable[[Stager], ImportReport]
) -> ImportReport:
    """What `write` returns; it is called once more where a later row changes what the file seems to be."""
    looked = prompt_preview.look_at(source)
    rows, columns = list(looked.rows), set(looked.columns)
    chosen = prompt_preview.mapping_for(source, looked, mapping)
    is_settled = mapping is not None
    without_ids = ""
    while True:
        known = None if source.is_table else set(columns)
        # What a number means is known when all are seen: the file is read once more.
        places = places_of(source.rows(), chosen) if chosen.choices and chosen.answer else ANY
        try:
            return write(Stager(chosen, problems, known, is_settled, source.unit, places, without_ids))
        except staging.UnfitIds as unfit:
            problems.clear()
            without_ids = unfit.why
            chosen = replace(chosen, external_id=None)
        except staging.LateColumn as late:
            problems.clear()
            rows.append((late.number, late.row))
            columns |= late.row.keys()
            chosen = prompt_preview.suggest(source, rows, [*dict.fromkeys([*looked.columns, *columns])])[1]
            chosen = replace(chosen, external_id=None) if without_ids else chosen


def _names(name: str, split: Split, share: float) -> dict[Split, str]:
    name = boundary.name(name, "A prompt set's name", 100)
    if not 0 <= share < 1:
        raise InvalidInput(f"The held-out share is {share}; it must be at least 0 and below 1.")
    if split is Split.held_out or not share:
        return {split: name}
    return {Split.train: name, Split.held_out: f"{name}{HELD_OUT}"}


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
