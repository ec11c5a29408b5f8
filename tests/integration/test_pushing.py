"""Pushing to a hub on loopback: all in one commit or nothing, gone on with, and the token in no word of it."""

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from app.pages.checkpoints import following
from app.pages.datasets import pushing
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context
from backend.config import reread, settings
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotSignedIn, PermissionDenied
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.services import stage_process
from backend.services.access import Actor
from backend.services.hub import pushes, uploading
from backend.services.people import accounts
from backend.values import DatasetType, JobStatus, Role
from tests import rows
from tests.integration.folders import inside, make_adapter, make_folder, write_weights
from tests.integration.pushed_hub import TOKEN, PushedHub, pushed_hub

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
    followed, page = CurrentChoice(), Context(here.owner, here.project.id, "", None)
    followed.put({"checkpoint": here.checkpoint.id})
    merge, pushed, file = following.now(followed, lambda: page)
    assert (merge, file, "is queued" in pushed["text"]) == (None, None, True)
    assert followed.value, "the page looks again"
    with caplog.at_level(logging.INFO):
        assert work(job_id) == 0, pushes.get(here.owner, job_id)
    assert following.now(followed, lambda: page)[1]["text"].startswith(f"Pushed to {hub.address}"), "the end is drawn"
    assert following.now(followed, lambda: page) == [gr.skip()] * 3, "what is over is not looked at again"
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
    assert [event.verb for event in events] == ["start push of checkpoint", "push checkpoint"]
    assert row.details["pushed"][0]["commit"] == push.commit
    assert TOKEN not in json.dumps([job.spec, job.log_tail, row.details, [event.details for event in events]])
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
    text = failed(here.owner, job_id)
    assert "Nothing was committed" in text
    assert TOKEN not in text + caplog.text
    assert "signature" not in text + caplog.text
    assert (len(hub.stored), hub.repos[f"models/{REPO}"].commits) == (1, [])
    assert again(job_id) == 0
    assert len(puts) == 3, "what was there is not sent again"
    assert len(hub.repos[f"models/{REPO}"].commits) == 1


@pytest.mark.parametrize(
    ("where", "status", "text"),
    [
        ("/api/repos/create", 401, "does not let this installation's token write to team/sums (401)"),
        ("/api/repos/create", -1, "said nothing for 0.5 seconds"),
        ("/commit/main", 422, "refuses what was sent to team/sums (422). It says: not today"),
        ("/commit/main", 500, "The hub failed on team/sums (500)"),
    ],
)
def test_a_hub_that_refuses_or_hangs_gets_one_sentence(
    hub: PushedHub, monkeypatch: pytest.MonkeyPatch, where: str, status: int, text: str
) -> None:
    monkeypatch.setattr(uploading, "SECONDS", 0.5 if status < 0 else 60.0)
    here = Made()
    hub.fault = lambda method, path: status if path.endswith(where) else 0
    error = failed(here.owner, pushes.push_checkpoint(here.owner, here.checkpoint.id, REPO))
    assert text in error
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
    followed, page = CurrentChoice(), Context(here.owner, here.project.id, "", None)
    followed.put({"dataset": dataset.id})
    pushed, timer = pushing.push_now(followed, lambda: page)
    assert ("is queued" in pushed["text"], timer.active) == (True, True)
    assert work(job_id) == 0, pushes.get(here.owner, job_id)
    pushed, timer = pushing.push_now(followed, lambda: page)
    assert (pushed["text"].startswith(f"Pushed to {hub.address}"), timer.active) == (True, False)

    def chosen_meanwhile() -> Context:
        followed.put({"dataset": dataset.id + 1})
        return page

    assert pushing.push_now(followed, chosen_meanwhile) == [gr.skip()] * 2, "another dataset has its own line"
    repo = hub.repos[f"datasets/{REPO}"]
    assert (repo.is_private, set(repo.files)) == (False, {"README.md", "data/train.parquet"})
    (tmp_path / "rows.parquet").write_bytes(repo.files["data/train.parquet"])
    [row] = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert row["completion"] == [{"role": "assistant", "content": sample.text}]
    assert b"path: data/train.parquet" in repo.files["README.md"]
    assert pushes.get(here.owner, job_id).url == f"{hub.address}/datasets/{REPO}"


def test_who_may_not_look_any_more_is_told_once() -> None:
    """A tick that went on asking would show the refusal again every second."""
    here = Made()
    stranger = Context(rows.make_actor(rows.make_project("other"), Role.viewer), here.project.id, "", None)
    followed = CurrentChoice()

    def signed_out() -> Context:
        raise NotSignedIn("You are signed out.")

    for tick, wish in ((following.now, {"checkpoint": here.checkpoint.id}), (pushing.push_now, {"dataset": 1})):
        followed.put(wish)
        with pytest.raises(NotSignedIn):
            tick(followed, signed_out)
        assert tick(followed, signed_out)[0] == gr.skip()
    followed.put({"checkpoint": here.checkpoint.id})
    assert following.now(followed, lambda: stranger) == [None, None, None], "nothing is said of what they cannot see"


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
