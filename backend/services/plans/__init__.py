"""What a launch needs: the plan that it begins with, what that would cost, and whether it can work."""

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import boundary, recipes
from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.services.access import Actor, require, require_row
from backend.services.checkpoints import wrappers
from backend.services.plans import branches, known_answers, scheduled
from backend.services.plans.estimates import estimate
from backend.services.plans.plan import Plan, PlanEstimate
from backend.services.recipes import judged_questions, round_roles
from backend.services.results.starts import recommended
from backend.services.results.summaries import lines_of
from backend.values import SCORER, Role, SetUse, Split

__all__ = ["Plan", "PlanEstimate", "again", "defaults", "estimate", "next_plan"]

FIRST_RECIPE, FIRST_WITHOUT_ANSWERS = "rejection_sampling", "self_rewarding"
"""What a project starts with; the second where most of its prompts have no known answer to compare with."""


def defaults(actor: Actor, project_id: int, parent_id: int | None = None, *, base_id: int | None = None) -> Plan:
    """The plan a form starts with: that of the parent with its new checkpoint.

    Without a parent, what the overview recommends: the newest checkpoint, or the best one where the newest is worse.
    `base_id`: from this checkpoint, without a parent, as the newest round was otherwise. A first round gets the
    project's defaults. The recipe's schedule may change knobs, given the rounds so far. Raises `NotFound` for a
    round or checkpoint of another project.
    """
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        base = None if base_id is None else db.get(tables.Checkpoint, base_id)
        if base_id is not None and (base is None or base.project_id != project_id):
            raise NotFound(f"There is no checkpoint {base_id} in this project. Choose one from the list.")
        if parent_id is not None:
            return next_plan(db, _round(db, actor, project_id, parent_id))
        start = recommended(db, lines_of(db, project_id))
        if start is None:
            plan = _first_plan(db, project_id)
            return plan if base_id is None else replace(plan, policy_id=base_id, reference_id=base_id)
        if base_id is None and start.line.round_id is not None:
            return next_plan(db, _round(db, actor, project_id, start.line.round_id))
        newest = select(tables.Round).where(tables.Round.project_id == project_id)
        row = db.scalars(newest.order_by(tables.Round.number.desc()).limit(1)).one()
        return _next_plan(db, row, base_id or start.line.checkpoint_id or row.policy_id, None)


