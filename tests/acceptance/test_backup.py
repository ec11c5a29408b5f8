"""A backup that is made while a round runs, put back: the round goes on from there and ends in the same rows."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend import in_use, server_key
from backend.config import settings
from backend.db import dispose, reading, session, tables
from backend.errors import Conflict, MissingPrerequisite
from backend.services.operations import archives, databases
from backend.values import JobStatus
from tests import rows
from tests.acceptance.workers import WorkerProcess, job, make_job, open_gate, wait_status, written
from tests.installation import point_at
from tests.postgres_databases import Databases, connected
from tests.waiting import until


@contextmanager
def room_for(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where a backup can be put back: in the place of what is there on SQLite, in an empty database on PostgreSQL."""
    if database.startswith("sqlite"):
        yield
        return
    server, name = database.rpartition("/")[0], f"room{uuid.uuid4().hex[:8]}"
    Databases.make(server, name)
    try:
        point_at(f"{server}/{name}", settings().folder, monkeypatch)
        yield
    finally:
        dispose()
        with connected(server, "postgres") as db:
            db.execute(f"DROP DATABASE {name} WITH (FORCE)")


def unfilled(_copy: Path) -> None:
    """In the place of what fills a database."""
    raise MissingPrerequisite("pg_restore failed.")


def test_a_running_round_s_backup_is_put_back_and_the_round_goes_on(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = settings().folder / "models" / "small" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    key = server_key.read()
    result = make_job(prompts=6, hold_at=3)
    with reading() as db:
        project = db.get_one(tables.Project, result.project_id)
    rows.make_checkpoint(project, location="models/small")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    rows.make_checkpoint(project, location=str(elsewhere))
    with WorkerProcess("generate") as worker:
        until(lambda: written(result.id) == [0, 1, 2], "half of the round")
        copy = archives.write(tmp_path / "copy.tar")
        assert copy.left_out == [str(elsewhere)]
        with pytest.raises(Conflict, match="exists already"):
            archives.write(tmp_path / "copy.tar")
        with pytest.raises(Conflict, match="runs on this installation"):
            archives.restore(copy.path)
        open_gate()
        wait_status(result.id, JobStatus.done)
        assert worker.terminate() == 0
    weights.write_bytes(b"other")
    later = rows.make_project("made later")
    if not database.startswith("sqlite"):
        with pytest.raises(Conflict, match=r"is not empty.*createdb"):
            archives.restore(copy.path)
    with room_for(database, monkeypatch):
        if not database.startswith("sqlite"):
            with monkeypatch.context() as patched:
                patched.setattr(databases, "_fill", unfilled)
                with pytest.raises(MissingPrerequisite, match="pg_restore failed"):
                    archives.restore(copy.path)
            assert weights.read_bytes() == b"other"
            assert in_use.is_whole(settings().folder)
        assert archives.restore(copy.path).num_files == 3  # the database, the weights, the key
        assert weights.read_bytes() == b"weights"
        assert server_key.read() == key
        assert written(result.id) == [0, 1, 2]
        with session() as db:
            assert db.get(tables.Project, later.id) is None
        with WorkerProcess("generate"):
            wait_status(result.id, JobStatus.done)
        assert written(result.id) == list(range(6))
        assert job(result.id).attempt == 2
    kept = sorted(path.name for path in settings().folder.glob("replaced-*/**/*.safetensors"))
    assert kept == ["model.safetensors"]
