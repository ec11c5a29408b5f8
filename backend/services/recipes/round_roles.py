"""Which checkpoint acts in each role that a recipe's steps name."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.generators import Generator
from backend.judges import Judge
from backend.pipeline.bind import base_of
from backend.recipes import BASE, BUILT_IN, JUDGE, POLICY, Recipe, StepPlace
from backend.trainers import LIVE, Trainer

NO_WEIGHTS = "Register the model's folder or hub name; what is there now can still be the judge."
ENDPOINT_MAY = (
    "Choose a model folder there. The endpoint can act in every role that only writes or judges: as the judge, or as "
    "the teacher that a generator's step names (by), whose texts train the model."
)


def bound(db: Session, recipe: Recipe, phase: int, roles: Mapping[str, int], parent_id: int | None) -> dict[str, int]:
    """Return checkpoint ids by role, of all roles beyond the built-in that are acted in before a training makes them.

    What nothing is bound to is the nearest ancestor's checkpoint of that name. Raises `InvalidInput` where there is
    none either, and for a binding to a role that no step names, or to a built-in one.
    """
    bound_: dict[str, int] = {}
    # A binding for another phase is no mistake: it goes with the line.
    named = {role for number in range(len(recipe.phases)) for _, role in acting(recipe.places(number))}
    if built_in := [role for role in roles if role in BUILT_IN]:
        raise InvalidInput(
            f"The role {built_in[0]!r} cannot be bound: policy, reference and judge have fields of their own, and the "
            "base follows from the policy. Take the binding out."
        )
    for place, role in acting(recipe.places(phase)):
        if role in BUILT_IN or role in bound_:
            continue
        checkpoint_id = roles.get(role) or made_above(db, role, parent_id)
        if checkpoint_id is None and role in optional_of(place):
            continue
        if checkpoint_id is None:
            raise InvalidInput(
                f"{place} names the role {role!r}, but no checkpoint is bound to it, and no round before made one. "
                "Bind a checkpoint to it, or name another role."
            )
        bound_[role] = checkpoint_id
    if unknown := [role for role in roles if role not in named]:
        raise InvalidInput(f"No step of the recipe acts as {unknown[0]!r}. Take the binding out, or name the role.")
    return bound_


def acting(places: tuple[StepPlace, ...]) -> Iterator[tuple[StepPlace, str]]:
    """Each role that a step acts in, unless a training before it has made that role's checkpoint."""
    roles_made: set[str] = set()
    for place in places:
        for role in roles_of(place):
            if role not in roles_made:
                yield place, role
        if place.step.kind == "trainer":
            roles_made.add(place.step.makes)


def roles_of(place: StepPlace) -> list[str]:
    """The roles that a step names."""
    part = place.step.part
    if isinstance(part, Trainer):
        needed = weights_of(part) or [part.start]
        return [*needed, *(role for role in part.asked_roles if role != LIVE)]
    if isinstance(part, Judge):
        return [place.step.by] if part.needs_engine else []
    if isinstance(part, Generator):
        return [*([place.step.by] if part.needs_engine else []), *part.asked_roles]
    return []


def optional_of(place: StepPlace) -> frozenset[str]:
    """Those of the roles that a step names which it does without where nothing is bound."""
    part = place.step.part
    return part.optional_roles if isinstance(part, Generator) else frozenset()


def weights_of(trainer: Trainer) -> list[str]:
    """The roles whose weights a training needs; none where it makes another way to use them."""
    if not trainer.trains_weights:
        return []
    return [trainer.start, trainer.reference] if trainer.needs_reference else [trainer.start]


def made_above(db: Session, role: str, round_id: int | None) -> int | None:
    """The checkpoint that the nearest ancestor round made in that role, if any did."""
    row = tables.RoundRole
    while round_id is not None:
        query = select(row.checkpoint_id).where(row.round_id == round_id, row.role == role)
        checkpoint_id = db.scalar(query.order_by(row.step.desc()).limit(1))
        if checkpoint_id is not None:
            return checkpoint_id
        round_id = db.scalar(select(tables.Round.parent_id).where(tables.Round.id == round_id))
    return None


def trained_from(
    db: Session,
    recipe: Recipe,
    phase: int,
    bindings: Mapping[str, int],
    *,
    policy_id: int,
    reference_id: int,
    judge_id: int | None,
) -> dict[str, int]:
    """Checkpoint ids, by role, whose weights the trainings of a phase need."""
    known = {POLICY: policy_id, "reference": reference_id, JUDGE: judge_id or policy_id, **bindings}
    needed: dict[str, int] = {}
    for place, role in acting(recipe.places(phase)):
        if isinstance(place.step.part, Trainer) and role in weights_of(place.step.part):
            needed[role] = base_of(db, policy_id) if role == BASE and BASE not in bindings else known[role]
    return needed
