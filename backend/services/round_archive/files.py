"""A round's archive: a folder of Parquet files and a manifest, whole or not there at all."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import Column
from sqlalchemy.orm import Session

from backend import in_use, shared_files
from backend.db import now, snapshot, tables
from backend.db.session import flush
from backend.errors import InvalidInput, MissingPrerequisite
from backend.services import archived, installation
from backend.services.round_archive import columns
from backend.services.round_archive.columns import RowFile
from backend.whole_files import PART

MANIFEST = "manifest.json"
FORMAT = 1
ROWS = 500
"""So many rows are in memory at once."""
ROWS_A_GROUP = 5_000
PUT_BACK = "Put back what was there, then retry."
SPARE = 64 << 20
"""Bytes that the disk has to have free at least."""
FORMER_FILES = {"informativeness": "worths"}
"""What the file of a table is called in archives of before the table was renamed."""
FORMER_COLUMNS = {"worths": {"worth": "informativeness"}}
"""The columns of such a file that were renamed, too, and what they are called now."""


class FileEntry(BaseModel):
    """One file of rows."""

    rows: int
    sha256: str
    columns: list[str]


class ArchiveManifest(BaseModel):
    """What an archive holds, and of which database and round it is."""

    format: int
    schema_revision: str
    database_id: str
    round_id: int
    number: int
    project: str
    written_at: str
    files: dict[str, FileEntry]


@dataclass(frozen=True)
class Written:
    """An archive that is whole: how many rows of each kind it holds, its size, and the hash of its manifest."""

    folder: str
    sha256: str
    rows: dict[str, int]
    num_bytes: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def write(round_id: int, revision: str) -> Iterator[None]:
    """Write the archive, file by file, read it back and give it its name; yields after each file.

    One that was there before is replaced. Raises `MissingPrerequisite` where the disk has no room.
    """
    place = archived.place(round_id)
    part = place.with_name(f"{PART}{place.name}")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        if shutil.disk_usage(part).free < SPARE:
            raise MissingPrerequisite(f"The disk of {part.parent} is nearly full. Free space, then archive the round.")
        entries: dict[str, FileEntry] = {}
        with snapshot() as db:
            row = db.get_one(tables.Round, round_id)
            project = db.get_one(tables.Project, row.project_id).name
            number = row.number
            for row_file in (*columns.removed(round_id), columns.links(round_id), *columns.beside(round_id)):
                entries[row_file.name] = _write_file(db, part, row_file)
                yield
        manifest = ArchiveManifest(
            format=FORMAT,
            schema_revision=revision,
            database_id=installation.database_id(),
            round_id=round_id,
            number=number,
            project=project,
            written_at=now().isoformat(),
            files=entries,
        )
        _write_whole(part / MANIFEST, manifest.model_dump_json(indent=1))
        in_use.sync_folder(part)
        check(part, round_id)
        flush()  # what was restored from the files before these is in the database for good
        shutil.rmtree(place, ignore_errors=True)
        part.rename(place)
        in_use.sync_folder(place.parent)
        in_use.sync_folder(place.parent.parent)
        shared_files.share(place)
        yield
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise MissingPrerequisite(
            f"The archive {place} could not be written: {error.strerror or error}. Nothing of the round is gone. "
            "Correct that, then archive it again."
        ) from error


def check(place: Path, round_id: int, sha256: str | None = None) -> ArchiveManifest:
    """Read all of an archive and return its manifest; raises `InvalidInput` where it is not whole, or not the round's.

    sha256: the hash of its manifest, where the round says it.
    """
    bring(place, sha256)
    if not (place / MANIFEST).is_file():
        raise InvalidInput(f"There is no archive in {place}. Put the folder back there, then retry.")
    text = (place / MANIFEST).read_bytes()
    try:
        manifest = ArchiveManifest.model_validate_json(text)
    except ValidationError as error:
        raise InvalidInput(f"{place / MANIFEST} is no manifest of an archive. {PUT_BACK}") from error
    if manifest.format != FORMAT:
        raise InvalidInput(f"{place} is an archive of format {manifest.format}, which is unknown here. Update Rondo.")
    if manifest.round_id != round_id or manifest.database_id != installation.database_id():
        raise InvalidInput(
            f"{place} is the archive of round {manifest.number} of {manifest.project}, in another database or under "
            "another number. Put the round's own archive there."
        )
    if sha256 is not None and hashlib.sha256(text).hexdigest() != sha256:
        raise InvalidInput(f"{place / MANIFEST} was changed since the round was archived. {PUT_BACK}")
    for name, entry in manifest.files.items():
        file = place / f"{name}.parquet"
        if not file.is_file() or _hash(file) != entry.sha256:
            raise InvalidInput(f"{file} is missing or was changed since the round was archived. {PUT_BACK}")
        if _num_rows(file) != entry.rows:
            raise InvalidInput(f"{file} has another number of rows than its manifest says. {PUT_BACK}")
    return _by_names_of_now(manifest)


def bring(place: Path, sha256: str | None) -> None:
    """Have the archive on this machine whose manifest has this hash, where it is shared, whatever lies there now.

    After a round was archived on this machine, restored on another and archived there, an old one does.
    """
    if sha256 is not None and hash_of(place) not in (None, sha256):
        shared_files.bring_wanted(place, MANIFEST, sha256)
    else:
        shared_files.bring(place)


def hash_of(place: Path) -> str | None:
    """The hash of an archive's manifest; None where there is none."""
    return _hash(place / MANIFEST) if (place / MANIFEST).is_file() else None


