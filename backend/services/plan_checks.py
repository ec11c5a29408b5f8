"""What is refused before a launch: numbers, sets and checkpoints that a round cannot work with."""

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend import boundary, sandbox
from backend.db import tables
from backend.engines._wrapper import innermost
from backend.errors import InvalidInput, MissingPrerequisite
from backend.judges import Judge
from backend.prompt_sources import PromptSource
from backend.recipes import POLICY, Recipe
from backend.services import (
    auto_rules,
    contexts,
    imported_completions,
    known_answers,
    plan_abilities,
    refusals,
    review_settings,
    round_roles,
    teachers,
)
from backend.trainers import Trainer
from backend.values import RoundStatus, SetUse, Split

if TYPE_CHECKING:
    from backend.services.plans import Plan


def phase_of(db: Session, recipe: Recipe, parent_id: int | None) -> int:
    """The phase of a round after this one: by the finished rounds of the same recipe above it."""
    number = 0
    while parent_id is not None and (above := db.get(tables.Round, parent_id)) is not None:
        number += above.status is RoundStatus.done and above.recipe.get("name") == recipe.name
        parent_id = above.parent_id
    return recipe.phase_of(number)


def parse(data: dict[str, Any]) -> Recipe:
    """The recipe of a plan; raises `InvalidInput` that names slot, knob and reason."""
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        raise InvalidInput("The recipe cannot be used.\n" + refusals.explain(error)) from error


def check_numbers(plan: "Plan") -> None:
    """Refuse numbers that no round can have."""
    boundary.whole(plan.num_prompts, "Number of prompts", least=1)
    boundary.whole(plan.seed, "Seed", most=boundary.MOST_SEED)
    boundary.whole(plan.num_rounds, "Rounds to run", least=1, most=auto_rules.MOST_ROUNDS)
    auto_rules.check(plan.stop_rules)
    boundary.plain(plan.recipe)
    boundary.plain(plan.review)


def check(db: Session, project_id: int, plan: "Plan", recipe: Recipe) -> None:
    """Refuse what would fail later; the message names the field."""
    review_settings.read(plan.review)
    check_numbers(plan)
    if not plan.sample_set_ids:
        raise InvalidInput("No prompt set is chosen to sample from. Choose at least one train set.")
    check_checkpoints(db, project_id, plan, recipe)
    for set_id, use in plan.sets():
        _check_set(db, project_id, set_id, use)
    if plan.parent_id is not None:
        parent = db.get(tables.Round, plan.parent_id)
        if parent is None or parent.project_id != project_id:
            raise InvalidInput(
                f"The parent round {plan.parent_id} is not in this project. Choose one from the overview."
            )
    check_sandbox(recipe, phase_of(db, recipe, plan.parent_id))
    known_answers.check(db, project_id, recipe, plan.sample_set_ids, phase_of(db, recipe, plan.parent_id))
    imported_completions.check(db, project_id, recipe, plan.sample_set_ids)
    no_room, _ = contexts.problems(
        db, project_id, recipe, policy_id=plan.policy_id, judge_id=plan.judge_id, sample_set_ids=plan.sample_set_ids
    )
    if no_room:
        raise InvalidInput("\n".join(no_room))


def check_sandbox(recipe: Recipe, phase: int) -> None:
    """Refuse a phase that runs programs which a model wrote where there is no sandbox for them."""
    for place in recipe.places(phase):
        part = place.step.part
        parts = part.rewards if isinstance(part, Trainer) else (part,)
        if any(isinstance(one, Judge | PromptSource) and one.needs_sandbox for one in parts):
            try:
                sandbox.check()
            except MissingPrerequisite as error:
                raise MissingPrerequisite(f"{place} runs programs that a model wrote. {error.message}") from error


def check_checkpoints(db: Session, project_id: int, plan: "Plan", recipe: Recipe) -> None:
    given = {"policy": plan.policy_id, "reference": plan.reference_id, "judge": plan.judge_id, **plan.roles}
    for name, checkpoint_id in given.items():
        if checkpoint_id is None:
            continue
        found = db.get(tables.Checkpoint, checkpoint_id)
        if found is None or found.project_id != project_id:
            raise InvalidInput(
                f"The {name} checkpoint {checkpoint_id} is not in this project. Choose one from the list."
            )
    phase = phase_of(db, recipe, plan.parent_id)
    bindings = round_roles.bound(db, recipe, phase, plan.roles, plan.parent_id)
    trained = {"policy": plan.policy_id, "reference": plan.reference_id}
    if not recipe.is_slots or recipe.trainer.start != POLICY or not recipe.trainer.trains_weights:
        trained = round_roles.trained_from(
            db, recipe, phase, bindings, policy_id=plan.policy_id, reference_id=plan.reference_id,
            judge_id=plan.judge_id,
        )  # fmt: skip
    for name, checkpoint_id in trained.items():
        found = db.get_one(tables.Checkpoint, checkpoint_id)
        served_by = innermost(found.engine).get("name")
        if served_by != "transformers":
            raise InvalidInput(
                f"The {name} {found.name!r} is served by {served_by}, and training needs weights. "
                + round_roles.NO_WEIGHTS
            )
    known = {**bindings, "policy": plan.policy_id, "reference": plan.reference_id}
    plan_abilities.check(db, recipe, phase, known | ({"judge": plan.judge_id} if plan.judge_id else {}))
    teachers.check(db, recipe, phase, trained)


def set_of(db: Session, project_id: int, set_id: int) -> tables.PromptSet:
    """The set, of this project: even a count or the start of a prompt of another one would tell of it."""
    prompt_set = db.get(tables.PromptSet, set_id)
    if prompt_set is None or prompt_set.project_id != project_id:
        raise InvalidInput(f"Prompt set {set_id} is not in this project. Choose one from the list.")
    return prompt_set


def _check_set(db: Session, project_id: int, set_id: int, use: SetUse) -> None:
    prompt_set = set_of(db, project_id, set_id)
    if (use is SetUse.held_out) != (prompt_set.split is Split.held_out):
        raise InvalidInput(
            f"The prompt set {prompt_set.name!r} is a {prompt_set.split} set and cannot be used as {use}: what is "
            "trained on is never measured on."
        )
    if not prompt_set.num_prompts:
        raise InvalidInput(f"The prompt set {prompt_set.name!r} is empty. Import prompts or choose another one.")
