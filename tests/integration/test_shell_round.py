"""The commands of the how-to, one after the other, on an empty installation with a tiny model."""

import json
import re
import shlex
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from backend.jobs import ACTIVE, transitions
from backend.pipeline.run import run_job
from backend.values import RoundStatus
from tests.installation import leave, point_at
from tests.integration.test_web_cli import Rondo, output_of
from tests.integration.test_web_cli import folder as folder  # fixtures
from tests.integration.test_web_cli import rondo as rondo
from tests.tiny import make_tiny_model

PAGE = Path(__file__).parents[2] / "docs/how-to/run-from-a-shell.md"


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the worker does until nothing waits, here: a process of its own takes seconds for each job."""
    point_at("", folder, monkeypatch)
    while True:
        with reading() as db:
            job = db.scalars(select(tables.Job).where(tables.Job.status.in_(ACTIVE))).first()
        if job is None:
            break
        attempt = transitions.start(job.id, job.workflow_id, "here")
        assert attempt is not None
        run_job(job.id, attempt)
    leave()


def test_the_how_to_runs_from_nothing_to_a_checkpoint(
    rondo: Rondo, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = [{"prompt": f"What is {n} + 3?", "answer": str(n + 3)} for n in range(8)]
    (tmp_path / "problems.jsonl").write_text("".join(json.dumps(problem) + "\n" for problem in problems))
    make_tiny_model(tmp_path / "models/tiny", hidden=16, layers=1)
    for program, *arguments in commands():
        assert program == "rondo"
        if arguments == ["worker", "&"]:
            continue
        if arguments[:2] == ["round", "wait"]:
            work(folder, monkeypatch)
        done = rondo(*arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    row = output_of(rondo("round", "status", "--json"))
    assert (row["status"], row["error"]) == (RoundStatus.done, None)
    status = output_of(rondo("round", "review-status", "--json"))
    assert (status["state"], status["decided"]) == ("over", 2)
    [accepted] = [json.loads(line) for line in (tmp_path / "accepted.jsonl").read_text().splitlines()]
    assert (accepted["sample_id"], accepted["label_by"], accepted["checkpoint"]) == (1, "person", "base")
    assert [decision["note"] for decision in accepted["decisions"]] == ["Right, and short."]
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 1
    assert [checkpoint["id"] for checkpoint in output_of(rondo("checkpoint", "list", "--json"))["checkpoints"]] == [
        1,
        row["checkpoint_id"],
    ]
    assert output_of(rondo("token", "list", "--json"))["tokens"] == []
