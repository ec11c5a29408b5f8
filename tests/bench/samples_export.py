"""Rows per second and peak memory of exporting what a filter finds: `python -m tests.bench.samples_export`.

A round of so many samples of some 400 characters, each judged once, every twentieth decided on; SQLite. Prints one JSON
object. Each measurement is a process of its own; `bytes`: of the file. `bare_per_cpu_second`: all rows in the same
process by one SELECT of the same tables and as JSON lines, without Rondo.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench import bare_rows
from tests.bench.import_export import measured

FORMATS = ("jsonl", "parquet", "csv")
FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "by score": {"filters": {"min_score": 0.0}, "sort": "-score"},
    "by two words": {"filters": {"text": "the of"}},
}
"""What is exported in JSONL beside everything in each format."""
DECIDED = 20


def build(number: int) -> None:
    """The project, in the data folder of the environment."""
    from sqlalchemy import insert

    import migrations
    from backend.config import settings
    from backend.db import session, tables
    from tests.bench import samples_project

    settings().folder.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(settings().url)
    actor, round_ = samples_project.build(number)
    for chunk in samples_project.in_chunks(iter(range(1, number + 1))):
        with session() as db:
            db.execute(insert(tables.Judgment), list(judgments(round_, chunk)))
            decided = [decision(round_, actor.user_id, n) for n in chunk if n % DECIDED == 0]
            db.execute(insert(tables.Decision), decided)


def judgments(round_: Any, ids: list[int]) -> Iterator[dict[str, Any]]:
    from backend.values import Verdict

    for n in ids:
        yield {
            "round_id": round_.id,
            "sample_id": n,
            "judge": "additive_rubric",
            "checkpoint_id": round_.policy_id,
            "position": 0,
            "score": float(n % 6),
            "verdict": Verdict.accept if n % 6 >= 4 else Verdict.reject,
            "rationale": "It answers the question and is short.",
            "raw": f"It answers the question and is short.\nScore: {n % 6}",
            "template_hash": "0" * 64,
        }


def decision(round_: Any, user_id: int, n: int) -> dict[str, Any]:
    from backend.values import DecisionKind
    from tests.bench.samples_project import PER_PROMPT

    return {
        "client_id": f"bench-{n}",
        "project_id": round_.project_id,
        "round_id": round_.id,
        "group_id": (n - 1) // PER_PROMPT + 1,
        "sample_id": n,
        "user_id": user_id,
        "kind": DecisionKind.accept if n % 3 else DecisionKind.reject,
        "value": {},
        "note": "as the guidelines say",
        "seconds": 4.0,
    }


def export(format: Any, which: str) -> dict[str, Any]:
    """Write everything, or what a filter finds, as the command line does."""
    from sqlalchemy import select

    from backend.config import settings
    from backend.db import reading, tables
    from backend.services.access import Actor
    from backend.services.samples import Filters, Sort, SortKey, exports

    asked = FILTERS[which]
    sort = asked.get("sort", "id")
    with reading() as db:
        owner = db.scalars(select(tables.User).order_by(tables.User.id).limit(1)).one()
        project_id = db.scalars(select(tables.Project.id)).one()
        is_warm = db.connection().exec_driver_sql("SELECT sum(length(text)) FROM samples").scalar()
    assert is_warm
    wanted = exports.ExportRequest(
        (), Filters(**asked.get("filters", {})), Sort(SortKey(sort.lstrip("-")), descending=sort[0] == "-"), format
    )
    actor, out = Actor(owner.id, owner.name, via="cli"), settings().folder / f"out.{format}"
    values = measured(lambda: exports.export(actor, project_id, wanted, out=out).num_rows)
    values |= {"bytes": out.stat().st_size}
    if (format, which) == ("jsonl", "all"):
        seconds = bare_rows.lines(settings().folder / "rondo.db")
        values["bare_per_cpu_second"] = round(values["rows"] / seconds)
    return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--build", action="store_true", help="only make the project")
    parser.add_argument("--format", choices=FORMATS, help="only this export, in this process")
    parser.add_argument("--which", choices=FILTERS, default="all")
    parser.add_argument("--folder", type=Path, help="keep the project here, and use it where it is there already")
    given = parser.parse_args()
    if given.build:
        build(given.rows)
        return
    if given.format:
        print(json.dumps(export(given.format, given.which)))
        return
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as temporary_directory:
        folder = given.folder or Path(temporary_directory)
        if not (folder / "rondo.db").exists():
            alone(folder, "--build", "--rows", str(given.rows))
        contents = {f"all, {f}": json.loads(alone(folder, "--format", f)) for f in FORMATS}
        for which in list(FILTERS)[1:]:
            contents[f"{which}, jsonl"] = json.loads(alone(folder, "--format", "jsonl", "--which", which))
    print(json.dumps(contents, indent=1))


def alone(folder: Path, *arguments: str) -> str:
    """One step in a process of its own."""
    environment = os.environ | {"RONDO_DATA_DIR": str(folder), "RONDO_DATABASE_URL": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.bench.samples_export", *arguments]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return (done.stdout.splitlines() or [""])[-1]


if __name__ == "__main__":
    main()
