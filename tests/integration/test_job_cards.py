"""What the list and the card of a job say: of its step, and of one that did nothing yet, or never will."""

import pytest

from app.pages.jobs.drawing import card_value, table_row
from backend.db import session, tables
from backend.services.projects import overview
from backend.services.rounds import job_views
from backend.values import JobStatus, Role, RoundStatus, Stage
from tests import rows
from tests.integration.stepped import Stepped


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (JobStatus.queued, "Waits in the queue."),
        (JobStatus.cancelled, "Ended before it did anything."),
        (JobStatus.failed, "Ended before it did anything."),
    ],
)
def test_a_job_that_ended_in_the_queue_does_not_wait_in_it(database: str, status: JobStatus, text: str) -> None:
    project = rows.make_project()
    with session() as db:
        job = tables.Job(
            project_id=project.id, workflow_id="w", stage=Stage.generate, queue="generate", status=status, spec={}
        )
        db.add(job)
        db.flush()
        job_id = job.id
    job_detail = job_views.get(rows.make_actor(project, Role.viewer), job_id)
    assert card_value(job_detail.job)["progress"] == text


@pytest.mark.usefixtures("database")
def test_a_job_says_which_step_of_its_recipe_it_runs() -> None:
    result = Stepped(phase=1, status=RoundStatus.running)
    reply = {
        result.stop(stage, step, JobStatus.done): words
        for stage, step, words in (
            (Stage.generate, 1, "phase 2, step 2 of 11: generator sample (answers)"),
            (Stage.judge, 4, "phase 2, step 5 of 11: judge read_score"),
            (Stage.train, 10, "phase 2, step 11 of 11: trainer dpo"),
            (Stage.evaluate, 11, ""),
        )
    }
    listed = {job.id: job for job in job_views.list_jobs(result.curator, result.project.id)}
    assert {n: job.step for n, job in listed.items()} == reply
    for job_id, words in reply.items():
        job = job_views.get(result.curator, job_id).job
        assert job == listed[job_id]
        assert card_value(job)["title"] == f"Job {job_id}: {words or 'evaluate'}, round 1"
        assert table_row(job)[2] == words or "evaluate"


@pytest.mark.usefixtures("database")
def test_the_overview_says_at_which_step_a_round_is() -> None:
    result = Stepped("star", status=RoundStatus.running, stage=Stage.judge, step=6)
    job_id = result.stop(Stage.judge, 6, JobStatus.running)
    with session() as db:
        job = db.get_one(tables.Job, job_id)
        job.active_key, job.done, job.total, job.unit = result.round.id, 3, 12, "samples"
    action = overview.loop(result.curator, result.project.id).next_action
    assert (action.why, action.far) == ("Round 1 is in step 7 of 9, judge exact_match:", "3 of 12 samples.")


@pytest.mark.usefixtures("database")
def test_a_job_of_slots_says_its_stage() -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    with session() as db:
        db.add(
            tables.Job(
                project_id=project.id,
                round_id=round_.id,
                workflow_id="w",
                stage=Stage.judge,
                step=2,
                queue="generate",
                status=JobStatus.done,
                spec={},
            )
        )
    (job,) = job_views.list_jobs(rows.make_actor(project, Role.viewer), project.id)
    assert (job.step, table_row(job)[2]) == ("", "judge")
