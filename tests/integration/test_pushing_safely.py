"""What a push must not do: send rows, weights or the token where nobody asked for them, or leave files behind."""

from pathlib import Path

import httpx2
import pyarrow.parquet as pq
import pytest

from backend.config import reread, settings
from backend.db import reading, session, tables
from backend.errors import Conflict, EngineError, PermissionDenied
from backend.services import checkpoints
from backend.services.hub import pushes, uploading
from backend.services.hub.files import FoundRows
from backend.services.rounds import job_views
from backend.values import DatasetType, JobStatus, Role
from tests import rows
from tests.integration.pushed_hub import PushedHub, Repo
from tests.integration.test_pushing import REPO, Made, failed, work
from tests.integration.test_pushing import hub as hub  # a fixture

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.on_sqlite
def test_a_push_takes_away_what_another_one_left(hub: PushedHub) -> None:
    here = Made()
    left = ("adapter_config.json", "model-00001-of-00002.safetensors", "sub/model.safetensors", "LICENSE")
    hub.repos[f"models/{REPO}"] = Repo(is_private=True, commits=[dict.fromkeys(left, b"x")])
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    assert work(job_id) == 0, pushes.get(here.owner, job_id)
    assert set(left) & set(hub.repos[f"models/{REPO}"].files) == {"sub/model.safetensors", "LICENSE"}


@pytest.mark.on_sqlite
@pytest.mark.parametrize(("found_rows", "count"), [("refuse", 0), ("leave_out", 1), ("keep", 2)])
def test_rows_that_a_check_finds_leave_only_when_asked_for(
    hub: PushedHub, tmp_path: Path, found_rows: FoundRows, count: int
) -> None:
    here = Made()
    round_ = rows.make_round(here.project, here.checkpoint)
    samples = rows.make_samples(round_, rows.make_prompt_set(here.project))[:2]
    with session() as db:
        db.get_one(tables.Sample, samples[0].id).finish_reason = "length"
    chosen = [{"prompt_id": sample.prompt_id, "sample_id": sample.id} for sample in samples]
    dataset = rows.make_dataset(round_, DatasetType.prompt_completion, chosen)
    job_id = pushes.push_dataset(here.owner, dataset.id, REPO, found_rows=found_rows, reason="cut on purpose")
    if not count:
        assert "1 rows: cut off at max_tokens" in failed(here.owner, job_id)
        assert not hub.repos
        return
    assert work(job_id) == 0, pushes.get(here.owner, job_id)
    repo = hub.repos[f"datasets/{REPO}"]
    (tmp_path / "rows.parquet").write_bytes(repo.files["data/train.parquet"])
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == count
    reply = b"Left out: 1 rows (found by a check)" if count == 1 else b"The file holds 2 rows"
    assert reply in repo.files["README.md"]
    assert b"The checks found: 1 rows (cut off" in repo.files["README.md"]
    with reading() as db:
        pushed = db.get_one(tables.Job, job_id).spec["pushed"]
    assert (pushed["rows"], pushed["findings"]) == (count, {"truncated": 1})


def test_a_push_of_a_checkpoint_that_is_gone_sends_no_other(hub: PushedHub) -> None:
    here = Made()
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    with pytest.raises(Conflict, match=f"Job {job_id} is at work and pushes the checkpoint tiny"):
        checkpoints.delete(here.owner, here.checkpoint.id)
    job_views.cancel(here.owner, job_id)
    checkpoints.delete(here.owner, here.checkpoint.id)
    engine = {"name": "transformers", "model": "models/tiny", "adapter": None}
    other = rows.make_checkpoint(here.project, "other", engine=engine, id=here.checkpoint.id)
    assert pushes.newest(here.owner, here.project.id, "checkpoint", other.id) is None
    job_views.resume(here.owner, job_id)
    assert "tiny was deleted" in failed(here.owner, job_id)
    assert not hub.repos


@pytest.mark.on_sqlite
def test_only_an_owner_starts_a_push_again() -> None:
    here = Made()
    curator = rows.make_actor(here.project, Role.admin)
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    job_views.cancel(curator, job_id)
    for again_by in (job_views.resume, job_views.retry):
        with pytest.raises(PermissionDenied, match="Only an owner"):
            again_by(curator, job_id)
    job_views.resume(here.owner, job_id)
    assert pushes.get(here.owner, job_id).status is JobStatus.queued


@pytest.mark.on_sqlite
def test_a_push_goes_to_the_hub_that_the_owner_saw(hub: PushedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Made()
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    monkeypatch.setenv("RONDO_HUB_ENDPOINT", "http://127.0.0.1:9/")
    reread()
    text = failed(here.owner, job_id)
    assert f"This push is for {hub.address}, and this worker's hub is http://127.0.0.1:9." in text
    assert hub.asked == []


@pytest.mark.on_sqlite
def test_a_file_that_is_gone_is_not_called_the_hubs_fault(hub: PushedHub, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"model\.safetensors cannot be read on the worker's machine") as raises:
        uploading.push(
            REPO,
            "model",
            {"model.safetensors": tmp_path / "gone"},
            hub=hub.address,
            stale=(),
            is_private=True,
            message="x",
            after_each=lambda: None,
        )
    assert str(tmp_path) not in str(raises.value)
    assert hub.asked == []


@pytest.mark.on_sqlite
def test_no_hub_makes_a_worker_sleep_for_hours() -> None:
    for status, headers, waits in (
        (429, {"retry-after": "9000"}, "60"),
        (503, {"retry-after": "7"}, "7"),
        (429, {"ratelimit": '"api";r=0;t=9000'}, "60"),
    ):
        response = httpx2.Response(status, headers=headers)
        uploading._shorten_waits(response)
        assert (response.headers.get("retry-after"), response.headers.get("ratelimit")) == (waits, None)


@pytest.mark.on_sqlite
def test_what_killed_pushes_left_goes_with_the_next(hub: PushedHub) -> None:
    left = settings().folder / "exports" / ".part-push-999"
    left.mkdir(parents=True)
    (left / "train.parquet").write_text("x")
    here = Made()
    assert work(pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)) == 0
    assert not left.exists()
