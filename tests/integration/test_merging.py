"""Merging an adapter: the same numbers without it, whole or not at all, and where it came from."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from app.pages.checkpoints import following
from app.widgets.chosen import CurrentChoice
from app.widgets.context import Context
from backend.config import settings
from backend.db import reading, session, tables
from backend.engines import Engine, _merging
from backend.errors import Conflict, EngineError, InvalidInput
from backend.jobs import transitions
from backend.pipeline import merge
from backend.pipeline.run import run_job
from backend.services import checkpoints
from backend.services.checkpoints import merging
from backend.values import JobStatus, Role
from tests import rows
from tests.integration.adapters import make_adapter_checkpoint

pytestmark = pytest.mark.usefixtures("database")
CHAT = [{"role": "user", "content": "3 5 7 = 15"}]


def work(job_id: int) -> int:
    """Run the job here; the exit code."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    return run_job(job_id, transitions.start(job.id, job.workflow_id, "here") or 0)


def parts() -> list[Path]:
    return list((settings().folder / "checkpoints").glob(".part-*"))


def numbers(engine: dict[str, Any]) -> list[float]:
    """What an engine makes of a text: its tokens' log-probabilities, or a score."""
    with Engine.load(engine) as loaded:
        if engine.get("head") == "score":
            return loaded.rate([CHAT], ["3*5"])
        [reading_] = loaded.read([CHAT], ["3*5+7-2"])
        return list(reading_.logprobs)


@pytest.mark.parametrize("is_scorer", [False, True], ids=["writes", "scores"])
def test_the_merged_one_gives_the_same_numbers_without_adapter_or_base(is_scorer: bool) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    adapter = make_adapter_checkpoint(project, is_scorer=is_scorer)
    before = numbers(adapter.engine)
    if not is_scorer:
        assert before != pytest.approx(numbers(adapter.engine | {"adapter": None}), abs=1e-2), "it changes something"
    job_id = merging.start(actor, adapter.id)
    followed, page = CurrentChoice(), Context(actor, project.id, "", None)
    followed.put({"checkpoint": adapter.id})
    assert "is queued" in following.now(followed, lambda: page)[0]["text"]
    assert work(job_id) == 0, checkpoints.detail(actor, adapter.id).merge
    assert following.now(followed, lambda: page)[0]["text"] == "Merged:", "the page draws the end"
    assert followed.value == {}
    result = merging.get(actor, job_id)
    assert (result.status, result.name) == (JobStatus.done, "lora-merged")
    assert result.merged_id is not None
    shutil.rmtree(settings().folder / "models")
    detail = checkpoints.detail(actor, result.merged_id)
    with reading() as db:
        row = db.get_one(tables.Checkpoint, result.merged_id)
    assert numbers(row.engine) == pytest.approx(before, abs=1e-4)
    assert (row.kind, row.role, row.parent_id) == ("scorer" if is_scorer else "full", adapter.role, adapter.id)
    assert (detail.row.is_merged, detail.can_merge, detail.ancestors) == (True, False, ("lora", "tiny"))
    record = row.details["merge"]
    assert (record["base"], record["adapter"], len(record["adapter_hash"])) == ("models/tiny", "models/lora", 64)
    assert record["libraries"]["peft"]
    assert {line.outcome for line in detail.checks.lines} <= {"pass", "warn"}
    assert checkpoints.detail(actor, adapter.id).merge == result
    assert parts() == []
    checkpoints.delete(actor, result.merged_id)
    assert merging.get(actor, job_id).merged_id is None


@pytest.mark.on_sqlite
def test_a_merge_that_fails_leaves_nothing_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    adapter = make_adapter_checkpoint(project)
    job_id = merging.start(actor, adapter.id)
    of_killed = settings().folder / "checkpoints" / ".part-merged-999"
    of_killed.mkdir(parents=True)

    def stops_half_way(model: str, adapter: str, folder: Path, *, is_scorer: bool) -> None:
        (folder / "config.json").write_text("{}")
        raise EngineError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(_merging, "write", stops_half_way)
        assert work(job_id) == 1
    failed = merging.get(actor, job_id)
    assert (failed.status, failed.error, failed.merged_id) == (JobStatus.failed, "The disk is full.", None)
    assert list((settings().folder / "checkpoints").iterdir()) == []
    assert [row.name for row in checkpoints.tree(actor, project.id)] == ["tiny", "lora"]
    with session() as db:
        transitions.resume(db, job_id)
    rows.make_checkpoint(project, "lora-merged")  # somebody takes the name meanwhile
    assert work(job_id) == 0
    result = merging.get(actor, job_id)
    assert result.merged_id is not None
    assert checkpoints.detail(actor, result.merged_id).row.name == result.name == "lora-merged-2"


@pytest.mark.on_sqlite
def test_what_cannot_be_merged_is_refused_and_one_at_work_is_kept() -> None:
    project = rows.make_project()
    actor = rows.make_actor(project, Role.curator)
    adapter = make_adapter_checkpoint(project)
    inner = adapter.engine
    wrapped = rows.make_checkpoint(
        project, "around", parent=adapter, engine={"name": "self_refine", "inner": inner}, kind="wrapper"
    )
    for checkpoint_id, reply in ((adapter.parent_id, "tiny is no adapter"), (wrapped.id, "way to use a model")):
        assert checkpoint_id is not None
        with pytest.raises(InvalidInput, match=reply):
            merging.start(actor, checkpoint_id)
    with pytest.raises(Conflict, match="named 'tiny'"):
        merging.start(actor, adapter.id, "tiny")
    job_id = merging.start(actor, adapter.id, "whole")
    with pytest.raises(Conflict, match=f"Job {job_id} is at work and merges lora already"):
        merging.start(actor, adapter.id, "again")
    checkpoints.delete(actor, wrapped.id)
    with pytest.raises(Conflict, match=f"Job {job_id} is at work and merges the checkpoint lora"):
        checkpoints.delete(actor, adapter.id)
    shutil.rmtree(settings().folder / "models" / "lora")
    assert work(job_id) == 1
    left = settings().folder / "checkpoints" / f"merged-{job_id}-0123abcd"
    forgotten = left.with_name("merged-998-0123abcd")  # its job ended well
    for folder in (left, forgotten):
        folder.mkdir(parents=True)
    shutil.rmtree(merge._part_for(999, left))
    assert (left.exists(), forgotten.exists()) == (False, True)
    assert "adapter" in str(merging.get(actor, job_id).error)
