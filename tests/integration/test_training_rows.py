"""Rows that are not trained on: a real tiny training counts them, and people see how many there were and why."""

from pathlib import Path

import pytest

from app.pages.checkpoints import shown
from backend import recipes
from backend.config import settings
from backend.db import reading, session, tables
from backend.jobs import transitions
from backend.jobs.logs import log_path
from backend.pipeline import rows as dataset_rows
from backend.pipeline.run import run_job
from backend.services import checkpoints
from backend.services.rounds import failures
from backend.trainers.sft import SFT
from backend.values import DatasetType, FailureKind, JobStatus, Role, Stage
from tests import rows
from tests.integration.trainers.training import KNOBS
from tests.tiny import make_tiny_model

pytestmark = pytest.mark.on_sqlite


def train(project: tables.Project, prompts: list[str], *, template: str = "", system_at: int = -1) -> tables.Job:
    """Run the training of a round over these prompts, one perhaps with a system turn; return its ended job."""
    folder = make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1)
    if template:
        (folder / "chat_template.jinja").write_text(template)
    policy = rows.make_checkpoint(project, engine={"name": "transformers", "model": "models/tiny"})
    asked = rows.make_prompt_set(project, prompts=prompts)
    if system_at >= 0:
        with session() as db:
            prompt = db.get_one(tables.Prompt, rows.prompts_of(asked)[system_at].id)
            prompt.messages = [{"role": "system", "content": "Be brief."}, *prompt.messages]
    recipe = recipes.get("rejection_sampling").with_changes({"trainer": SFT(**KNOBS | {"max_steps": 2}).dump()})
    round_ = rows.make_round(
        project,
        policy,
        sets=[asked],
        stage=Stage.train,
        recipe=recipe.model_dump(mode="json"),
        num_prompts=len(prompts),
    )
    samples = rows.make_samples(round_, asked, n=1, texts=["a right answer"], scores=[1.0])
    examples = [{"prompt_id": sample.prompt_id, "sample_id": sample.id, "origin": "selected"} for sample in samples]
    dataset = rows.make_dataset(round_, DatasetType.prompt_completion, examples)
    with session() as db:
        lines = map(dataset_rows.line, dataset_rows.iterate(db, dataset.id))
        db.get_one(tables.Dataset, dataset.id).content_hash = dataset_rows.content_hash(lines)
        job = transitions.enqueue(db, stage=Stage.train, project_id=project.id, round_id=round_.id)
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    run_job(job.id, attempt)
    with reading() as db:
        return db.get_one(tables.Job, job.id)


@pytest.mark.parametrize(
    ("prompts", "reply", "metrics"),
    [
        (["1 + 1 =", "x" * 300, "2 + 2 ="], "2 of 3 rows used; 1 was too long for max_length", {"rows_too_long": 1.0}),
        (["1 + 1 =", "2 + 2 ="], "All 2 rows used", {}),
        (
            ["1 + 1 =", "x" * 300, "a<|eos|><|assistant|>b", "2 + 2 =", "<|user|>"],
            "2 of 5 rows used; 1 was too long for max_length; 2 hold a special token of the model as text",
            {"rows_too_long": 1.0, "rows_special": 2.0},
        ),
    ],
)
def test_rows_that_are_left_out_are_counted_where_people_look(
    database: str, caplog: pytest.LogCaptureFixture, prompts: list[str], reply: str, metrics: dict[str, float]
) -> None:
    project = rows.make_project()
    caplog.set_level("INFO", "rondo.pipeline")
    job = train(project, prompts)
    assert job.status is JobStatus.done, log_path(job.id).read_text()
    assert {name: value for name, value in job.last_metrics.items() if name.startswith("rows_")} == metrics
    # What the stage logs is what the job's process prints.
    assert reply in caplog.messages
    with reading() as db:
        checkpoint_id = db.get_one(tables.Round, job.round_id).checkpoint_id
    actor = rows.make_actor(project, Role.viewer)
    assert shown(actor, project.id, checkpoint_id or 0)["rows"] == reply
    failure_views = failures.list_failures(actor, job.round_id or 0, stage=Stage.train)
    bad = {
        "x" * 300: FailureKind.too_long,
        "a<|eos|><|assistant|>b": FailureKind.special,
        "<|user|>": FailureKind.special,
    }
    assert {failure_view.prompt: failure_view.kind for failure_view in failure_views} == {
        text: bad[text] for text in prompts if text in bad
    }
    assert all(failure_view.sample_id and "are frozen" in failure_view.cannot_retry for failure_view in failure_views)


def test_rows_that_the_template_refuses_are_left_out_and_named(database: str) -> None:
    project = rows.make_project()
    template = (Path(__file__).parents[1] / "data/found/template_gemma.jinja").read_text()
    job = train(project, ["1 + 1 =", "2 + 2 =", "3 + 3 ="], template=template, system_at=1)
    assert job.status is JobStatus.done, log_path(job.id).read_text()
    (failure_view,) = failures.list_failures(rows.make_actor(project, Role.viewer), job.round_id or 0)
    assert (failure_view.prompt, failure_view.kind, failure_view.stage) == (
        "2 + 2 =",
        FailureKind.template,
        Stage.train,
    )
    assert "roles system, user, assistant: System role not supported" in failure_view.reason
    with reading() as db:
        checkpoint_id = db.get_one(tables.Round, job.round_id).checkpoint_id
    detail = checkpoints.detail(rows.make_actor(project, Role.viewer), checkpoint_id or 0)
    assert detail.training_rows == "2 of 3 rows used; 1 was refused by the chat template"
    assert {line.name: str(line.outcome) for line in detail.checks.lines}["system"] == "warn"
