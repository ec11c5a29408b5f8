"""What may be going wrong in a round, and what a project sets of the rules that say so."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.api.depends import Asking
from backend.boundary import Data, Id, Name
from backend.services import warnings
from backend.services.warnings import RowsNamed, WarningView, limits
from backend.services.warnings.limits import RuleView

router = APIRouter(tags=["warnings"])


class RuleKnobs(BaseModel):
    """Knobs of a rule that change; null takes one back to what it is without being set."""

    knobs: Data


@router.get("/rounds/{round_id}/warnings")
def list_warnings(actor: Asking, round_id: Id) -> list[WarningView]:
    """The lights of a round, red ones first; empty before it was evaluated."""
    return list(warnings.of_round(actor, round_id))


@router.get("/rounds/{round_id}/warnings/{name}")
def get_warning(actor: Asking, round_id: Id, name: Name) -> RowsNamed:
    """One light, with the texts and prompts that it speaks of."""
    return warnings.rows(actor, round_id, name)


@router.get("/projects/{project_id}/warning-rules")
def list_rules(actor: Asking, project_id: Id) -> list[RuleView]:
    """All rules, with their knobs as the project has them."""
    return list(limits.listed(actor, project_id))


@router.patch("/projects/{project_id}/warning-rules/{name}")
def edit_rule(actor: Asking, project_id: Id, name: Name, body: RuleKnobs) -> RuleView:
    """Set knobs of a rule; they count from the next round on that is evaluated."""
    return limits.edit(actor, project_id, name, body.knobs)
