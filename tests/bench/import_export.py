"""Rows per second and peak memory of importing prompts and exporting a dataset: `python -m tests.bench.import_export`.

Prints one JSON object. Each measurement runs in a process of its own on a fresh SQLite database; memory is the
private memory (RssAnon) of it and of what it starts, so neither the page cache nor SQLite's mapped file counts. `bare_per_cpu_second`:
rows in the same process without Rondo, as `bare_rows` says: of an import the same rows inserted, already checked.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.bench import bare_rows

TEXT = "What is the sum of {0} and {1}? Explain in a sentence why it is so, and then give the number."
FORMATS = ("jsonl", "csv", "parquet", "json")


class Memory(threading.Thread):
    """Watches this process's private memory."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0

    def run(self) -> None:
        while True:
            self.peak = max(self.peak, private_mb())
            time.sleep(0.02)


def private_mb() -> float:
    """Of this process and of those that it started."""
    own = os.getpid()
    started = [pid for task in Path(f"/proc/{own}/task").iterdir() for pid in (task / "children").read_text().split()]
    return sum(_private_mb(pid) for pid in (str(own), *started))


def _private_mb(pid: str) -> float:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon")), 0.0)
    return 0.0


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measured(work: Callable[[], int]) -> dict[str, float]:
    """Run the work, which returns how many rows it moved.

    `rows_per_own_cpu_second`: by the processor time of this process alone, which is what the clock comes near to where
    a processor is free for each process.
    """
    memory = Memory()
    memory.start()
    wall, own, cpu = time.perf_counter(), time.process_time(), processor_seconds()
    rows = work()
    seconds, own_seconds = time.perf_counter() - wall, time.process_time() - own
    cpu_seconds = processor_seconds() - cpu
    return {
        "rows": rows,
        "rows_per_second": round(rows / seconds),
        "rows_per_cpu_second": round(rows / cpu_seconds),
        "rows_per_own_cpu_second": round(rows / own_seconds),
        "peak_mb": round(memory.peak),
    }


def write_source(path: Path, format: str, rows: int) -> None:
    """A file of prompts with an answer and one column of metadata."""
    records = ({"prompt": TEXT.format(i, i * 7), "answer": str(i * 8), "source": "made"} for i in range(rows))
    if format == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(list(records)), path, row_group_size=100_000)
        return
    with path.open("w") as out:
        if format == "csv":
            out.write("prompt,answer,source\n")
            out.writelines(f'"{r["prompt"]}",{r["answer"]},{r["source"]}\n' for r in records)
        elif format == "json":
            out.write("[\n")
            out.writelines(("," if i else "") + json.dumps(r) + "\n" for i, r in enumerate(records))
            out.write("]\n")
        else:
            out.writelines(json.dumps(r) + "\n" for r in records)


def start() -> tuple[Any, Any]:
    """A fresh database with a project and a curator on the command line."""
    import migrations
    from backend.config import settings
    from tests.rows import make_actor, make_project

    settings().folder.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(settings().url)
    project = make_project()
    return project, make_actor(project, via="cli")


def bench_import(format: str, rows: int) -> dict[str, float]:
    from backend.config import settings
    from backend.services import prompts

    project, curator = start()
    source = settings().folder / f"source.{format}"
    # The file is written by another process, so that its making does not count as our memory.
    maker = [sys.executable, "-m", "tests.bench.import_export", "--make", str(source), "--rows", str(rows)]
    subprocess.run([*maker, "--format", format], check=True)
    values = measured(
        lambda: prompts.import_file(curator, project.id, "set", source, held_out_share=0.1, seed=1).num_imported
    )
    seconds = bare_rows.inserts(settings().folder / "rondo.db", ["prompts"], ["prompts"])
    return values | {"bare_per_cpu_second": round(values["rows"] / seconds)}


def bench_export(format: Any, rows: int) -> dict[str, float]:
    from backend.config import settings
    from backend.services.datasets import exports

    dataset_id, curator = make_dataset(rows)
    values = measured(lambda: exports.export(curator, dataset_id, format=format).num_rows)
    seconds = bare_rows.lines(settings().folder / "rondo.db", bare_rows.PAIRS)
    return values | {"bare_per_cpu_second": round(values["rows"] / seconds)}


