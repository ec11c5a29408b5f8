"""Pushing to a hub on loopback: all in one commit or nothing, gone on with, and the token in no word of it."""

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from backend.config import reread, settings
from backend.db import reading, session, tables
from backend.errors import Conflict, EngineError, InvalidInput, PermissionDenied
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.services import checkpoints, stage_process
from backend.services.access import Actor
from backend.services.hub import pushes, uploading
from backend.services.hub.files import FoundRows
from backend.services.people import accounts
from backend.services.rounds import job_views
from backend.values import DatasetType, JobStatus, Role
from tests import rows
from tests.integration.folders import inside, make_adapter, make_folder, write_weights
from tests.integration.pushed_hub import TOKEN, PushedHub, Repo, pushed_hub

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]
REPO = "team/sums"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushedHub]:
    from huggingface_hub import constants, set_client_factory
    from huggingface_hub.utils import enable_progress_bars
    from huggingface_hub.utils._http import default_client_factory

    levels = {name: logging.getLogger(name).level for name in ("huggingface_hub", "httpx2")}
    with pushed_hub() as server:
        for name, value in (("RONDO_HF_OFFLINE", "false"), ("RONDO_HUB_TOKEN", TOKEN), ("HF_ENDPOINT", server.address)):
            monkeypatch.setenv(name, value)
        # Read once, when huggingface_hub is imported; a worker's jobs have it from their settings.
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", constants.HF_HUB_DISABLE_XET)
        reread()
        yield server
        # What a job's process of its own would take with it.
        set_client_factory(default_client_factory)
        enable_progress_bars()
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    monkeypatch.undo()
    reread()


