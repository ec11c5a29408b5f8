"""Arenas: blind matches of two checkpoints. What a match sends says nothing of whose answers they are."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.depends import Asking
from backend.boundary import Id, Line
from backend.services.arena import opening, results, voting
from backend.services.arena.results import ArenaView
from backend.services.arena.voting import ShownMatch

router = APIRouter(tags=["arenas"])


class NewArena(BaseModel):
    """`judge_id`: the checkpoint that plays the same matches, if any does."""

    first_id: Id
    second_id: Id
    number: int = Field(opening.USUAL, ge=opening.FEWEST, le=opening.MOST)
    judge_id: Id | None = None


class VoteRequest(BaseModel):
    """`token`: of the match that was sent; `choice`: left, right, tie, or none where both are bad."""

    token: Line
    choice: Line
    seconds: float | None = Field(None, ge=0, allow_inf_nan=False)


@router.get("/projects/{project_id}/arenas")
def list_arenas(actor: Asking, project_id: Id) -> list[ArenaView]:
    """Newest first; without names and results where you have matches to decide."""
    return results.list_arenas(actor, project_id)


@router.post("/projects/{project_id}/arenas", status_code=201)
def open_arena(actor: Asking, project_id: Id, body: NewArena) -> ArenaView:
    """Draw matches from the held-out answers of two checkpoints."""
    arena_id = opening.open_arena(
        actor, project_id, body.first_id, body.second_id, number=body.number, judge_id=body.judge_id
    )
    return results.get(actor, arena_id)


@router.get("/arenas/{arena_id}")
def get_arena(actor: Asking, arena_id: Id) -> ArenaView:
    return results.get(actor, arena_id)


@router.get("/arenas/{arena_id}/match")
def get_match(actor: Asking, arena_id: Id) -> ShownMatch:
    """The next match that you have not decided; `token` is empty where there is none."""
    return voting.next_match(actor, arena_id)


@router.post("/arenas/{arena_id}/decisions")
def decide(actor: Asking, arena_id: Id, body: VoteRequest) -> ShownMatch:
    """Say which side is better; returns the next match."""
    return voting.decide(actor, arena_id, body.token, body.choice, seconds=body.seconds)


@router.post("/arenas/{arena_id}/decisions/undo")
def take_back(actor: Asking, arena_id: Id) -> ShownMatch:
    """Take your last word back; returns that match."""
    return voting.take_back(actor, arena_id)
