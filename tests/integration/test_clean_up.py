"""Cleaning up: what no row refers to and nobody wrote to for a day, and nothing else."""

import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.commands import app
from backend import jobs
from backend.config import settings
from backend.db import session, tables
from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.pipeline import merge
from backend.services import installation
from backend.services.operations import clean_up
from backend.services.people import accounts
from backend.values import Role, RoundStatus, Stage
from tests import rows

pytestmark = pytest.mark.on_sqlite


def lay(within: str, *, hours: float = 48, size: int = 100) -> str:
    """A file below the data folder that was written so long ago, with the folders it lies in."""
    path, then = settings().folder / within, time.time() - hours * 3600
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    for place in (path, *path.parents[: len(Path(within).parts) - 1]):
        os.utime(place, (then, then))
    return within


def test_only_what_nothing_refers_to_and_nobody_writes_to_is_found_and_deleted(database: str) -> None:
    project, owner = rows.make_project(), accounts.local_owner()
    installation.tie_folder()
    done, failed, busy = (
        rows.make_round(project, number=n, status=status)
        for n, status in enumerate((RoundStatus.done, RoundStatus.failed, RoundStatus.done), 1)
    )
    with session() as db:
        job = jobs.enqueue(db, stage=Stage.evaluate, project_id=project.id, round_id=busy.id)
        merging = jobs.enqueue(db, stage=Stage.train, project_id=project.id, spec={"kind": merge.KIND})
    gone = rows.make_project()
    prompts = rows.make_prompt_set(gone)
    left = {
        "checkpoints/round-999-abc": lay("checkpoints/round-999-abc/final/model.safetensors", size=700),
        f"checkpoints/round-{done.id}-old": lay(f"checkpoints/round-{done.id}-old/checkpoint-1/state.pt"),
        "jobs/999": lay("jobs/999/log.txt"),
        "reports/prompts-999.json": lay("reports/prompts-999.json"),
        "tmp/half": lay("tmp/half/rows.jsonl"),
        "checkpoints/merged-999-abc": lay("checkpoints/merged-999-abc/model.safetensors"),
        f"checkpoints/merged-{job.id}-abc": lay(f"checkpoints/merged-{job.id}-abc/model.safetensors"),
        "checkpoints/.part-merged-999": lay("checkpoints/.part-merged-999/model.safetensors"),
        "exports/.part-push-999": lay("exports/.part-push-999/train.jsonl"),
        "exports/.part-samples-999.jsonl-x": lay("exports/.part-samples-999.jsonl-x"),
        "exports/.part-dataset-1-sft.jsonl-x": lay("exports/.part-dataset-1-sft.jsonl-x"),
        f"exports/samples-{'0' * 32}.csv": lay(f"exports/samples-{'0' * 32}.csv"),
    }
    kept = [
        lay(f"checkpoints/round-{done.id}-used/final/model.safetensors"),
        lay(f"checkpoints/round-{failed.id}-resumed/checkpoint-1/state.pt"),
        lay(f"checkpoints/round-{busy.id}-now/checkpoint-1/state.pt"),
        lay("checkpoints/round-998-inner/final/model.safetensors"),
        lay("checkpoints/round-997-young/final/model.safetensors", hours=2),
        lay("checkpoints/mine/model.safetensors"),
        lay(f"jobs/{job.id}/log.txt"),
        lay(f"reports/prompts-{prompts.id}.json"),
        lay("exports/samples-1.jsonl"),
        lay(f"checkpoints/merged-{merging.id}-abc/model.safetensors"),
        lay("checkpoints/merged-998-used/model.safetensors"),
        lay(f"checkpoints/.part-merged-{merging.id}/model.safetensors"),
        lay(f"exports/.part-push-{merging.id}/train.jsonl"),
    ]
    rows.make_checkpoint(project, location=f"checkpoints/round-{done.id}-used/final")
    rows.make_checkpoint(project, "merged", location="checkpoints/merged-998-used")
    inside = {"name": "transformers", "model": "checkpoints/round-998-inner/final"}
    rows.make_checkpoint(project, location="", engine={"name": "note_memory", "inner": inside})
    outside = settings().folder.parent / "elsewhere"
    outside.mkdir()
    (settings().folder / "checkpoints" / "round-996-link").symlink_to(outside)
    num_bytes = {leftover.path: leftover.num_bytes for leftover in clean_up.find(owner)}
    assert num_bytes == dict.fromkeys(left, 100) | {"checkpoints/round-999-abc": 700}
    assert all((settings().folder / within).exists() for within in left.values())
    assert {leftover.path for leftover in clean_up.find(owner, 1)} - set(left) == {"checkpoints/round-997-young"}
    with session() as db:  # somebody took one of them in the meantime
        db.add(tables.Checkpoint(project_id=project.id, name="took", kind="base", location="jobs/999", engine={}))
    assert {leftover.path for leftover in clean_up.delete(owner)} == set(left) - {"jobs/999"}
    assert not any((settings().folder / path).exists() for path in set(left) - {"jobs/999"})
    assert all((settings().folder / within).exists() for within in kept)
    assert outside.exists()
    found_before = clean_up._look
    with pytest.MonkeyPatch.context() as patched:  # somebody writes to one in the meantime
        lay("tmp/half/rows.jsonl")
        patched.setattr(
            clean_up, "_look", lambda latest: [found_before(latest), lay("tmp/half/rows.jsonl", hours=0)][0]
        )
        assert clean_up.delete(owner) == []
    with pytest.raises(PermissionDenied, match="Only an owner"):
        clean_up.delete(rows.make_actor(project, Role.admin))
    with pytest.raises(InvalidInput, match="Take 1 or more"):
        clean_up.find(owner, 0.5)


def test_nothing_is_deleted_by_a_database_whose_files_these_are_not(database: str) -> None:
    """A database that is younger than the files; one that another one was noted before; and none with an account."""
    within = lay("checkpoints/round-999-abc/final/model.safetensors")
    noted = settings().folder / installation.OF_DATABASE
    noted.unlink(missing_ok=True)
    with pytest.raises(Conflict, match="not those of the database"):
        clean_up.look()
    owner = accounts.local_owner()
    installation.tie_folder()
    assert not noted.exists()
    with pytest.raises(Conflict, match=rf"If these do belong together, write \S+ into {noted}"):
        clean_up.find(owner)
    noted.write_text("2020-01-01T00:00:00.000000+00:00")
    with pytest.raises(Conflict, match="not those of the database"):
        clean_up.delete(owner)
    assert (settings().folder / within).exists()
    with pytest.raises(Conflict) as refused:
        clean_up.find(owner)
    noted.write_text(str(refused.value).partition(", write ")[2].split()[0] + "\n")
    assert [leftover.path for leftover in clean_up.delete(owner)] == ["checkpoints/round-999-abc"]


def test_the_command_asks_before_it_deletes(database: str) -> None:
    accounts.local_owner()
    installation.tie_folder()
    place = settings().folder / lay("tmp/half/rows.jsonl")
    asked = CliRunner().invoke(app, ["clean-up", "--delete"], input="n\n")
    assert (asked.exit_code, place.exists()) == (1, True)
    assert "Delete these from" in asked.output
    done = CliRunner().invoke(app, ["clean-up", "--delete", "--yes"])
    assert (done.exit_code, place.exists()) == (0, False), done.output
