"""Near-duplicates of a round: looked for by a worker, marked, and listed by a filter."""

import pytest

from app.pages.samples import near_duplicates as page
from backend.db import reading, session, tables
from backend.db.filters import Filters
from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.services import samples, stage_process
from backend.services.samples import near_duplicates, round_jobs
from backend.values import JobStatus, Role
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.usefixtures("database")
TEXT = "a green spider has eight legs and it likes to run over the wall at night"


def work(job_id: int) -> None:
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    others = {stage_process.NEAR_DUPLICATES: stage_process.look_for_near_duplicates}
    assert run_job(job_id, transitions.start(job.id, job.workflow_id, "here") or 0, others=others) == 0


def test_they_are_marked_and_listed_or_all_but_the_first_left_out() -> None:
    project = rows.make_project()
    prompt_set = rows.make_prompt_set(project, prompts=["1", "2", "3"])
    round_ = rows.make_round(project, sets=[prompt_set])
    texts = [TEXT, "yes", TEXT + " again", "yes", "no", "no"]
    written = rows.make_samples(round_, prompt_set, texts=texts, scores=[1.0])
    ids = [sample.id for sample in written]
    curator, viewer = rows.make_actor(project, Role.curator), rows.make_actor(project, Role.viewer)
    with pytest.raises(PermissionDenied):
        round_jobs.start(viewer, round_.id, near_duplicates.WORK)
    job_id = round_jobs.start(curator, round_.id, near_duplicates.WORK)
    with pytest.raises(Conflict, match=f"Job {job_id}"):
        round_jobs.start(curator, round_.id, near_duplicates.WORK)
    work(job_id)
    done = near_duplicates.newest(viewer, round_.id)
    assert done is not None
    assert (done.num_marked, done.num_sets, done.num_left, done.done) == (4, 2, 0, 6)
    assert "4 of 6 samples are in 2 near-duplicate sets" in page.state_value(done)["text"]

    def listed(filters: Filters) -> dict[int, int | None]:
        return {row.id: row.near_duplicate_of for row in samples.page(viewer, round_.id, filters).rows}

    marked = {ids[0]: ids[0], ids[2]: ids[0], ids[4]: ids[4], ids[5]: ids[4]}
    assert listed(Filters(duplicates="marked")) == marked
    assert set(listed(Filters(duplicates="first"))) == {ids[0], ids[1], ids[3], ids[4]}
    assert set(listed(Filters(duplicates="first", text="yes"))) == {ids[1], ids[3]}
    assert listed(Filters())[ids[1]] is None
    with pytest.raises(InvalidInput, match="duplicates: there is no 'some'"):
        Filters(duplicates="some")
    work(round_jobs.start(curator, round_.id, near_duplicates.WORK))
    assert listed(Filters(duplicates="marked")) == marked, "looked for again, the marks are replaced"
    with site.with_token(viewer) as client:
        told = client.get(f"/api/v1/rounds/{round_.id}/samples", params={"duplicates": "marked", "limit": 1}).json()
        assert told["items"][0]["near_duplicate_of"] == ids[0]
        assert client.get(f"/api/v1/rounds/{round_.id}/near-duplicates").json()["num_sets"] == 2


def test_what_a_worker_of_before_the_update_told_is_read() -> None:
    project = rows.make_project()
    round_, viewer = rows.make_round(project), rows.make_actor(project, Role.viewer)
    job_id = round_jobs.start(rows.make_actor(project, Role.curator), round_.id, near_duplicates.WORK)
    with session() as db:
        job = db.get_one(tables.Job, job_id)
        job.status = JobStatus.done
        job.spec = job.spec | {"result": {"num_marked": 4, "num_clusters": 2, "num_left": 0}}
    assert "in 2 near-duplicate sets" in page.state_value(near_duplicates.newest(viewer, round_.id))["text"]
