"""What a launch needs: where it comes from, what it would cost, and whether it can work."""

import math
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import boundary, recipes, registry
from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.prompt_sources import PromptSource
from backend.recipes import JUDGE, POLICY, REFERENCE, Recipe
from backend.services.access import Actor, require
from backend.services.checkpoints import model_checks, wrappers
from backend.services.plans import (
    asked_questions,
    branches,
    contexts,
    endpoints,
    few_shot,
    imported_completions,
    known_answers,
    ratings,
    scheduled,
    sizes,
    step_seconds,
    written_critiques,
)
from backend.services.plans import (
    seconds as round_seconds,
)
from backend.services.plans.checks import (
    check_checkpoints,
    check_numbers,
    check_parent,
    parse,
    phase_of,
    readiness_warnings,
    set_of,
)
from backend.services.plans.plan import Plan, PlanEstimate
from backend.services.recipes import judged_questions, round_roles
from backend.services.results.starts import recommended
from backend.services.results.summaries import lines_of
from backend.trainers import Trainer
from backend.values import SCORER, Role, SetUse, Split

__all__ = ["Plan", "PlanEstimate", "again", "defaults", "estimate", "next_plan"]

MANY_PASSES = 3
"""More passes over all samples of a round draw a warning: a selector keeps far fewer rows than there are samples."""

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
            return next_plan(db, _round(db, project_id, parent_id))
        start = recommended(db, lines_of(db, project_id))
        if start is None:
            plan = _first_plan(db, project_id)
            return plan if base_id is None else replace(plan, policy_id=base_id, reference_id=base_id)
        if base_id is None and start.line.round_id is not None:
            return next_plan(db, _round(db, project_id, start.line.round_id))
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
        row = _round(db, project_id, round_id)
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


def _round(db: Session, project_id: int, round_id: int) -> tables.Round:
    round_ = db.get(tables.Round, round_id)
    if round_ is None or round_.project_id != project_id:
        raise NotFound(f"There is no round {round_id} in this project. Choose one from the overview.")
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
        n: checkpoint_id
        for n, checkpoint_id in roles.items()
        if above[n] is None or (above[n] == checkpoint_id and n not in trained)
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
        n: tuple(v) if isinstance(v, list) else v for n, v in project.defaults.items() if n in Plan.__dataclass_fields__
    }
    return replace(plan, **known)


def estimate(actor: Actor, project_id: int, plan: Plan) -> PlanEstimate:
    """How much a plan will make and how long that may take; nothing is started.

    Raises `InvalidInput` for what cannot work, and for rounds, checkpoints and prompt sets that are not the project's.
    """
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        check_numbers(plan)
        check_parent(db, project_id, plan.parent_id)
        recipe = parse(plan.recipe)
        origin = branches.origin(db, project_id, plan, recipe)
        phase = origin.phase if origin is not None else phase_of(db, recipe, plan.parent_id)
        check_checkpoints(db, project_id, plan, recipe)
        for set_id, _ in plan.sets():
            set_of(db, project_id, set_id)
        held = select(func.coalesce(func.sum(tables.PromptSet.num_prompts), 0))
        here = tables.PromptSet.project_id == project_id
        available = db.scalar(held.where(here, tables.PromptSet.id.in_(plan.sample_set_ids)))
        with_some, brought = imported_completions.count(db, project_id, plan.sample_set_ids)
        available = with_some if imported_completions.is_all_imported(recipe) else int(available or 0)
        prompts = plan.num_prompts if _repeats(recipe, phase) and available else min(plan.num_prompts, available)
        takers = imported_completions.takers(recipe)
        taken = round(brought * prompts / available) if takers and available else 0
        no_questions = asked_questions.problems(db, project_id, recipe, phase)
        recipe = judged_questions.with_keys(recipe, asked_questions.keys(db, project_id))
        size = sizes.sizes(recipe, phase, prompts=prompts, taken=taken, first=plan.branch_step or 0)
        seconds = _seconds(db, project_id, plan, recipe, phase, prompts=prompts, taken=taken)
        no_room, little_room = contexts.problems(
            db, project_id, recipe, policy_id=plan.policy_id, judge_id=plan.judge_id, sample_set_ids=plan.sample_set_ids
        )
        if no_room:
            raise InvalidInput("\n".join(no_room))
        rows = size.samples - size.tried - size.rollouts
        branched = [branches.says(origin, plan.branch_step or 0)] if origin is not None else []
        rows = rows if origin is None else sizes.sizes(recipe, phase, prompts=prompts, taken=taken).samples
        warnings = branched + _warnings(plan, recipe, prompts, rows) + imported_completions.warnings(recipe, brought)
        warnings += known_answers.warnings(
            db, project_id, recipe, sample=plan.sample_set_ids, held_out=plan.held_out_set_ids, phase=phase
        )
        if message := scheduled.stopped(db, plan.parent_id, plan.recipe):
            warnings.append(f"{message} The schedule would launch no round here by itself.")
        warnings += readiness_warnings(recipe, phase)
        warnings += no_questions + ratings.problems(db, project_id, plan, recipe, phase)
        warnings += written_critiques.problems(db, project_id, plan, recipe, phase)
        warnings += few_shot.problems(db, project_id, plan, recipe, phase)
        warnings += wrappers.warnings(
            db,
            recipe,
            phase,
            policy_id=plan.policy_id,
            reference_id=plan.reference_id,
            judge_id=plan.judge_id,
            roles=plan.roles,
            parent_id=plan.parent_id,
        )
        bindings = round_roles.bound(db, recipe, phase, plan.roles, plan.parent_id)
        known = {**bindings, POLICY: plan.policy_id, REFERENCE: plan.reference_id}
        warnings += endpoints.warnings(db, recipe, phase, known | ({JUDGE: plan.judge_id} if plan.judge_id else {}))
        asked = [*plan.sample_set_ids, *plan.held_out_set_ids]
        warnings += model_checks.system_turns(db, project_id, plan.policy_id, asked)
        likely, at_most = (seconds.likely, seconds.at_most) if seconds else (None, None)
        all_warnings = tuple(warnings + little_room)
        return PlanEstimate(size.samples, size.judge_calls, size.tokens, likely, at_most, all_warnings, size.rollouts)


