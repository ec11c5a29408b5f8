"""The rows of a staged file, a file of rows for each of its chunks: made for many samples by another process, while
this one inserts those before. SQLite's only.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from backend.db import numbered, reading
from backend.garbage import collected_seldom
from backend.helper_process import HelperProcess, is_of_use
from backend.services.imports.row_values import COLUMNS
from backend.services.imports.writing import SampleWriter

MANY = 50_000
"""Samples from which on it pays to start another process, which takes one to two seconds."""
COUNTED = (
    "num_prompts",
    "num_present",
    "num_repeated",
    "num_samples",
    "num_judgments",
    "num_decisions",
    "num_unparsed",
    "num_tokens",
    "num_decided",
)
"""What a writer counts while it prepares."""


def files(writer: SampleWriter, helper: HelperProcess) -> Iterator[Path]:
    """Yield a file of rows for each chunk that `writer` has to write, beside the staged ones; who reads it deletes it.

    Once all are there, `writer` has counted them. Raises as `SampleWriter.prepare` does.
    """
    make: Generator[Path, None, dict[str, Any]] = (
        helper.ahead(prepare, writer) if writer.staged.num_samples >= MANY and is_of_use() else prepare(writer)
    )
    counts = yield from make
    for name, count in counts.items():
        setattr(writer, name, count)


def prepare(writer: SampleWriter) -> Generator[Path, None, dict[str, Any]]:
    """Make the files one by one; return what `writer` counted."""
    staged = writer.staged
    with reading() as db:
        numbering = numbered.Numbering(db)
    with collected_seldom():
        for number, chunk in enumerate(staged.chunks()):
            with reading() as db:
                numbering.db = db
                rows = writer.prepare(numbering, chunk)
                # The pages that it read are the system's, too, which holds them once for all processes.
                db.connection().exec_driver_sql("PRAGMA shrink_memory")
            path = staged.folder / f"rows-{number}"
            numbered.write_file(path, rows, COLUMNS)
            del chunk, rows  # before the next are there
            yield path
    return {name: getattr(writer, name) for name in COUNTED}
