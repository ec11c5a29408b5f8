"""Templates of judges, rewritten by a model from people's labels."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app.api.depends import Asking
from backend.boundary import Id
from backend.services import rewrites
from backend.services.plans.plan import Plan
from backend.services.rewrites.shapes import Offer, RewriteRow, RewriteView

router = APIRouter(tags=["rounds"])
Number = Annotated[int, Query(alias="rewrites", ge=1, le=rewrites.MOST)]


class NewRewrite(BaseModel):
    """`reflector_id`: the checkpoint that writes templates; `rewrites`: how many, at most."""

    reflector_id: Id
    rewrites: int = Field(rewrites.USUAL, ge=1, le=rewrites.MOST)


@router.get("/rounds/{round_id}/template-rewrite-offer")
def get_offer(actor: Asking, round_id: Id, number: Number = rewrites.USUAL) -> Offer:
    """What rewriting the template of the round's judge would take: labels, and calls of the judge at most."""
    return rewrites.offer(actor, round_id, rewrites=number)


@router.post("/rounds/{round_id}/template-rewrites", status_code=202)
def start_rewrite(actor: Asking, round_id: Id, body: NewRewrite) -> RewriteView:
    """Rewrite the template of the round's judge from people's labels; kept only where better on unseen ones."""
    return rewrites.get(actor, rewrites.start(actor, round_id, body.reflector_id, rewrites=body.rewrites))


@router.get("/projects/{project_id}/template-rewrites")
def list_rewrites(actor: Asking, project_id: Id) -> list[RewriteRow]:
    """Newest first."""
    return rewrites.list_rewrites(actor, project_id)


@router.get("/template-rewrites/{rewrite_id}")
def get_rewrite(actor: Asking, rewrite_id: Id) -> RewriteView:
    return rewrites.get(actor, rewrite_id)


@router.get("/template-rewrites/{rewrite_id}/plan")
def get_plan(actor: Asking, rewrite_id: Id) -> Plan:
    """The next round with the new template, where it was kept."""
    return rewrites.plan(actor, rewrite_id)
