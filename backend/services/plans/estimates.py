"""What a plan would cost, and what speaks against it."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import registry
from backend.db import reading, tables
from backend.errors import InvalidInput
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
    low_rates,
    ratings,
    scheduled,
    sizes,
    step_seconds,
    training_steps,
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
from backend.values import Role


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
        warnings = (
            branched
            + _warnings(plan, recipe, prompts, rows, phase, taken)
            + imported_completions.warnings(recipe, brought)
        )
        warnings += known_answers.warnings(
            db, project_id, recipe, sample=plan.sample_set_ids, held_out=plan.held_out_set_ids, phase=phase
        )
        if message := scheduled.stopped(db, plan.parent_id, plan.recipe):
            warnings.append(f"{message} The schedule would launch no round here by itself.")
        warnings += low_rates.warnings(db, plan, recipe, phase)
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
        return PlanEstimate(
            size.samples,
            size.judge_calls,
            size.tokens,
            seconds.likely if seconds else None,
            seconds.at_most if seconds else None,
            tuple(warnings + little_room),
            size.rollouts,
            is_measured=seconds is not None and seconds.is_measured,
        )


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


def _warnings(plan: Plan, recipe: Recipe, prompts: int, samples: int, phase: int, taken: int) -> list[str]:
    messages = []
    if prompts < plan.num_prompts:
        messages.append(
            f"The chosen prompt sets hold {prompts:,} prompts, fewer than the {plan.num_prompts:,} asked for."
        )
    if not plan.held_out_set_ids:
        messages.append("Without a held-out set nobody will know whether the new checkpoint is better.")
    if (recipe.mix_share or any(mixer.reads_seeds for mixer in recipe.of_kind("mixer"))) and not plan.mix_set_ids:
        messages.append("The recipe mixes seed rows in, but no set to mix is chosen.")
    messages.extend(training_steps.warnings(recipe, prompts=prompts, samples=samples, phase=phase, taken=taken))
    messages.extend(registry.left_out())
    if plan.policy_id != plan.reference_id:
        messages.append(
            "Policy and reference differ: the loss measures distance from the reference, not from the start."
        )
    return messages
