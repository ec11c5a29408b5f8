"""Trainings: what they logged, and what each is about to do before its first step."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.depends import Asking
from backend.boundary import Id
from backend.services.rounds import preflights, training_curves
from backend.services.rounds.preflights import Preflight
from backend.services.rounds.training_curves import MOST_ROUNDS, Series

router = APIRouter(tags=["trainings"])


class NewLook(BaseModel):
    """`trainer`: knobs that differ from those of the dataset's round, or a whole part with its name."""

    trainer: dict[str, Any] = Field(default_factory=dict)
    policy_id: Id | None = None
    reference_id: Id | None = None


@router.get("/projects/{project_id}/training-curves")
def get_training_curves(
    actor: Asking, project_id: Id, round_id: Annotated[list[Id] | None, Query(max_length=MOST_ROUNDS)] = None
) -> list[Series]:
    """Every series that the trainings of these rounds logged, by group; without a round none."""
    return training_curves.series(actor, project_id, round_id or [])


@router.post("/datasets/{dataset_id}/preflights", status_code=202)
def look(actor: Asking, dataset_id: Id, body: NewLook) -> Preflight:
    """Do all of a training on these rows that comes before its first step; the report is there once the job is done."""
    job_id = preflights.look(actor, dataset_id, body.trainer, policy_id=body.policy_id, reference_id=body.reference_id)
    return preflights.get(actor, job_id)


@router.get("/preflights/{job_id}")
def get_preflight(actor: Asking, job_id: Id) -> Preflight:
    """A look, or what a training noted on its job before its first step."""
    return preflights.get(actor, job_id)
