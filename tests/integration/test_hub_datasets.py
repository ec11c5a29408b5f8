"""A dataset of the hub becomes a file of the imports folder, which is looked at and imported as any other."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from app.pages.prompts import hub as page
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context
from backend.config import bare_environment, settings
from backend.db import reading, tables
from backend.engines import _hub_rows
from backend.errors import Conflict, InvalidInput, MissingPrerequisite, NotFound, PermissionDenied
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.services import prompts
from backend.services.hub import fetching
from backend.services.hub.fetching import HubDataset
from backend.values import JobStatus, Role
from tests import rows
from tests.integration.dataset_hub import COMMIT, dataset_hub

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]
CARD = """---
configs:
- config_name: sums
  data_files:
  - split: train
    path: sums/train.jsonl
  - split: test
    path: sums/test.jsonl
---
"""
FILES = {
    "README.md": CARD.encode(),
    "sums/train.jsonl": "".join(
        json.dumps({"question": f"What is {n} + {n}?", "answer": str(2 * n), "level": n}) + "\n" for n in range(5)
    ).encode(),
    "sums/test.jsonl": b'{"question": "What is 9 + 9?", "answer": "18", "level": 9}\n',
}


def work(job_id: int) -> int:
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    attempt = transitions.start(job.id, job.workflow_id, "here") or 0
    return run_job(job_id, attempt, others={fetching.FETCH: fetching.run})


@pytest.mark.filterwarnings("ignore:The value passed into gr.Dropdown")
def test_a_split_is_fetched_looked_at_and_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    project = rows.make_project()
    curator, reviewer = rows.make_actor(project, Role.curator), rows.make_actor(project, Role.reviewer)
    wanted = HubDataset("team/sums", "sums", "train", "main", num_rows=4)
    with pytest.raises(PermissionDenied):
        fetching.start(reviewer, project.id, wanted)
    with pytest.raises(MissingPrerequisite, match="RONDO_HF_OFFLINE is true"):
        fetching.start(curator, project.id, wanted)
    with dataset_hub("team/sums", FILES) as hub:
        there = settings().model_copy(update={"hf_offline": False, "hub_endpoint": hub.address})
        monkeypatch.setattr(fetching, "settings", lambda: there)
        monkeypatch.setenv("HF_TOKEN", "hf_of-somebody")
        job_id = fetching.start(curator, project.id, wanted)
        with pytest.raises(Conflict, match="fetches the same already"):
            fetching.start(curator, project.id, wanted)
        left = settings().folder / f"{fetching.PART}{job_id}" / "rows.jsonl"
        left.parent.mkdir(parents=True)
        left.write_text("of a process that was killed")
        followed, here = CurrentChoice(), Context(curator, project.id, "", None)
        followed.put({"job": job_id})
        assert "0 rows so far, queued" in page.look_now(followed, lambda: here)[0]["text"]
        with pytest.raises(Conflict, match="not fetched yet"):
            fetching.file_of(curator, job_id)
        assert work(job_id) == 0, fetching.get(curator, job_id)
        missing = fetching.start(curator, project.id, HubDataset("team/sums", "sums", "nope"))
        assert work(missing) == 1
    assert not [token for _, _, token in hub.asked if token], "nobody's token is sent"
    assert any(COMMIT in path for _, path, _ in hub.asked)
    drawn = page.look_now(followed, lambda: here)
    assert "4 rows, the first of more" in drawn[0]["text"]
    name = f"hub/{job_id}-team_sums--sums--train--main.jsonl"
    assert (drawn[2].value, followed.value) == (name, {})
    assert fetching.get(curator, job_id).commit == COMMIT
    assert len(drawn) == 3 + page.NUM_LOOKED_AT
    project_id, path = fetching.file_of(curator, job_id)
    looked = prompts.preview(curator, project_id, name)
    assert (looked.num_rows, looked.mapping.prompt, looked.mapping.answer) == (4, "question", "answer")
    report = prompts.import_file(curator, project_id, "Sums", path)
    assert report.num_imported == 4
    with reading() as db:
        [prompt, *_] = db.scalars(select(tables.Prompt).order_by(tables.Prompt.position))
    assert (prompt.text, prompt.answer, prompt.extra) == ("What is 0 + 0?", "0", {"level": 0})
    failed = fetching.get(curator, missing)
    assert failed.status is JobStatus.failed
    assert "Available splits: ['train', 'test']" in str(failed.error)
    with pytest.raises(NotFound, match="Available splits"):
        fetching.file_of(curator, missing)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert list((settings().folder / "exports").iterdir()) == [], "nothing half written stays"


@pytest.mark.parametrize(
    "wanted",
    [
        HubDataset("json"),
        HubDataset("../sums"),
        HubDataset("team/.."),
        HubDataset("/etc/passwd"),
        HubDataset("team/sums", split=""),
        HubDataset("team/sums", config="--x"),
        HubDataset("team/sums", revision="a b"),
        HubDataset("team/sums", num_rows=0),
    ],
)
def test_what_is_no_name_on_the_hub_is_refused(wanted: HubDataset) -> None:
    with pytest.raises(InvalidInput):
        fetching.check(wanted)


def test_an_empty_name_is_asked_for() -> None:
    with pytest.raises(InvalidInput, match=r"^Give the name of a dataset"):
        fetching.check(HubDataset(""))


@pytest.mark.parametrize("file", ["README.md", ".huggingface.yaml"])
def test_a_dataset_that_names_files_elsewhere_is_not_read(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.jsonl").write_text('{"a": 1}')
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    card = f"configs:\n- config_name: default\n  data_files: {tmp_path}/*\n"
    card = f"---\n{card}---\n" if file == "README.md" else card
    with dataset_hub("team/sums", {file: card.encode(), "train.jsonl": b'{"a": 2}\n'}) as hub:
        there = settings().model_copy(update={"hf_offline": False, "hub_endpoint": hub.address})
        monkeypatch.setattr(fetching, "settings", lambda: there)
        job_id = fetching.start(curator, project.id, HubDataset("team/sums"))
        assert work(job_id) == 1
    told = str(fetching.get(curator, job_id).error)
    assert "a file that is not its own" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "config",
    [
        {"data_files": "/etc/*"},
        {"data_files": ["train.jsonl", "../../other/x"]},
        {"data_files": [{"split": "train", "path": ["http://169.254.169.254/x"]}]},
        {"data_files": "zip://x.jsonl::a.zip"},
        {"data_files": "file:/etc/passwd"},
        {"data_dir": "/etc"},
    ],
)
def test_a_card_may_name_files_of_its_own_alone(config: dict[str, object]) -> None:
    own = {"data_files": [{"split": "train", "path": ["data/train-*.parquet"]}], "data_dir": "sums"}
    _hub_rows.require_own([own])
    with pytest.raises(ValueError, match="not its own"):
        _hub_rows.require_own([own, config])


def test_files_of_two_jobs_have_two_names_that_every_disk_takes() -> None:
    both = {HubDataset("a_b/c").file_of(1), HubDataset("a/b_c").file_of(2)}
    assert both == {"hub/1-a_b_c--train.jsonl", "hub/2-a_b_c--train.jsonl"}
    long = HubDataset(f"{'o' * 96}/{'d' * 96}", "c" * 100, "s" * 100, "r" * 100)
    assert len(long.file_of(10**9).rpartition("/")[2]) < 255


def test_who_reads_strangers_files_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "RONDO_HUB_TOKEN", "RONDO_OPENAI_API_KEY", "RONDO_DATABASE_URL", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, "of-somebody")
    monkeypatch.setenv("https_proxy", "http://proxy")
    bare = bare_environment()
    assert bare["https_proxy"] == "http://proxy"
    assert "of-somebody" not in bare.values()
