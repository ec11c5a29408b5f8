"""What is refused before a launch: numbers, sets and checkpoints that a round cannot work with."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary, sandbox
from backend.config import settings
from backend.db import tables
from backend.engines._server_options import check_rank
from backend.engines._wrapper import innermost
from backend.errors import Conflict, InvalidInput, MissingPrerequisite
from backend.generators import Generator
from backend.judges import Judge
from backend.pipeline import documents
from backend.pipeline.chosen import ancestors
from backend.pipeline.serve import trained_rank
from backend.prompt_sources import PromptSource
from backend.recipes import POLICY, Recipe
from backend.registry import Part
from backend.services import refusals, review_settings
from backend.services.plans import (
    abilities,
    asked_questions,
    auto_rules,
    contexts,
    few_shot,
    imported_completions,
    known_answers,
    ratings,
    teachers,
    written_critiques,
)
from backend.services.plans.plan import Plan
from backend.services.recipes import round_roles
from backend.services.recipes.parts import parts_in
from backend.trainers import Trainer
from backend.values import LocalEngine, RoundStatus, SetUse, Split

NO_SETS = "No prompt set is chosen to sample from. Choose at least one train set."


def phase_of(db: Session, recipe: Recipe, parent_id: int | None) -> int:
    """The phase of a round after this one: by the finished rounds of the same recipe above it."""
    number = 0
    while parent_id is not None and (above := db.get(tables.Round, parent_id)) is not None:
        # A done round whose review was opened again has its checkpoint.
        is_done = above.status is RoundStatus.done or (above.status is RoundStatus.review and above.checkpoint_id)
        number += bool(is_done) and above.recipe.get("name") == recipe.name
        parent_id = above.parent_id
    return recipe.phase_of(number)


def parse(data: dict[str, Any]) -> Recipe:
    """The recipe of a plan; raises `InvalidInput` that names slot, knob and reason."""
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        raise InvalidInput("The recipe cannot be used.\n" + refusals.explain(error)) from error


def check_numbers(plan: Plan) -> None:
    """Refuse numbers that no round can have."""
    boundary.whole(plan.num_prompts, "Number of prompts", least=1)
    boundary.whole(plan.seed, "Seed", most=boundary.MOST_SEED)
    boundary.whole(plan.num_rounds, "Rounds to run", least=1, most=auto_rules.MOST_ROUNDS)
    auto_rules.check(plan.stop_rules)
    if plan.engine not in list(LocalEngine):
        raise InvalidInput(f"engine: {plan.engine!r} is none. Choose {' or '.join(LocalEngine)}.")
    boundary.plain(plan.recipe)
    boundary.plain(plan.review)


def check(db: Session, project_id: int, plan: Plan, recipe: Recipe) -> None:
    """Refuse what would fail later; the message names the field."""
    review_settings.read(plan.review)
    check_numbers(plan)
    if not plan.sample_set_ids:
        raise InvalidInput(NO_SETS)
    check_checkpoints(db, project_id, plan, recipe)
    if plan.engine == LocalEngine.vllm:
        check_rank(trained_rank(recipe))
    for set_id, use in plan.sets():
        _check_set(db, project_id, set_id, use)
    check_parent(db, project_id, plan.parent_id)
    check_archived(db, project_id, plan.parent_id, recipe)
    check_ready(recipe, phase_of(db, recipe, plan.parent_id))
    check_sandbox(recipe, phase_of(db, recipe, plan.parent_id))
    check_documents(db, project_id, plan, recipe)
    known_answers.check(db, project_id, recipe, plan.sample_set_ids, phase_of(db, recipe, plan.parent_id))
    asked_questions.check(db, project_id, recipe, phase_of(db, recipe, plan.parent_id))
    written_critiques.check(db, project_id, plan, recipe, phase_of(db, recipe, plan.parent_id))
    ratings.check(db, project_id, plan, recipe, phase_of(db, recipe, plan.parent_id))
    few_shot.check(db, project_id, plan, recipe, phase_of(db, recipe, plan.parent_id))
    imported_completions.check(db, project_id, recipe, plan.sample_set_ids)
    no_room, _ = contexts.problems(
        db, project_id, recipe, policy_id=plan.policy_id, judge_id=plan.judge_id, sample_set_ids=plan.sample_set_ids
    )
    if no_room:
        raise InvalidInput("\n".join(no_room))


def check_parent(db: Session, project_id: int, parent_id: int | None) -> None:
    """Refuse to follow a round of another project, whose numbers a schedule would look at."""
    parent = None if parent_id is None else db.get(tables.Round, parent_id)
    if parent_id is not None and (parent is None or parent.project_id != project_id):
        raise InvalidInput(f"The parent round {parent_id} is not in this project. Choose one from the overview.")


def check_archived(db: Session, project_id: int, parent_id: int | None, recipe: Recipe) -> None:
    """Refuse to follow a round whose rows the recipe looks back on and which lie in an archive or in the trash."""
    if not recipe.earlier_rounds and not recipe.of_kind("mixer"):
        return
    row = tables.Round
    limit = None if recipe.of_kind("mixer") else recipe.earlier_rounds_limit or None
    for round_id in ancestors(db, parent_id)[:limit]:
        if number := db.scalar(select(row.number).where(row.id == round_id, row.project_id != project_id)):
            raise Conflict(
                f"Round {number}, which this one would follow, is in the trash, and the recipe reads rows of earlier "
                "rounds. Bring it back on the page /projects, or choose another parent round."
            )
        if number := db.scalar(select(row.number).where(row.id == round_id, row.archived_at.is_not(None))):
            raise Conflict(
                f"Round {number}, which this one would follow, is archived, and the recipe reads rows of earlier "
                "rounds. Restore it on its page, or choose another parent round."
            )


def check_sandbox(recipe: Recipe, phase: int) -> None:
    """Refuse a phase that runs programs which a model wrote where there is no sandbox for them."""
    steps = [(str(place), place.step.part) for place in recipe.places(phase)]
    for name, part in [*steps, *((f"The metric {metric.name}", metric) for metric in recipe.metrics)]:
        if runs_programs(part):
            try:
                sandbox.check()
            except MissingPrerequisite as error:
                raise MissingPrerequisite(f"{name} runs programs that a model wrote. {error.message}") from error


def check_ready(recipe: Recipe, phase: int) -> None:
    """Refuse a phase with a part that lacks something here, such as a package. What a training needs is looked for
    where it runs: here, where all workers are on this machine."""
    checked = (Judge, PromptSource, *([Trainer] if settings().url.startswith("sqlite") else []))
    for place in recipe.places(phase):
        for part in parts_in(place.step.part):
            if isinstance(part, checked):
                try:
                    part.check_ready()
                except (InvalidInput, MissingPrerequisite) as error:
                    raise type(error)(f"{place} cannot run. {error.message}") from error


def readiness_warnings(recipe: Recipe, phase: int) -> list[str]:
    """What `check_ready` and `check_sandbox` would refuse, said before the launch."""
    warnings = []
    for check in (check_ready, check_sandbox):
        try:
            check(recipe, phase)
        except (InvalidInput, MissingPrerequisite) as error:
            warnings.append(error.message)
    return warnings


def runs_programs(part: Part) -> bool:
    """Whether a part, or one that it holds in whatever field, runs programs which a model wrote."""
    if isinstance(part, Judge | PromptSource) and part.needs_sandbox:
        return True
    held = (getattr(part, name) for name in type(part).model_fields)
    several = (value_ for value in held for value_ in (value if isinstance(value, tuple) else (value,)))
    return any(isinstance(part, Part) and runs_programs(part) for part in several)


def check_documents(db: Session, project_id: int, plan: Plan, recipe: Recipe) -> None:
    """Refuse a phase whose environment searches documents where no set holds any."""
    places = recipe.places(phase_of(db, recipe, plan.parent_id))
    reads = any(isinstance(place.step.part, Generator) and place.step.part.needs_documents for place in places)
    if reads and not documents.texts_of(db, plan.mix_set_ids, project_id, limit=1):
        raise InvalidInput(documents.NO_DOCUMENTS)


def check_checkpoints(db: Session, project_id: int, plan: Plan, recipe: Recipe) -> None:
    given = {"policy": plan.policy_id, "reference": plan.reference_id, "judge": plan.judge_id, **plan.roles}
    for name, checkpoint_id in given.items():
        if checkpoint_id is None:
            continue
        checkpoint = db.get(tables.Checkpoint, checkpoint_id)
        if checkpoint is None or checkpoint.project_id != project_id:
            raise InvalidInput(
                f"The {name} checkpoint {checkpoint_id} is not in this project. Choose one from the list."
            )
    phase = phase_of(db, recipe, plan.parent_id)
    bindings = round_roles.bound(db, recipe, phase, plan.roles, plan.parent_id)
    trained = {"policy": plan.policy_id, "reference": plan.reference_id}
    if not recipe.is_slots or recipe.trainer.start != POLICY or not recipe.trainer.trains_weights:
        trained = round_roles.trained_from(
            db,
            recipe,
            phase,
            bindings,
            policy_id=plan.policy_id,
            reference_id=plan.reference_id,
            judge_id=plan.judge_id,
        )
    for name, checkpoint_id in trained.items():
        checkpoint = db.get_one(tables.Checkpoint, checkpoint_id)
        if innermost(checkpoint.engine).get("name") != "transformers":
            raise InvalidInput(no_weights(recipe, phase, name, checkpoint))
    known = {**bindings, "policy": plan.policy_id, "reference": plan.reference_id}
    abilities.check(db, recipe, phase, known | ({"judge": plan.judge_id} if plan.judge_id else {}))
    teachers.check(db, recipe, phase, trained)


def no_weights(recipe: Recipe, phase: int, role: str, checkpoint: tables.Checkpoint) -> str:
    """Why a checkpoint cannot be trained, or compared with, in a role: the step, the reason, the way out."""
    places = [place for place in recipe.places(phase) if isinstance(place.step.part, Trainer)]
    place = next((place for place in places if role in round_roles.weights_of(place.step.part)), None)  # type: ignore[arg-type]
    where = "" if place is None else f" {place} needs those of the {role}."
    served_by = innermost(checkpoint.engine).get("name")
    if served_by != "openai":
        message = f"The {role} {checkpoint.name!r} is served by {served_by}, and training needs weights."
        return f"{message}{where} {round_roles.NO_WEIGHTS}"
    message = (
        f"The {role} {checkpoint.name!r} is served by an endpoint, {checkpoint.location}, and training needs weights."
    )
    return f"{message}{where} {round_roles.ENDPOINT_MAY}"


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
