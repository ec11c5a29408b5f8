"""A frozen dataset as the file that a training reads, and the last words of a training that failed."""

from pathlib import Path
from typing import Any

from backend.db import reading, tables
from backend.errors import Conflict
from backend.pipeline import rows as dataset_rows


def write(dataset: tables.Dataset, folder: Path) -> None:
    """Write the frozen rows to `dataset.jsonl`; refuse if they are not what was frozen."""
    path, part = folder / "dataset.jsonl", folder / "dataset.jsonl.part"
    with reading() as db:
        with part.open("w", encoding="utf-8") as out:

            def lines() -> Any:
                for row in dataset_rows.iterate(db, dataset.id):
                    text = dataset_rows.line(row)
                    out.write(text)
                    yield text

            digest = dataset_rows.content_hash(lines())
    if digest != dataset.content_hash:
        raise Conflict(
            f"Dataset {dataset.id} no longer has the content it was frozen with: its hash is {digest[:12]}, not "
            f"{dataset.content_hash[:12]}. Somebody changed rows in the database. Launch the round again."
        )
    part.replace(path)


def export_stem(dataset_id: int, type: str) -> str:
    """The name of a dataset's export with all its rows, without its ending."""
    return f"dataset-{dataset_id}-{type}"


def own_words(log: Path, start: int) -> str | None:
    """The error line the trainer wrote in this attempt, if it wrote one."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    reasons = [text.removeprefix("ERROR: ") for text in lines if text.startswith("ERROR: ")]
    return reasons[-1] if reasons else None