def make_dataset(rows: int) -> tuple[int, Any]:
    """A preference dataset of so many pairs, each of its own prompt."""
    from sqlalchemy import insert

    from backend.db import now, session, tables
    from backend.values import DatasetType, LabelSource, Split, Verdict
    from tests.rows import content_hash, make_prompt_set, make_round

    project, curator = start()
    prompt_set = make_prompt_set(project, prompts=0)
    round_ = make_round(project)
    dataset = tables.Dataset(
        project_id=project.id,
        round_id=round_.id,
        type=DatasetType.preference,
        content_hash="0" * 64,
        num_examples=rows,
        funnel=[],
        provenance={},
    )
    with session() as db:
        db.add(dataset)
    for first in range(0, rows, 10_000):
        ids = range(first + 1, min(first + 10_000, rows) + 1)
        messages = {i: [{"role": "user", "content": TEXT.format(i, i * 7)}] for i in ids}
        # A text per prompt and side; samples 2i-1 and 2i belong to prompt i.
        sides = [(i, side, 2 * i - 1 + side) for i in ids for side in (0, 1)]
        with session() as db:
            db.execute(
                insert(tables.Prompt),
                [
                    {
                        "id": i,
                        "prompt_set_id": prompt_set.id,
                        "position": i,
                        "messages": messages[i],
                        "text": messages[i][0]["content"],
                        "extra": {},
                        "content_hash": content_hash(messages[i]),
                    }
                    for i in ids
                ],
            )
            db.execute(
                insert(tables.Group),
                [{"id": i, "round_id": round_.id, "prompt_id": i, "split": Split.train, "position": i} for i in ids],
            )
            db.execute(
                insert(tables.Sample),
                [
                    {
                        "id": n,
                        "project_id": project.id,
                        "round_id": round_.id,
                        "group_id": i,
                        "prompt_id": i,
                        "checkpoint_id": round_.policy_id,
                        "position": side,
                        "num_tokens": 30,
                        "seed": n,
                        "finish_reason": "stop",
                        "text": f"It is {i * 8 + side}, because the two numbers add up to it.",
                    }
                    for i, side, n in sides
                ],
            )
            db.execute(
                insert(tables.Label),
                [
                    {
                        "sample_id": n,
                        "round_id": round_.id,
                        "score": 1.0 - side,
                        "source": LabelSource.judge,
                        "verdict": Verdict.reject if side else Verdict.accept,
                        "updated_at": now(),
                    }
                    for _, side, n in sides
                ],
            )
            db.execute(
                insert(tables.Example),
                [
                    {
                        "dataset_id": dataset.id,
                        "position": i,
                        "prompt_id": i,
                        "sample_id": 2 * i - 1,
                        "rejected_id": 2 * i,
                    }
                    for i in ids
                ],
            )
    return dataset.id, curator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--what", choices=("import", "export"), help="only this one, in this process")
    parser.add_argument("--format", choices=FORMATS, default="jsonl")
    parser.add_argument("--make", type=Path, help="write a file to import, and nothing else")
    given = parser.parse_args()
    if given.make:
        write_source(given.make, given.format, given.rows)
        return
    if given.what:
        print(json.dumps((bench_import if given.what == "import" else bench_export)(given.format, given.rows)))
        return
    results = {f"import {f}": alone("import", f, given.rows) for f in FORMATS}
    results |= {f"export {f}": alone("export", f, given.rows) for f in ("jsonl", "parquet")}
    print(json.dumps(results, indent=1))


def alone(what: str, format: str, rows: int) -> Any:
    """One measurement in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder:
        environment = os.environ | {"RONDO_DATA_DIR": folder, "RONDO_DATABASE_URL": "", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "tests.bench.import_export", "--what", what, "--format", format]
        done = subprocess.run(
            [*command, "--rows", str(rows)], env=environment, check=True, capture_output=True, text=True
        )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
