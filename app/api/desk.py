"""What an open review desk says now and then: I am here, I hold these, I am leaving."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.depends import Asking
from backend.boundary import Id
from backend.services import access, reviews
from backend.services.decisions import leases
from backend.services.decisions.leases import Holding
from backend.services.reviews import Progress

router = APIRouter(tags=["reviews"])


class Page(BaseModel):
    """`me`: the person the page was made for; somebody else may have signed in beside it."""

    me: Id | None = None


class Beat(Page):
    """Items reserved for the person. `wants_progress`: also count how far the review is."""

    held: list[Id] = Field(default=[], max_length=1000)
    wants_progress: bool = False


class Leaving(Page):
    """The items to give back; without a list, all. `is_gone`: the page is closed, and nobody sits at it."""

    held: list[Id] | None = Field(default=None, max_length=1000)
    is_gone: bool = False


class Heard(BaseModel):
    """Until when what was kept is reserved, and who has what was lost."""

    until: datetime
    kept: list[int]
    lost: list[Holding]
    progress: Progress | None = None


@router.post("/rounds/{round_id}/review/here")
def here(actor: Asking, round_id: Id, body: Beat) -> Heard:
    """Renew reservations and be seen; to be sent every 20 seconds."""
    access.check_same(actor, body.me)
    renewed = leases.renew(actor, round_id, body.held)
    progress = reviews.progress(actor, round_id) if body.wants_progress else None
    return Heard(
        until=renewed.until,
        kept=list(renewed.kept),
        lost=list(renewed.lost),
        progress=progress,
    )


@router.post("/rounds/{round_id}/review/leave", status_code=204)
def leave(actor: Asking, round_id: Id, body: Leaving) -> None:
    """Give back what is not decided; without a list, everything in the round."""
    access.check_same(actor, body.me)
    leases.release(actor, round_id, body.held, is_gone=body.is_gone)
