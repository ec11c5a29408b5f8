"""Rows per second and peak memory of importing samples with scores: `python -m tests.bench.bulk_import`.

Prints one JSON object: the file imported, and the same file again, which adds nothing; on SQLite beside it how many
rows the same process inserts a second without Rondo, already checked (`bare_rows`). By processor time, since other
work on the machine counts by the clock. A process of its own on a fresh database, SQLite unless RONDO_DATABASE_URL
names another one; memory is the private memory (RssAnon) of it and of what it starts.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import bare_rows

PER_PROMPT = 4
TABLES = ("prompts", "groups", "samples", "labels", "judgments", "external_ids", "decisions", "leases")


def write_source(path: Path, rows: int, words: int) -> None:
    """Four samples a prompt, each with a judge's score; a hundredth is decided by a person."""
    from tests.bench.samples_project import some_words, vocabulary

    chance, known = random.Random(1), vocabulary()
    with path.open("w") as out:
        for n in range(rows):
            if n % PER_PROMPT == 0:
                prompt = some_words(chance, known, 15)
            row: dict[str, Any] = {
                "external_id": f"old-{n}",
                "prompt": prompt,
                "completion": some_words(chance, known, words),
                "score": round(chance.random(), 3),
                "judge": "old judge",
            }
            if n % 100 == 0:
                row["label"] = "accept" if n % 200 else "reject"
            out.write(json.dumps(row) + "\n")


def bench(rows: int, words: int) -> dict[str, Any]:
    from backend.config import settings
    from backend.services.imports import importing
    from backend.services.imports.importing import ImportRequest
    from tests.bench.import_export import measured, start
    from tests.rows import make_checkpoint

    project, curator = start()
    make_checkpoint(project)
    source = settings().folder / "source.jsonl"
    # The file is written by another process, so that its making does not count as our memory.
    maker = [sys.executable, "-m", "tests.bench.bulk_import", "--make", str(source)]
    subprocess.run([*maker, "--rows", str(rows), "--words", str(words)], check=True)

    def first() -> int:
        imported_round = importing.import_samples(curator, project.id, source, ImportRequest("bench"))
        assert (imported_round.num_samples, imported_round.num_present) == (rows, 0)
        return rows

    def again() -> int:
        imported_round = importing.import_samples(curator, project.id, source, ImportRequest("bench"))
        assert (imported_round.num_samples, imported_round.num_present) == (0, rows)
        return rows

    values = {"bytes_per_row": source.stat().st_size // rows, "import": measured(first), "again": measured(again)}
    if settings().url.startswith("sqlite"):
        seconds = bare_rows.inserts(settings().folder / "rondo.db", TABLES, ["prompts", "samples"])
        values["bare_per_cpu_second"] = round(rows / seconds)
    return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--words", type=int, default=20, help="of a completion")
    parser.add_argument("--make", type=Path, help="write a file to import, and nothing else")
    parser.add_argument("--here", action="store_true", help="in this process, on the data folder that is set")
    given = parser.parse_args()
    if given.make:
        write_source(given.make, given.rows, given.words)
        return
    if given.here:
        print(json.dumps(bench(given.rows, given.words)))
        return
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        url = os.environ.get("RONDO_DATABASE_URL", "")
        environment = os.environ | {"RONDO_DATA_DIR": folder, "RONDO_DATABASE_URL": url, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "tests.bench.bulk_import", "--here", "--words", str(given.words)]
        done = subprocess.run(
            [*command, "--rows", str(given.rows)], env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
    print(json.dumps(json.loads(done.stdout.splitlines()[-1]), indent=1))


if __name__ == "__main__":
    main()