def again(actor: Actor, project_id: int, round_id: int | None = None) -> Plan:
    """The plan of a round as it was launched, seed included; without an id, of the newest round."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        if round_id is None:
            round_id = db.scalar(select(func.max(tables.Round.id)).where(tables.Round.project_id == project_id))
        if round_id is None:
            return _first_plan(db, project_id)
        row = _round(db, actor, project_id, round_id)
        plan = _plan_of(db, row)
        plan = replace(plan, recipe=row.recipe, reference_id=row.reference_id, seed=row.seed, parent_id=row.parent_id)
        if not row.auto:
            return plan
        return replace(plan, num_rounds=row.auto["left"] + 1, stop_rules=tuple(row.auto["rules"]))


def branch(actor: Actor, round_id: int, at: str) -> Plan:
    """The plan of a branch of a round that begins at `judge`, `select` or `train`, as the round was launched; at
    `questions`, so that its judge answers the project's questions, too.

    Raises `Conflict` where the round has not come so far.
    """
    with reading() as db:
        row = db.get(tables.Round, round_id)
        if row is None:
            raise NotFound(f"There is no round {round_id}. Choose one from the overview.")
        require(db, actor, row.project_id, Role.curator)
        step = branches.step_at(row, at)
        if why := branches.refusal(db, row, step):
            raise Conflict(why)
        project_id = row.project_id
    plan = again(actor, project_id, round_id)
    if at == branches.QUESTIONS and not judged_questions.answering(recipes.read(plan.recipe), row.phase):
        plan = replace(plan, recipe=judged_questions.added(plan.recipe))
    return branches.with_origin(plan, row, step)


def _round(db: Session, actor: Actor, project_id: int, round_id: int) -> tables.Round:
    missing = f"There is no round {round_id} in this project. Choose one from the overview."
    round_ = require_row(db, actor, db.get(tables.Round, round_id), Role.viewer, missing)
    if round_.project_id != project_id:
        raise NotFound(missing)
    return round_


def _plan_of(db: Session, row: tables.Round) -> Plan:
    """What the round was launched with; the recipe as it is stored."""
    sets: dict[SetUse, list[int]] = {use: [] for use in SetUse}
    chosen = select(tables.RoundPromptSet).where(tables.RoundPromptSet.round_id == row.id)
    for link in db.scalars(chosen.order_by(tables.RoundPromptSet.prompt_set_id)):
        sets[link.use].append(link.prompt_set_id)
    return Plan(
        recipe=row.recipe,
        policy_id=row.policy_id,
        reference_id=row.policy_id,
        judge_id=row.judge_id,
        sample_set_ids=tuple(sets[SetUse.sample]),
        held_out_set_ids=tuple(sets[SetUse.held_out]),
        mix_set_ids=tuple(sets[SetUse.mix]),
        num_prompts=row.num_prompts,
        seed=row.seed,
        is_reviewed=row.is_reviewed,
        is_blind=row.is_blind,
        review=row.review,
        engine=row.engine,
        roles=_roles_of(db, row),
    )


def _roles_of(db: Session, row: tables.Round) -> dict[str, int]:
    """What was bound at launch."""
    role = tables.RoundRole
    query = select(role.role, role.checkpoint_id).where(role.round_id == row.id, role.step == -1)
    return dict(db.execute(query.order_by(role.role)).tuples().all())


def _still_bound(db: Session, row: tables.Round, roles: dict[str, int], parent_id: int | None) -> dict[str, int]:
    """What the next round binds again: not the roles that rounds make checkpoints of, which follow what was made."""
    steps = [step for phase in recipes.read(row.recipe).phases for step in phase.steps]
    trained = {step.makes for step in steps if step.kind == "trainer"}
    above = {name: round_roles.made_above(db, name, parent_id) for name in roles}
    return {
        role: checkpoint_id
        for role, checkpoint_id in roles.items()
        if above[role] is None or (above[role] == checkpoint_id and role not in trained)
    }


def next_plan(db: Session, row: tables.Round) -> Plan:
    """The plan of a round that goes on from this one."""
    return _next_plan(db, row, row.checkpoint_id or row.policy_id, row.id)


def _next_plan(db: Session, row: tables.Round, start: int, parent_id: int | None) -> Plan:
    """As the round was, from another checkpoint and with the next seed."""
    before = _plan_of(db, row)
    return replace(
        before,
        roles=_still_bound(db, row, before.roles, parent_id) if before.roles else {},
        recipe=scheduled.next_recipe(db, row),
        policy_id=start,
        reference_id=start,
        parent_id=parent_id,
        seed=(row.seed + 1) % (boundary.MOST_SEED + 1),
    )


def _first_plan(db: Session, project_id: int) -> Plan:
    project = db.get_one(tables.Project, project_id)
    checkpoint, prompt_set = tables.Checkpoint, tables.PromptSet
    writes = (checkpoint.project_id == project_id, checkpoint.kind != SCORER)
    checkpoints = (
        db.execute(select(checkpoint.id, checkpoint.engine).where(*writes).order_by(checkpoint.id)).tuples().all()
    )
    # An endpoint cannot be trained, which most recipes do.
    trainable = [checkpoint_id for checkpoint_id, engine in checkpoints if wrappers.has_weights(engine)]
    base = next(iter([*trainable, *(checkpoint_id for checkpoint_id, _ in checkpoints)]), None)
    if base is None:
        raise InvalidInput("This project has no checkpoint yet. Register one on the Checkpoints page first.")
    sets = db.execute(select(prompt_set.id, prompt_set.split).where(prompt_set.project_id == project_id)).all()
    train = tuple(i for i, split in sets if split is Split.train)
    recipe = recipes.get(FIRST_RECIPE)
    if known_answers.count(db, project_id, train).would_fail(recipe):
        recipe = recipes.get(FIRST_WITHOUT_ANSWERS)
    plan = Plan(
        recipe=recipe.model_dump(mode="json"),
        policy_id=base,
        reference_id=base,
        sample_set_ids=train,
        held_out_set_ids=tuple(i for i, split in sets if split is Split.held_out),
    )
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in project.defaults.items()
        if name in Plan.__dataclass_fields__
    }
    return replace(plan, **known)
