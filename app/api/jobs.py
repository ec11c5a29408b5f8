"""Jobs: how far they are, their logs and curves; stopping and going on."""

from fastapi import APIRouter

from app.api.depends import Asking, Before, Limit, Page
from backend.boundary import Id
from backend.services.rounds import job_views
from backend.services.rounds.job_views import JobDetail, JobView

router = APIRouter(tags=["jobs"])


@router.get("/projects/{project_id}/jobs")
def list_jobs(actor: Asking, project_id: Id, limit: Limit = 50, after: Before = None) -> Page[JobView]:
    """Newest first."""
    rows = job_views.list_jobs(actor, project_id, limit=limit + 1, before_id=after)
    return Page(items=rows[:limit], next=str(rows[limit - 1].id) if len(rows) > limit else None)


@router.get("/jobs/{job_id}")
def get_job(actor: Asking, job_id: Id) -> JobDetail:
    return job_views.get(actor, job_id)


@router.get("/jobs/{job_id}/curves")
def get_curves(actor: Asking, job_id: Id) -> dict[str, list[tuple[int, float]]]:
    return job_views.curves(actor, job_id)


@router.post("/jobs/{job_id}/cancel")
def cancel(actor: Asking, job_id: Id) -> JobView:
    job_views.cancel(actor, job_id)
    return job_views.get(actor, job_id).job


@router.post("/jobs/{job_id}/resume")
def resume(actor: Asking, job_id: Id) -> JobView:
    job_views.resume(actor, job_id)
    return job_views.get(actor, job_id).job


@router.post("/jobs/{job_id}/retry")
def retry(actor: Asking, job_id: Id) -> JobView:
    job_views.retry(actor, job_id)
    return job_views.get(actor, job_id).job