def written(round_id: int) -> Written:
    """What the archive that was just written holds."""
    place = archived.place(round_id)
    text = (place / MANIFEST).read_bytes()
    manifest = ArchiveManifest.model_validate_json(text)
    rows = {name: entry.rows for name, entry in manifest.files.items()}
    num_bytes = sum(file.stat().st_size for file in place.iterdir())
    return Written(f"{archived.FOLDER}/{place.name}", hashlib.sha256(text).hexdigest(), rows, num_bytes)


def manifest_of(place: Path) -> ArchiveManifest:
    """The manifest of an archive that was checked."""
    return _by_names_of_now(ArchiveManifest.model_validate_json((place / MANIFEST).read_bytes()))


def _by_names_of_now(manifest: ArchiveManifest) -> ArchiveManifest:
    """The same, with the names that renamed tables and columns have now."""
    files = dict(manifest.files)
    for name, former in FORMER_FILES.items():
        if former in files:
            entry, names = files.pop(former), FORMER_COLUMNS[former]
            files[name] = entry.model_copy(update={"columns": [names.get(column, column) for column in entry.columns]})
    return manifest.model_copy(update={"files": files})


def read(place: Path, name: str, kept: tuple[Column[Any], ...]) -> Iterator[list[dict[str, Any]]]:
    """The rows of a file, some at a time, as they stand in it; columns that a newer schema lacks are not read."""
    import pyarrow.parquet as pq

    path = _path_of(place, name)
    with pq.ParquetFile(path) as file:
        names = _names_in(path, file.schema_arrow.names, kept)
        for batch in file.iter_batches(ROWS, columns=[*names]):
            yield batch.rename_columns([names[column] for column in batch.schema.names]).to_pylist()


def read_backwards(place: Path, name: str, kept: tuple[Column[Any], ...]) -> Iterator[list[dict[str, Any]]]:
    """The same, the last rows first, each lot in its own order: a row before those that it refers to."""
    import pyarrow.parquet as pq

    path = _path_of(place, name)
    with pq.ParquetFile(path) as file:
        names = _names_in(path, file.schema_arrow.names, kept)
        for number in reversed(range(file.num_row_groups)):
            rows = file.read_row_group(number, columns=[*names])
            yield rows.rename_columns([names[column] for column in rows.column_names]).to_pylist()


def _path_of(place: Path, name: str) -> Path:
    """The file of a table's rows, which may have an older name."""
    path = place / f"{name}.parquet"
    return path if path.is_file() or name not in FORMER_FILES else place / f"{FORMER_FILES[name]}.parquet"


def _names_in(path: Path, written: Sequence[str], kept: tuple[Column[Any], ...]) -> dict[str, str]:
    """The columns to read from a file by their names there, with those of now; what is not kept is left out."""
    now_called = FORMER_COLUMNS.get(path.stem, {})
    wanted = {column.name for column in kept}
    return {column: now_called.get(column, column) for column in written if now_called.get(column, column) in wanted}


def forget_part(round_id: int) -> None:
    """Delete what a writing that was broken off has left."""
    place = archived.place(round_id)
    shutil.rmtree(place.with_name(f"{PART}{place.name}"), ignore_errors=True)


def forget(round_id: int) -> None:
    """Delete the archive of a round whose rows are all in the database."""
    forget_part(round_id)
    shutil.rmtree(archived.place(round_id), ignore_errors=True)
    shared_files.forget(archived.place(round_id))


def touch(place: Path) -> None:
    """Let a clean-up take the files for new."""
    for path in (*place.iterdir(), place):
        os.utime(path)


def _write_file(db: Session, folder: Path, row_file: RowFile) -> FileEntry:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = [columns.arrow_type(column) for column in row_file.columns]
    known = [pa.timestamp("us", "UTC") if kind == columns.TIME else pa.type_for_alias(kind) for kind in types]
    schema = pa.schema([(column.name, kind) for column, kind in zip(row_file.columns, known, strict=True)])
    makes = [columns.to_file(column) for column in row_file.columns]
    path, num_rows, waiting = folder / f"{row_file.name}.parquet", 0, []
    result = db.connection().execution_options(yield_per=ROWS).execute(row_file.query)
    with path.open("wb") as out:
        with pq.ParquetWriter(out, schema, compression="zstd") as writer:
            for some in result.partitions():
                values = zip(*some, strict=True)
                arrays = [
                    pa.array([*map(make, value)], type=field.type)
                    for make, value, field in zip(makes, values, schema, strict=True)
                ]
                waiting.append(pa.record_batch(arrays, schema=schema))
                num_rows += len(some)
                if len(waiting) * ROWS >= ROWS_A_GROUP:
                    writer.write_table(pa.Table.from_batches(waiting))
                    waiting = []
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting))
        out.flush()
        os.fsync(out.fileno())
    return FileEntry(rows=num_rows, sha256=_hash(path), columns=schema.names)


def _write_whole(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _num_rows(path: Path) -> int:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return sum(len(batch) for batch in file.iter_batches(ROWS))
