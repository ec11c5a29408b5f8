"""What the card of a job says of one that did nothing yet, or never will."""

import pytest

from app.pages.jobs import card_value
from backend.db import session, tables
from backend.services import jobs
from backend.values import JobStatus, Role, Stage
from tests import rows


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (JobStatus.queued, "Waits in the queue."),
        (JobStatus.cancelled, "Ended before it did anything."),
        (JobStatus.failed, "Ended before it did anything."),
    ],
)
def test_a_job_that_ended_in_the_queue_does_not_wait_in_it(database: str, status: JobStatus, said: str) -> None:
    project = rows.make_project()
    with session() as db:
        job = tables.Job(
            project_id=project.id, workflow_id="w", stage=Stage.generate, queue="generate", status=status, spec={}
        )  # fmt: skip
        db.add(job)
        db.flush()
        job_id = job.id
    found = jobs.get(rows.make_actor(project, Role.viewer), job_id)
    assert card_value(found.job)["progress"] == said
