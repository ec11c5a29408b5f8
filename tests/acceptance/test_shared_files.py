"""A web process and a worker without a common data folder: files go over the address that both know."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backend import shared_files
from backend.config import reread, settings
from backend.services.samples import export_jobs
from backend.services.samples.exports import ExportRequest
from backend.values import JobStatus
from tests import rows
from tests.waiting import until

WORKER = """
from backend import log
from backend.jobs.worker import Worker, serve
log.setup()
serve(Worker(["generate"], "elsewhere", heartbeat_seconds=0.3))
"""


@pytest.mark.on_sqlite
def test_a_worker_of_another_machine_writes_what_the_web_process_hands_out(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = rows.make_project()
    round_, prompts = rows.make_round(project), rows.make_prompt_set(project, prompts=3)
    rows.make_samples(round_, prompts, texts=["a", "b"])
    actor = rows.make_actor(project)
    monkeypatch.setenv("RONDO_FILES_URL", f"file://{tmp_path}/shared")
    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path / "worker"))
    worker = subprocess.Popen([sys.executable, "-c", WORKER])
    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path / "web"))
    reread()
    try:
        job_id = export_jobs.start(actor, project.id, ExportRequest(round_ids=(round_.id,), format="jsonl"))
        until(lambda: export_jobs.get(actor, job_id).is_over)
        export = export_jobs.get(actor, job_id)
        assert (export.status, export.error, export.is_ready) == (JobStatus.done, None, True)
        assert list(settings().folder.glob("exports/*")) == [], "nothing is fetched before it is asked for"
        path, _ = export_jobs.file_of(actor, job_id)
        assert path.is_relative_to(tmp_path / "web")
        assert len([json.loads(line) for line in path.read_text().splitlines()]) == 6
        log = settings().folder / "jobs" / str(job_id) / "log.txt"
        until(lambda: shared_files.bring(log))
        assert "--- attempt 1" in log.read_text()
    finally:
        worker.terminate()
        worker.wait()
