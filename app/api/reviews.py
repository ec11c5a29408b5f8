"""Review: what to decide next, decisions, taking them back, closing."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.depends import Asking
from backend.services import leases, review_queue, reviews
from backend.services.decisions import Act
from backend.services.leases import Holding
from backend.services.review_queue import Item, Order
from backend.services.reviews import Closing, Decided, Progress

router = APIRouter(tags=["reviews"])

Several = Annotated[tuple[int, ...], Query(max_length=500)]
Few = Annotated[int, Query(ge=1, le=100, description="how many at most")]


class Acts(BaseModel):
    """Written in order, all or none. Sending a `client_id` again changes nothing."""

    decisions: list[Act] = Field(min_length=1, max_length=200)


class Wanted(BaseModel):
    """`held`: what the program has already and does not want again."""

    order: Order = Order.worth
    limit: int = Field(20, ge=1, le=100)
    after: int = 0
    held: list[int] = Field(default=[], max_length=1000)


class Undo(BaseModel):
    """A `client_id` makes it safe to send again."""

    client_id: str = ""


class Closed(BaseModel):
    """The job that goes on with the round."""

    job_id: int


@router.get("/rounds/{round_id}/review")
def get_progress(actor: Asking, round_id: int) -> Progress:
    return reviews.progress(actor, round_id)


@router.get("/rounds/{round_id}/review/queue")
def get_queue(
    actor: Asking, round_id: int, order: Order = Order.sequential, limit: Few = 20, after: int = 0
) -> list[Item]:
    """Look at the next items; nothing is reserved. In sequential order, `after` is the number of the last one there."""
    return review_queue.queue(actor, round_id, order=order, limit=limit, after=after, peek=True)


@router.post("/rounds/{round_id}/review/claims")
def claim(actor: Asking, round_id: int, body: Wanted) -> list[Item]:
    """Take the next items: they are reserved until each one's `lease_until`, and asking again gives them again."""
    return review_queue.queue(actor, round_id, order=body.order, limit=body.limit, after=body.after, held=body.held)


@router.get("/rounds/{round_id}/review/holders")
def list_holders(
    actor: Asking, round_id: int, sample_id: Annotated[tuple[int, ...], Query(max_length=500)] = ()
) -> list[Holding]:
    """Who has reserved or decided these items."""
    return leases.holders(actor, round_id, sample_id)


@router.post("/rounds/{round_id}/decisions", status_code=201)
def decide(actor: Asking, round_id: int, body: Acts) -> list[Decided]:
    return reviews.decide_many(actor, round_id, body.decisions)


@router.post("/rounds/{round_id}/decisions/undo")
def undo(actor: Asking, round_id: int, body: Undo) -> Decided:
    """Take back one's last decision in the round."""
    return reviews.undo(actor, round_id, body.client_id)


@router.get("/rounds/{round_id}/review/closing")
def get_closing(actor: Asking, round_id: int) -> Closing:
    """What closing the review now would go on with."""
    return reviews.closing(actor, round_id)


@router.post("/rounds/{round_id}/review/close")
def close(actor: Asking, round_id: int) -> Closed:
    return Closed(job_id=reviews.close(actor, round_id))
