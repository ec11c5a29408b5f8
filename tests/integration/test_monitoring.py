"""What a monitoring system asks: ready or why not, and figures without a word of anybody's."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.api import later
from backend import jobs
from backend.config import reread
from backend.db import dispose, now, session, tables
from backend.services import installation
from backend.services.operations import examination, readiness
from backend.values import Stage, WorkerOrder
from tests import rows
from tests.integration import site


def figures(client: httpx.Client, **headers: str) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    families = text_string_to_metric_families(answer.text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_figures_count_jobs_rounds_workers_and_rows(database: str) -> None:
    project = rows.make_project("Secret name")
    round_ = rows.make_round(project)
    with session() as db:
        jobs.enqueue(db, stage=Stage.generate, project_id=project.id, round_id=round_.id)
        db.add(
            tables.Executor(
                id="w-0", host="h", process_id=1, queues="generate,train", started_at=now(), heartbeat_at=now()
            )
        )
    with site.visitor() as client:
        assert client.get("/healthz").text == "ok"
        values = figures(client)
        text = client.get("/metrics").text
    assert values["rondo_jobs", "generate", "queued"] == 1
    assert values["rondo_jobs", "train", "failed"] == 0
    assert values["rondo_rounds", "running"] == 1
    assert values["rondo_workers", "train"] == 1
    assert 0 <= values["rondo_queue_age_seconds", "generate"] < 60
    assert values["rondo_newest_sample_id",] == 0
    assert values["rondo_requests_total", "monitoring", "GET", "2xx"] >= 1
    assert "Secret" not in text


@pytest.mark.on_sqlite
def test_figures_are_for_this_machine_past_no_proxy_or_for_the_token(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.visitor() as client:
        assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 403
        assert client.get("/metrics", headers={"via": "1.1 proxy"}).status_code == 403
        assert client.get("/metrics", headers={"host": "rondo.example"}).status_code == 403
        monkeypatch.setenv("RONDO_TRUSTED_PROXIES", "10.0.0.0/8")
        reread()
        assert client.get("/metrics").status_code == 403, "a proxy may leave no trace"
        monkeypatch.setenv("RONDO_METRICS_TOKEN", "")
        reread()
        assert client.get("/metrics", headers={"authorization": "Bearer"}).status_code == 403
        monkeypatch.setenv("RONDO_METRICS_TOKEN", "s3crét")
        reread()
        assert client.get("/metrics").status_code == 403
        assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 403
        assert client.get("/metrics", headers={"authorization": "Bearer s3crét".encode()}).status_code == 200


def test_ready_is_what_has_its_schema_its_worker_and_rest(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.visitor() as client:
        assert client.get("/readyz").json() == {"ready": True, "problems": []}
        with monkeypatch.context() as failing:
            failing.setattr(site.application().app.state, "missing", [later.FAILED], raising=False)
            answer = client.get("/readyz")
            assert (answer.status_code, answer.json()["problems"]) == (503, [later.FAILED])
        installation.downgrade("0026")
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "rondo db upgrade" in answer.json()["problems"][0]
        assert client.get("/healthz").status_code == 200
    installation.prepare()
    assert "embedded worker does not run" in readiness.problems(with_worker=True)[0]


def test_a_database_that_is_gone_is_not_ready_and_no_stranger_reads_where_it_is(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RONDO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RONDO_DATABASE_URL", "postgresql://ada:hunter2@127.0.0.1:1/x?sslpassword=hunter3")
    reread()
    dispose()
    try:
        assert readiness.problems(with_worker=False) == readiness.problems(with_worker=False) == [readiness.SILENT]
        (logged,) = [line for line in caplog.messages if "127.0.0.1:1/x" in line]
        assert "hunter" not in logged
        lines = {line.name: line for line in examination.examine()}
        assert not examination.is_well([*lines.values()])
        assert "hunter" not in lines["database"].text
    finally:
        dispose()
        reread()


def test_the_doctor_finds_a_queue_without_a_worker_and_a_job_whose_worker_is_gone(database: str) -> None:
    project = rows.make_project()
    waiting, lost = rows.make_round(project), rows.make_round(project)
    with session() as db:
        jobs.enqueue(db, stage=Stage.train, project_id=project.id, round_id=waiting.id)
        job = jobs.enqueue(db, stage=Stage.generate, project_id=project.id, round_id=lost.id)
        job.status, job.executor_id = "running", "gone-0"
    rows.make_checkpoint(
        project, engine={"name": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}, location=""
    )
    texts = {(line.name, line.outcome.value): line.text for line in examination.examine()}
    assert "rondo worker --queues train" in texts["workers", "fail"]
    assert "gone-0, which does not answer" in texts["jobs", "warn"]
    assert "http://127.0.0.1:1/v1" in texts["endpoint", "fail"]
    assert "rondo db backup" in texts["backups", "warn"]
    assert texts["schema", "pass"]
    rests = {"queues": "train", "told": WorkerOrder.pause, "started_at": now(), "heartbeat_at": now()}
    with session() as db:
        db.add(tables.Executor(id="rests-0", host="far", process_id=1, **rests))
    texts = {(line.name, line.outcome.value): line.text for line in examination.examine()}
    assert "rondo workers resume rests-0" in texts["workers", "fail"]
    assert "Told to take no new work: rests-0." in texts["workers", "warn"]
