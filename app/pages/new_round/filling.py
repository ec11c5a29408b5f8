"""What the form of a new round shows of a plan when it is filled, and which plan that comes to."""

from dataclasses import replace
from typing import Any

import gradio as gr

from app.pages.new_round import saved as new_round_saved
from app.pages.new_round import steps
from app.pages.new_round.drafts import about_of, began_of, digest, draft_of, others_of, recipe_choices
from app.pages.new_round.drawing import WAITS, can_start
from app.pages.new_round.estimates import changed, guessed
from app.pages.new_round.rereading import reread
from app.pages.new_round.restoring import RestoredForm
from app.widgets import branch_review, judge_template, round_form
from app.widgets.context import Context
from app.widgets.round_form import plan_of
from backend.db import trouble
from backend.errors import InvalidInput
from backend.services import rounds
from backend.services.projects import overview
from backend.services.recipes import parts
from backend.services.results.starts import base_name
from backend.services.rounds import Plan
from backend.translations import gettext
from backend.values import JSON

DEFAULTS = 0
"""Stands for the project's defaults in the dropdown of starts; below 0, the base checkpoint of that id."""


def filled(here: Context, plan: Plan, before: RestoredForm | None = None, *, is_chosen: bool = False) -> list[Any]:
    """Updates that show a plan in the form: its outputs from the first to the last.

    before: what was typed into the form before, with this plan. is_chosen: a person asked for the plan on the page.
    """
    starts, own = _starts(here), new_round_saved.own(here)
    checkpoints = round_form.every(here.actor, here.project_id)
    at = plan.parent_id or -plan.policy_id
    if starts and at not in {value for _, value in starts}:
        starts.append((gettext("checkpoint {name}").format(name=plan.policy_id), at))
    draft = draft_of(
        plan.recipe,
        began=_as_read(before.began if before else plan),
        checkpoints=checkpoints,
        roles=plan.roles,
        own=own,
        saved=new_round_saved.recipes_of(here),
        parent=_parent(here, plan),
        typed=before.knobs if before else None,
    )
    fields = round_form.filled(here.actor, here.project_id, plan)
    if before:
        at = before.start if before.start in {value for _, value in starts} else at
        fields = [before.beside.get(name, field) for name, field in zip(round_form.names(), fields, strict=True)]
    held = [
        field.constructor_args["value"] if isinstance(field, gr.Dropdown | gr.Checkbox) else field for field in fields
    ]
    told, counted = _counted(here, plan, draft, held)
    origin = branch_review.origin_of(here.actor, plan)
    held_by_page = {"at": draft["at"], "held": [plan.recipe["name"], *held], "can_start": bool(counted)}
    return [
        None,
        gr.Column(visible=True),
        before.shown() if before else None,
        before.yaml if before else gr.skip(),
        gr.Dropdown(
            choices=starts or [(gettext("the project's defaults"), DEFAULTS)], value=at if starts else DEFAULTS
        ),
        gr.Dropdown(choices=recipe_choices(plan.recipe, own), value=plan.recipe["name"]),
        about_of(plan.recipe),
        gr.Button(interactive=bool(rounds.newest(here.actor, here.project_id, limit=1))),
        draft,
        origin,
        judge_template.choices(here.actor, here.project_id),
        told,
        counted,
        held_by_page | {"origin": origin, "is_chosen": is_chosen},
        *can_start(False),
        *fields,
    ]


def _as_read(plan: Plan) -> Plan:
    """The plan with its recipe as its fields will say it: what they cannot hold is no change of a person."""
    try:
        return replace(plan, recipe=parts.validate(reread(parts.validate(plan.recipe))))
    except InvalidInput:
        return plan


def _counted(here: Context, plan: Plan, draft: JSON, held: list[Any]) -> tuple[JSON, str]:
    """What a plan costs as the fields will say it, and which plan that is: only that can be launched.

    Where that is refused, the plan is none: once its fields are drawn it is read again, and they are marked.
    """
    others, began = others_of(draft), began_of(draft)
    if draft["typed"]:
        return WAITS, ""
    try:
        recipe = parts.validate(reread(parts.validate(plan.recipe)))
        read = plan_of(recipe, branch_review.origin_of(here.actor, plan), held)
        read = replace(read, roles=steps.still_bound(draft))
    except InvalidInput:
        return _guessed(here, plan) | changed(here, plan, others, began), ""
    told = _guessed(here, read)
    is_launchable = not told.keys() & {"problem", "waits"}
    return told | changed(here, read, others, began), digest(read) if is_launchable else ""


def _guessed(here: Context, plan: Plan) -> dict[str, Any]:
    """What a plan costs; that it is still estimated, where the database is too busy: the form is filled without it."""
    try:
        return guessed(here, plan)
    except trouble.DATABASE_ERRORS as error:
        if trouble.as_busy(error) is None:
            raise
        return WAITS


def _parent(here: Context, plan: Plan) -> tuple[str, JSON] | None:
    """What the round that a plan branches off, or goes on from, is called, and its recipe."""
    round_id = plan.branch_of or plan.parent_id
    if round_id is None:
        return None
    parent = rounds.get(here.actor, round_id)
    return gettext("round {number}").format(number=parent.number), parent.recipe


def _starts(here: Context) -> list[tuple[str, int]]:
    """What a round can start from, newest first: rounds with a checkpoint, then the bases."""
    starts = overview.starts(here.actor, here.project_id)
    round_ = gettext("round {number}, {name}")
    from_rounds = [
        (round_.format(number=x.number, name=x.checkpoint), x.round_id)
        for x in reversed(starts)
        if x.round_id is not None
    ]
    bases = [(base_name(x.checkpoint), -x.checkpoint_id) for x in starts if x.round_id is None]
    return from_rounds + bases
