"""A backup that is made while a round runs, put back: the round goes on from there and ends in the same rows."""

import tarfile
from pathlib import Path

import pytest

from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput
from backend.jobs import executors
from backend.services.operations import archives
from backend.services.people import server_key
from backend.values import JobStatus
from tests import rows
from tests.acceptance.workers import WorkerProcess, job, make_job, open_gate, wait_status, written
from tests.waiting import until


def test_a_running_round_s_backup_is_put_back_and_the_round_goes_on(database: str, tmp_path: Path) -> None:
    weights = settings().folder / "models" / "small" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    key = server_key.read()
    made = make_job(prompts=6, hold_at=3)
    with reading() as db:
        project = db.get_one(tables.Project, made.project_id)
    rows.make_checkpoint(project, location="models/small")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    rows.make_checkpoint(project, location=str(elsewhere))
    with WorkerProcess("generate") as worker:
        until(lambda: written(made.id) == [0, 1, 2], "half of the round")
        copy = archives.write(tmp_path / "copy.tar")
        assert copy.left_out == [str(elsewhere)]
        with pytest.raises(Conflict, match="exists already"):
            archives.write(tmp_path / "copy.tar")
        with pytest.raises(Conflict, match="runs on this installation"):
            archives.restore(copy.path)
        open_gate()
        wait_status(made.id, JobStatus.done)
        assert worker.terminate() == 0
    weights.write_bytes(b"other")
    later = rows.make_project("made later")
    assert archives.restore(copy.path).num_files == 3  # the database, the weights, the key
    assert weights.read_bytes() == b"weights"
    assert server_key.read() == key
    assert written(made.id) == [0, 1, 2]
    with session() as db:
        assert db.get(tables.Project, later.id) is None
    with WorkerProcess("generate"):
        wait_status(made.id, JobStatus.done)
    assert written(made.id) == list(range(6))
    assert job(made.id).attempt == 2
    kept = sorted(path.name for path in settings().folder.glob("replaced-*/**/*.safetensors"))
    assert kept == ["model.safetensors"]


@pytest.mark.on_sqlite
def test_a_damaged_backup_changes_nothing(database: str, tmp_path: Path) -> None:
    rows.make_project("stays")
    whole = archives.write(tmp_path / "whole.tar").path.read_bytes()
    broken, changed, foreign = tmp_path / "broken.tar", tmp_path / "changed.tar", tmp_path / "foreign.tar"
    broken.write_bytes(whole[: len(whole) // 2])
    changed.write_bytes(whole.replace(b"stays", b"other"))
    with tarfile.open(foreign, "w") as tar:
        tar.add(tmp_path / "broken.tar", "../escape")
    for path, says in ((broken, "no whole backup"), (changed, "is damaged"), (foreign, "which no backup of Rondo")):
        with pytest.raises(InvalidInput, match=says):
            archives.restore(path)
    lock = executors.claim("other-0")
    try:
        with pytest.raises(Conflict, match="other-0 runs"):
            archives.restore(tmp_path / "whole.tar")
    finally:
        lock.release()
    with reading() as db:
        assert db.get_one(tables.Project, 1).name == "stays"
    assert not list(settings().folder.glob("replaced-*"))
    assert not list(settings().folder.glob(".restore-*"))


@pytest.mark.on_sqlite
def test_what_goes_wrong_at_the_last_step_is_taken_back(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.services.operations import databases

    report = settings().folder / "reports" / "one.txt"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text("then")
    copy = archives.write(tmp_path / "copy.tar").path
    report.write_text("now")

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(databases, "put_back", full)
    with pytest.raises(OSError, match="no space"):
        archives.restore(copy)
    assert report.read_text() == "now"
