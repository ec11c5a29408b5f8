"""Vectors of samples: made by a worker, for similar samples and clusters."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.depends import Asking
from app.api.sample_filters import Filtering
from backend.boundary import Id
from backend.services.samples import embeddings, round_jobs, sample_clusters, similar
from backend.services.samples.embeddings import EmbeddingJob
from backend.services.samples.sample_clusters import SampleCluster
from backend.services.samples.similar import SimilarSample

router = APIRouter(tags=["samples"])


class StartedVectors(BaseModel):
    """The job that makes vectors."""

    job_id: Id


@router.post("/rounds/{round_id}/vectors", status_code=202)
def make_vectors(actor: Asking, round_id: Id) -> StartedVectors:
    """Have a worker make the vectors that samples of a round lack, and clusters of all of them."""
    return StartedVectors(job_id=round_jobs.start(actor, round_id, embeddings.WORK))


@router.get("/rounds/{round_id}/vectors")
def get_vectors(actor: Asking, round_id: Id) -> EmbeddingJob | None:
    """The last job that made vectors of a round; null before the first."""
    return embeddings.newest(actor, round_id)


@router.get("/rounds/{round_id}/clusters")
def list_clusters(actor: Asking, round_id: Id) -> list[SampleCluster]:
    """The round's clusters, the largest first. The filter `cluster` lists the samples of one."""
    return sample_clusters.list_clusters(actor, round_id)


@router.get("/samples/{sample_id}/similar")
def list_similar(
    actor: Asking, sample_id: Id, filters: Filtering, limit: Annotated[int, Query(ge=1, le=similar.MOST_LISTED)] = 20
) -> list[SimilarSample]:
    """The samples closest to this one, of all rounds of its project that one may see and that pass the filters."""
    return similar.nearest(actor, sample_id, filters, limit)
