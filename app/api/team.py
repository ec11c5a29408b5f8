"""The team of a round: agreement, everybody's figures, taking work out; and ending somebody's access."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from app.api.depends import Asking, file_of
from backend.boundary import Id, Line, Note
from backend.services.people import accounts
from backend.services.team import agreement, performance, performance_csv, removals, reviewers
from backend.services.team.agreement import Agreement
from backend.services.team.performance import Performance
from backend.services.team.removals import Removal, RemovalPreview
from backend.services.team.reviewers import Reviewer

router = APIRouter(tags=["team"])

Rounds = Annotated[int, Query(ge=1, le=50, description="how many of the newest")]


class GivenReason(BaseModel):
    reason: Note


class Restored(BaseModel):
    """How many decisions stay out, because others have decided those items meanwhile."""

    taken_by_others: int


class Ended(BaseModel):
    sessions: int


@router.get("/rounds/{round_id}/agreement")
def get_agreement(actor: Asking, round_id: Id) -> Agreement:
    return agreement.measure(actor, round_id)


@router.get("/rounds/{round_id}/reviewers")
def list_reviewers(actor: Asking, round_id: Id) -> list[Reviewer]:
    """Most decisions first."""
    return reviewers.everyone(actor, round_id)


@router.get("/rounds/{round_id}/reviewers/me")
def get_mine(actor: Asking, round_id: Id) -> Reviewer:
    return reviewers.mine(actor, round_id)


@router.get("/projects/{project_id}/performance")
def list_performance(actor: Asking, project_id: Id, rounds: Rounds = 20) -> list[Performance]:
    """Everybody's figures in each of the newest reviewed rounds, oldest first."""
    return performance.everyone(actor, project_id, rounds=rounds)


@router.get("/projects/{project_id}/performance/csv", **file_of("text/csv"))
def download_performance(actor: Asking, project_id: Id, rounds: Rounds = 20) -> Response:
    """The same as a table."""
    text = performance_csv.as_csv(performance.everyone(actor, project_id, rounds=rounds))
    head = {"content-disposition": f'attachment; filename="people-of-project-{project_id}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=head)


@router.get("/projects/{project_id}/performance/me")
def list_my_performance(actor: Asking, project_id: Id, rounds: Rounds = 20) -> list[Performance]:
    """One's own figures; of a review that goes on less is told."""
    return performance.mine(actor, project_id, rounds=rounds)


@router.get("/rounds/{round_id}/removals")
def list_removals(actor: Asking, round_id: Id) -> list[Removal]:
    return removals.history(actor, round_id)


@router.get("/rounds/{round_id}/reviewers/{user_id}/removal")
def preview_removal(actor: Asking, round_id: Id, user_id: Id) -> RemovalPreview:
    """What taking this person's work out of the round would change."""
    return removals.preview(actor, round_id, user_id)


@router.post("/rounds/{round_id}/reviewers/{user_id}/removal", status_code=201)
def remove(actor: Asking, round_id: Id, user_id: Id, body: GivenReason) -> Removal:
    return removals.remove(actor, round_id, user_id, reason=body.reason)


@router.post("/rounds/{round_id}/removals/{removal_id}/undo")
def undo_removal(actor: Asking, round_id: Id, removal_id: Line) -> Restored:
    return Restored(taken_by_others=removals.undo(actor, round_id, removal_id))


@router.post("/users/{user_id}/reactivate", status_code=204)
def reactivate(actor: Asking, user_id: Id) -> None:
    accounts.reactivate(actor, user_id)


@router.post("/users/{user_id}/end-sessions")
def end_sessions(actor: Asking, user_id: Id) -> Ended:
    return Ended(sessions=accounts.end_sessions(actor, user_id))