def _seconds(
    db: Session, project_id: int, plan: Plan, recipe: Recipe, phase: int, *, prompts: int, taken: int
) -> round_seconds.Seconds | None:
    by_step = sizes.by_step(recipe.places(phase), prompts=prompts, taken=taken)
    first = plan.branch_step or 0
    if first or not recipe.is_slots:
        by_step = {number: seconds for number, seconds in by_step.items() if number >= first}
        asked = step_seconds.SecondsQuery(db, project_id, recipe, phase, plan.policy_id, plan.judge_id, plan.roles)
        return step_seconds.of_steps(asked, by_step)
    samples = sizes.sizes(recipe, phase, prompts=prompts, taken=taken).samples
    return round_seconds.estimated(
        db, project_id, recipe, samples=samples, policy_id=plan.policy_id, judge_id=plan.judge_id
    )


def _repeats(recipe: Recipe, phase: int) -> bool:
    """Whether the first step may ask more questions than the sets hold prompts."""
    first = recipe.places(phase)[0].step.part
    return isinstance(first, PromptSource) and first.repeats_pool


def _warnings(plan: Plan, recipe: Recipe, prompts: int, samples: int) -> list[str]:
    messages = []
    if prompts < plan.num_prompts:
        messages.append(f"The chosen prompt sets hold {prompts} prompts, fewer than the {plan.num_prompts} asked for.")
    if not plan.held_out_set_ids:
        messages.append("Without a held-out set nobody will know whether the new checkpoint is better.")
    if (recipe.mix_share or any(mixer.reads_seeds for mixer in recipe.of_kind("mixer"))) and not plan.mix_set_ids:
        messages.append("The recipe mixes seed rows in, but no set to mix is chosen.")
    if (passes := _passes(recipe, samples)) > MANY_PASSES:
        messages.append(
            f"The trainer's steps go at least {passes:.0f} times over the rows this round can give, and more often "
            "over what the selector keeps: a model forgets by that. Lower max_steps, or take more prompts or samples."
        )
    messages.extend(registry.left_out())
    if plan.policy_id != plan.reference_id:
        messages.append(
            "Policy and reference differ: the loss measures distance from the reference, not from the start."
        )
    return messages


def _passes(recipe: Recipe, samples: int) -> float:
    """How often a fixed number of steps sees each row, if every sample were kept; 0 where epochs are asked for."""
    return max((_passes_of(trainer, recipe, samples) for trainer in recipe.of_kind("trainer")), default=0.0)


def _passes_of(trainer: Trainer, recipe: Recipe, samples: int) -> float:
    if trainer.rewards:
        return 0.0  # it writes its texts anew in each step
    knobs = trainer.model_dump()
    steps = knobs.get("max_steps", -1)
    rows = samples / (1 - min(recipe.mix_share, 0.99))
    sizes = ("per_device_train_batch_size", "gradient_accumulation_steps", "num_processes")
    batch = math.prod(knobs.get(name, 1) for name in sizes)
    return float(steps * batch / rows) if steps > 0 and rows else 0.0
