"""Pairs of a judged round: what knobs come to, and making them the round's selector."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.depends import Asking
from backend.boundary import Id, Line
from backend.services.pairs import choosing, previews
from backend.services.pairs.choosing import SelectingRound
from backend.services.pairs.previews import PairPreview

router = APIRouter(tags=["pairs"])


class PairKnobs(BaseModel):
    """`knobs`: those of the selector `margin_pairs`; what is left out has its default. `token`: of an earlier answer,
    so that the samples are not loaded again."""

    knobs: dict[str, Any] = Field(default_factory=dict)
    token: Line = ""


@router.post("/rounds/{round_id}/pairs/preview")
def preview(actor: Asking, round_id: Id, body: PairKnobs) -> PairPreview:
    """Pair the round's samples with these knobs, and change nothing."""
    return previews.preview(actor, round_id, body.knobs, token=body.token)


@router.post("/rounds/{round_id}/pairs")
def choose(actor: Asking, round_id: Id, body: PairKnobs) -> SelectingRound:
    """Make these knobs the round's selector; a round that stopped selects again at once, and of one that has its
    checkpoint a branch is launched."""
    return choosing.choose(actor, round_id, body.knobs)
