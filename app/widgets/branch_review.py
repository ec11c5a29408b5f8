"""What the form of a new round keeps of the round that it follows or branches off, and who reviews a branch."""

from typing import Any

import gradio as gr

from backend import recipes
from backend.services import rounds
from backend.services.access import Actor
from backend.services.rounds import Plan
from backend.translations import N_, gettext

REVIEWED = N_("The round waits after judging until somebody closes the review.")
BLIND = N_("The judge's view is hidden until the reviewer decides.")
NOT_ASKED = N_(
    "This branch begins after people's review, so nobody is asked again; what people decided is copied with the texts."
)
ORIGIN = ("parent_id", "branch_of", "branch_step")
"""What of a plan no field shows: the round that it follows, and the one that it branches off."""
FIELDS = ("is_reviewed", "is_blind")
"""What no field shows either where a branch begins after people's review: the rounds that follow it keep it."""


def is_after_review(actor: Actor, plan: Plan) -> bool:
    """Whether the plan is that of a branch which begins after people's review."""
    if plan.branch_of is None:
        return False
    return recipes.read(plan.recipe).is_after_people(plan.branch_step, rounds.get(actor, plan.branch_of).phase)


def origin_of(actor: Actor, plan: Plan) -> dict[str, Any]:
    """What of a plan no field shows."""
    return {name: getattr(plan, name) for name in (*ORIGIN, *(FIELDS if is_after_review(actor, plan) else ()))}


def fields(actor: Actor, plan: Plan) -> list[gr.Checkbox]:
    """*People review* and *Blind*; neither ticked nor live where a branch begins after people's review."""
    if is_after_review(actor, plan):
        return [gr.Checkbox(value=False, info=gettext(NOT_ASKED), interactive=False) for _ in FIELDS]
    return [
        gr.Checkbox(value=plan.is_reviewed, info=gettext(REVIEWED), interactive=True),
        gr.Checkbox(value=plan.is_blind, info=gettext(BLIND), interactive=True),
    ]
