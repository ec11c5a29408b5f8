"""A round's judge: its light, letting a held round train, second thoughts as a branch, and the project's limits."""

from dataclasses import replace
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.depends import Asking
from app.api.rounds import StartedRoundJob
from backend.boundary import Data, Id, RecipeOrName, Text
from backend.services import judge_health, plans, rounds
from backend.services.judge_health import Health, HealthLimits
from backend.services.plans import branches, recipe_choice
from backend.services.rounds import RoundView

router = APIRouter(tags=["rounds"])


class HoldReason(BaseModel):
    """Why a held round may train all the same."""

    reason: Text


class Branch(BaseModel):
    """`at`: the stage from which the branch goes its own way. The rest differs from the round it branches off.

    `changes` and `recipe` as for `POST .../rounds`; steps before the branch stay as they were. A `judge_id` of null is
    a choice: the policy judges. `is_reviewed`: true is refused where the branch begins after people's review.
    """

    at: Literal["judge", "select", "train"] = "judge"
    recipe: RecipeOrName | None = None
    changes: Data | None = None
    judge_id: Id | None = None
    reference_id: Id | None = None
    held_out_set_ids: tuple[Id, ...] | None = None
    mix_set_ids: tuple[Id, ...] | None = None
    is_reviewed: bool | None = None
    review: Data | None = None


@router.get("/rounds/{round_id}/judge")
def get_judge(actor: Asking, round_id: Id) -> Health:
    """The judge's light with the numbers behind it; unknown ones say what is missing."""
    return judge_health.of_round(actor, round_id)


@router.post("/rounds/{round_id}/release", status_code=202)
def release(actor: Asking, round_id: Id, body: HoldReason) -> StartedRoundJob:
    """Let a round train that its judge's red light holds; the reason is kept."""
    return StartedRoundJob(job_id=judge_health.release(actor, round_id, body.reason))


@router.post("/rounds/{round_id}/branch", status_code=201)
def branch(actor: Asking, round_id: Id, body: Branch) -> RoundView:
    """Judge, select or train the texts of a round otherwise, in a new round; nothing is sampled again."""
    project_id = rounds.get(actor, round_id).project_id
    plan = plans.branch(actor, round_id, body.at)
    if body.recipe is not None or body.changes:
        plan = recipe_choice.chosen(actor, project_id, plan, body.recipe, body.changes)
    if body.is_reviewed is not None:
        plan = branches.with_review(plan, is_reviewed=body.is_reviewed)
    given = body.model_dump(exclude_unset=True, exclude={"at", "recipe", "changes", "is_reviewed"})
    plan = replace(plan, **{name: value for name, value in given.items() if value is not None or name == "judge_id"})
    return rounds.get(actor, rounds.launch(actor, project_id, plan))


@router.get("/projects/{project_id}/judge-limits")
def get_limits(actor: Asking, project_id: Id) -> HealthLimits:
    """When the judge's light turns amber or red, and whether red holds a round."""
    return judge_health.limits_of(actor, project_id)


@router.patch("/projects/{project_id}/judge-limits")
def set_limits(actor: Asking, project_id: Id, body: dict[str, bool | int | float | None]) -> HealthLimits:
    """Change some of the limits; null sets one back to its default."""
    return judge_health.set_limits(actor, project_id, body)
