"""People see the jobs of their projects only, and may stop and start them if they are curators."""

from datetime import timedelta

import pytest

from backend import jobs
from backend.db import now, reading, session, tables
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.jobs import transitions
from backend.services.rounds import job_views as service
from backend.values import JobStatus, Role, RoundStatus, Stage
from tests import rows

pytestmark = pytest.mark.usefixtures("database")


def make_job(project: tables.Project, stage: Stage = Stage.generate) -> tables.Job:
    round_ = rows.make_round(project)
    with session() as db:
        return jobs.enqueue(db, stage=stage, project_id=project.id, round_id=round_.id)


def change(job: tables.Job, **columns: object) -> None:
    with session() as db:
        row = db.get_one(tables.Job, job.id)
        for name, value in columns.items():
            setattr(row, name, value)


def test_list_pages_newest_first_and_keeps_to_the_project() -> None:
    project, other = rows.make_project(), rows.make_project()
    ids = [make_job(project).id for _ in range(5)]
    make_job(other)
    viewer = rows.make_actor(project, Role.viewer)
    first = service.list_jobs(viewer, project.id, limit=3)
    second = service.list_jobs(viewer, project.id, limit=3, before_id=first[-1].id)
    assert [job.id for job in first + second] == ids[::-1]
    assert [job.round_number for job in first + second] == [5, 4, 3, 2, 1]


def test_time_left_follows_from_the_rate() -> None:
    project = rows.make_project()
    job = make_job(project)
    transitions.start(job.id, job.workflow_id, "host-0")
    change(job, done=30, total=100, unit="prompts", rate=3.5, started_at=now() - timedelta(seconds=10), log_tail="a\n")
    detail = service.get(rows.make_actor(project, Role.viewer), job.id)
    assert detail.job.seconds_left == 20
    assert detail.job.fraction == 0.3
    assert 10 <= detail.job.seconds < 600
    assert detail.log_tail == "a\n"
    assert (detail.job.can_cancel, detail.job.can_resume, detail.job.can_retry) == (True, False, False)


def test_queued_job_says_when_no_worker_would_take_it() -> None:
    project = rows.make_project()
    job = make_job(project, Stage.train)
    viewer = rows.make_actor(project, Role.viewer)
    assert "rondo worker --queues train" in service.get(viewer, job.id).job.waits_for
    with session() as db:
        values = {"id": "h-0", "host": "h", "process_id": 1, "queues": "generate,train"}
        db.add(tables.Executor(started_at=now(), heartbeat_at=now(), **values))
    assert service.get(viewer, job.id).job.waits_for == ""


def test_curves_are_ordered_and_thinned() -> None:
    project = rows.make_project()
    job = make_job(project)
    with session() as db:
        db.add_all(tables.JobPoint(job_id=job.id, name="loss", step=step, value=step / 2) for step in range(2501))
        db.add(tables.JobPoint(job_id=job.id, name="rewards/margins", step=7, value=-1.0))
    curves = service.curves(rows.make_actor(project, Role.viewer), job.id)
    assert curves["rewards/margins"] == [(7, -1.0)]
    assert len(curves["loss"]) <= service.CURVE_POINTS + 1
    assert curves["loss"][:2] == [(0, 0.0), (3, 1.5)]
    assert curves["loss"][-1] == (2500, 1250.0)


def test_curator_cancels_and_resumes_with_the_round_following() -> None:
    project = rows.make_project()
    job, curator = make_job(project), rows.make_actor(project, Role.curator)

    def states() -> tuple[JobStatus, RoundStatus]:
        with reading() as db:
            row = db.get_one(tables.Job, job.id)
            return row.status, db.get_one(tables.Round, row.round_id).status

    service.cancel(curator, job.id)
    service.cancel(curator, job.id)
    assert states() == (JobStatus.cancelled, RoundStatus.cancelled)
    assert service.get(curator, job.id).job.can_resume
    service.resume(curator, job.id)
    assert states() == (JobStatus.queued, RoundStatus.running)
    change(job, status=JobStatus.failed, active_key=None)
    assert service.get(curator, job.id).job.can_retry
    service.retry(curator, job.id)
    assert states() == (JobStatus.queued, RoundStatus.running)
    change(job, status=JobStatus.done, active_key=None)
    with pytest.raises(Conflict):
        service.retry(curator, job.id)


def test_reviewer_may_look_but_not_touch_and_a_stranger_sees_nothing() -> None:
    project = rows.make_project()
    job = make_job(project)
    reviewer = rows.make_actor(project, Role.reviewer)
    assert service.get(reviewer, job.id).job.id == job.id
    for act in (service.cancel, service.resume, service.retry):
        with pytest.raises(PermissionDenied):
            act(reviewer, job.id)
    stranger = rows.make_actor(rows.make_project(), Role.admin)
    for act in (service.get, service.curves, service.cancel, service.resume, service.retry):
        with pytest.raises(NotFound, match=f"There is no job {job.id} here"):
            act(stranger, job.id)
        with pytest.raises(NotFound, match="There is no job 999 here"):
            act(stranger, 999)