class Made:
    """A model folder in two files with what must not leave, its checkpoint, and an owner."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        self.owner = accounts.local_owner()
        self.folder = make_folder(inside())
        write_weights(self.folder / "model-2.safetensors", "c", "d", "e")
        (self.folder / "train.json").write_text("{}")
        (self.folder / "dataset.jsonl").write_text("{}")
        engine = {"name": "transformers", "model": "models/tiny", "adapter": None}
        self.checkpoint = rows.make_checkpoint(self.project, "tiny", location="models/tiny", engine=engine)


def work(job_id: int) -> int:
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    others = {stage_process.PUSH: stage_process.push_to_hub}
    return run_job(job_id, transitions.start(job.id, job.workflow_id, "here") or 0, others=others)


def failed(actor: Actor, job_id: int) -> str:
    assert work(job_id) == 1
    push = pushes.get(actor, job_id)
    assert (push.status, push.commit) == (JobStatus.failed, None)
    return str(push.error)


def again(job_id: int) -> int:
    with session() as db:
        transitions.resume(db, job_id)
    return work(job_id)


def test_a_checkpoint_lies_on_the_hub_in_one_commit_with_its_card(hub: PushedHub, caplog) -> None:  # type: ignore[no-untyped-def]
    here = Made()
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    with pytest.raises(Conflict, match=f"Job {job_id} pushes tiny already"):
        pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    with caplog.at_level(logging.INFO):
        assert work(job_id) == 0, pushes.get(here.owner, job_id)
    push, repo = pushes.get(here.owner, job_id), hub.repos[f"models/{REPO}"]
    assert (push.status, push.done, push.total) == (JobStatus.done, 6, 6)
    assert (push.url, push.commit) == (f"{hub.address}/{REPO}", f"{1:040x}")
    assert (repo.is_private, len(repo.commits)) == (True, 1)
    assert set(repo.files) == {
        "README.md",
        "config.json",
        "model-2.safetensors",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert all(repo.files[path.name] == path.read_bytes() for path in here.folder.glob("*.safetensors"))
    assert repo.files["README.md"].startswith(b"---\nlicense: unknown\n")
    assert TOKEN not in caplog.text
    assert "signature=abc" not in caplog.text
    with reading() as db:
        events = list(db.scalars(select(tables.Event).order_by(tables.Event.id)))
        row, job = db.get_one(tables.Checkpoint, here.checkpoint.id), db.get_one(tables.Job, job_id)
    assert [one.verb for one in events] == ["start push of checkpoint", "push checkpoint"]
    assert row.details["pushed"][0]["commit"] == push.commit
    assert TOKEN not in json.dumps([job.spec, job.log_tail, row.details, [one.details for one in events]])
    second = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    assert work(second) == 0
    assert (len(repo.commits), pushes.get(here.owner, second).commit) == (1, push.commit), "the same again is no commit"


def test_what_stops_half_way_committed_nothing_and_is_gone_on_with(hub: PushedHub, caplog) -> None:  # type: ignore[no-untyped-def]
    here = Made()
    puts: list[str] = []

    def second_put_is_refused(method: str, path: str) -> int:
        puts.extend([path] if method == "PUT" else [])
        return 403 if method == "PUT" and len(puts) == 2 else 0

    hub.fault = second_put_is_refused
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    said = failed(here.owner, job_id)
    assert "Nothing was committed" in said
    assert TOKEN not in said + caplog.text
    assert "signature" not in said + caplog.text
    assert (len(hub.stored), hub.repos[f"models/{REPO}"].commits) == (1, [])
    assert again(job_id) == 0
    assert len(puts) == 3, "what was there is not sent again"
    assert len(hub.repos[f"models/{REPO}"].commits) == 1


@pytest.mark.parametrize(
    ("where", "status", "said"),
    [
        ("/api/repos/create", 401, "does not let this installation's token write to team/sums (401)"),
        ("/api/repos/create", -1, "said nothing for 0.5 seconds"),
        ("/commit/main", 422, "refuses what was sent to team/sums (422). It says: not today"),
        ("/commit/main", 500, "The hub failed on team/sums (500)"),
    ],
)
def test_a_hub_that_refuses_or_hangs_gets_one_sentence(
    hub: PushedHub, monkeypatch: pytest.MonkeyPatch, where: str, status: int, said: str
) -> None:
    monkeypatch.setattr(uploading, "SECONDS", 0.5 if status < 0 else 60.0)
    here = Made()
    hub.fault = lambda method, path: status if path.endswith(where) else 0
    error = failed(here.owner, pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO))
    assert said in error
    assert "committed" in error
    assert TOKEN not in error
    assert not list((settings().folder / "exports").iterdir())


def test_a_commit_whose_answer_is_lost_is_found_again(hub: PushedHub) -> None:
    here = Made()
    hub.after_commit = 500
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    assert "Whether it was committed is not known." in failed(here.owner, job_id)
    hub.after_commit = 0
    assert again(job_id) == 0
    push = pushes.get(here.owner, job_id)
    assert (push.status, push.commit, len(hub.repos[f"models/{REPO}"].commits)) == (JobStatus.done, f"{1:040x}", 1)


def test_a_dataset_lies_on_the_hub_as_rows_that_load(hub: PushedHub, tmp_path: Path) -> None:
    here = Made()
    round_ = rows.make_round(here.project, here.checkpoint)
    [sample, *_] = rows.make_samples(round_, rows.make_prompt_set(here.project))
    chosen = [{"prompt_id": sample.prompt_id, "sample_id": sample.id}]
    dataset = rows.make_dataset(round_, DatasetType.prompt_completion, chosen)
    job_id = pushes.push_dataset(here.owner, dataset.id, REPO, is_private=False)
    assert work(job_id) == 0, pushes.get(here.owner, job_id)
    repo = hub.repos[f"datasets/{REPO}"]
    assert (repo.is_private, set(repo.files)) == (False, {"README.md", "data/train.parquet"})
    (tmp_path / "rows.parquet").write_bytes(repo.files["data/train.parquet"])
    [row] = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert row["completion"] == [{"role": "assistant", "content": sample.text}]
    assert b"path: data/train.parquet" in repo.files["README.md"]
    assert pushes.get(here.owner, job_id).url == f"{hub.address}/datasets/{REPO}"


def test_a_push_takes_away_what_another_one_left(hub: PushedHub) -> None:
    here = Made()
    left = ("adapter_config.json", "model-00001-of-00002.safetensors", "sub/model.safetensors", "LICENSE")
    hub.repos[f"models/{REPO}"] = Repo(is_private=True, commits=[dict.fromkeys(left, b"x")])
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    assert work(job_id) == 0, pushes.get(here.owner, job_id)
    assert set(left) & set(hub.repos[f"models/{REPO}"].files) == {"sub/model.safetensors", "LICENSE"}


@pytest.mark.parametrize(("found_rows", "count"), [("refuse", 0), ("leave_out", 1), ("keep", 2)])
def test_rows_that_a_check_finds_leave_only_when_asked_for(
    hub: PushedHub, tmp_path: Path, found_rows: FoundRows, count: int
) -> None:
    here = Made()
    round_ = rows.make_round(here.project, here.checkpoint)
    samples = rows.make_samples(round_, rows.make_prompt_set(here.project))[:2]
    with session() as db:
        db.get_one(tables.Sample, samples[0].id).finish_reason = "length"
    chosen = [{"prompt_id": one.prompt_id, "sample_id": one.id} for one in samples]
    dataset = rows.make_dataset(round_, DatasetType.prompt_completion, chosen)
    job_id = pushes.push_dataset(here.owner, dataset.id, REPO, found_rows=found_rows)
    if not count:
        assert "1 rows: cut off at max_tokens" in failed(here.owner, job_id)
        assert not hub.repos
        return
    assert work(job_id) == 0, pushes.get(here.owner, job_id)
    repo = hub.repos[f"datasets/{REPO}"]
    (tmp_path / "rows.parquet").write_bytes(repo.files["data/train.parquet"])
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == count
    said = b"Left out: 1 rows (found by a check)" if count == 1 else b"The file holds 2 rows"
    assert said in repo.files["README.md"]
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


def test_a_push_goes_to_the_hub_that_the_owner_saw(hub: PushedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Made()
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    monkeypatch.setenv("RONDO_HUB_ENDPOINT", "http://127.0.0.1:9/")
    reread()
    said = failed(here.owner, job_id)
    assert f"This push is for {hub.address}, and this worker's hub is http://127.0.0.1:9." in said
    assert hub.asked == []


def test_a_file_that_is_gone_is_not_called_the_hubs_fault(hub: PushedHub, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"model\.safetensors cannot be read on the worker's machine") as said:
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
    assert str(tmp_path) not in str(said.value)
    assert hub.asked == []


def test_no_hub_makes_a_worker_sleep_for_hours() -> None:
    for status, headers, waits in (
        (429, {"retry-after": "9000"}, "60"),
        (503, {"retry-after": "7"}, "7"),
        (429, {"ratelimit": '"api";r=0;t=9000'}, "60"),
    ):
        response = httpx2.Response(status, headers=headers)
        uploading._shorten_waits(response)
        assert (response.headers.get("retry-after"), response.headers.get("ratelimit")) == (waits, None)


def test_what_killed_pushes_left_goes_with_the_next(hub: PushedHub) -> None:
    left = settings().folder / "exports" / ".part-push-999"
    left.mkdir(parents=True)
    (left / "train.parquet").write_text("x")
    here = Made()
    assert work(pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)) == 0
    assert not left.exists()


def test_an_adapter_names_its_base_as_the_hub_does(hub: PushedHub) -> None:
    here = Made()
    make_adapter(inside("models/lora"), str(here.folder))
    engine = {"name": "transformers", "model": "models/tiny", "adapter": "models/lora"}
    local = rows.make_checkpoint(here.project, "on a folder", engine=engine, kind="adapter")
    with pytest.raises(InvalidInput, match="Merge it into its base"):
        pushes.push_checkpoint(here.owner, local.id, REPO)
    make_adapter(inside("models/lora2"), "team/base")
    of_hub = engine | {"model": "team/base", "adapter": "models/lora2"}
    adapter = rows.make_checkpoint(here.project, "on the hub's", engine=of_hub, kind="adapter")
    job_id = pushes.push_checkpoint(here.owner, adapter.id, REPO)
    assert work(job_id) == 0, pushes.get(here.owner, job_id)
    config = json.loads(hub.repos[f"models/{REPO}"].files["adapter_config.json"])
    assert config["base_model_name_or_path"] == "team/base"
    shutil.rmtree(here.folder)
    with pytest.raises(InvalidInput, match="Merge it into its base"):
        pushes.push_checkpoint(here.owner, local.id, REPO)


def test_only_owners_push_and_only_what_has_weights_here(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Made()
    with pytest.raises(PermissionDenied):
        pushes.push_checkpoint(rows.make_actor(here.project, Role.admin), here.checkpoint.id, REPO)
    for repo in ("sums", "team/", "team/../sums", "https://hub/team/sums", ""):
        with pytest.raises(InvalidInput, match="no name of a repository"):
            pushes.push_checkpoint(here.owner, here.checkpoint.id, repo)
    scripted = rows.make_checkpoint(here.project, "scripted")
    with pytest.raises(InvalidInput, match="no weights here"):
        pushes.push_checkpoint(here.owner, scripted.id, REPO)
    job_id = pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO)
    assert "never asks the model hub" in failed(here.owner, job_id)
    monkeypatch.setenv("RONDO_HF_OFFLINE", "false")
    reread()
    with session() as db:
        transitions.resume(db, job_id)
    assert "RONDO_HUB_TOKEN" in failed(here.owner, job_id)
