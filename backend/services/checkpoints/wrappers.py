"""Checkpoints that are weights and how they are used: what to say of them before a launch, and what they hold."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.db import tables
from backend.engines import Engine
from backend.engines._wrapper import INNER, calls_of, in_words, innermost, is_wrapper, layers
from backend.errors import UnreadableRecipe
from backend.recipes import BASE, POLICY, REFERENCE, Recipe, read
from backend.services.recipes import round_roles
from backend.values import JSON


@dataclass(frozen=True)
class Use:
    """One way to use what is inside: the engine's name and knobs. `lessons`: those of a handbook, with their traces."""

    name: str
    knobs: JSON
    lessons: tuple[JSON, ...] = ()


def uses_of(engine: JSON) -> tuple[Use, ...]:
    """How a checkpoint uses its weights, the outermost way first; empty for one that answers by itself."""
    return tuple(
        Use(
            str(layer["name"]),
            {name: value for name, value in layer.items() if name not in ("name", INNER, "entries")},
            tuple(layer.get("entries", ())),
        )
        for layer in layers(engine)
        if is_wrapper(layer)
    )


def has_weights(engine: JSON) -> bool:
    """Whether a checkpoint can be trained: its weights are a model folder or a model of the hub."""
    return innermost(engine).get("name") == "transformers"


def needing_weights(recipe: JSON) -> frozenset[str]:
    """Which of policy and reference a recipe's JSON needs the weights of; of what is no recipe yet, both."""
    both = frozenset({POLICY, REFERENCE})
    try:
        known = read(recipe)
    except UnreadableRecipe:
        return both
    trainers = [trainer for trainer in known.of_kind("trainer") if trainer.trains_weights]
    if trainers and known.is_slots and known.trainer.start == POLICY:
        return both
    needed = {role for trainer in trainers for role in round_roles.weights_of(trainer)}
    # What is trained from the base is trained from what the policy descends from, which is in the same folder tree.
    return frozenset({POLICY} if needed & {POLICY, BASE} else ()) | (frozenset({REFERENCE}) & needed)


def warnings(
    db: Session,
    recipe: Recipe,
    phase: int,
    *,
    policy_id: int,
    reference_id: int,
    judge_id: int | None,
    roles: dict[str, int],
    parent_id: int | None,
) -> list[str]:
    """What follows from a checkpoint of a plan that wraps another one. Raises what `round_roles.bound` does."""
    bindings = round_roles.bound(db, recipe, phase, roles, parent_id)
    trained = round_roles.trained_from(
        db, recipe, phase, bindings, policy_id=policy_id, reference_id=reference_id, judge_id=judge_id
    )
    messages = []
    for row in (db.get_one(tables.Checkpoint, fromkey) for fromkey in dict.fromkeys(trained.values())):
        if is_wrapper(row.engine):
            messages.append(
                f"{row.name} answers by {in_words(row.engine)}. Trained, or compared with, are the weights inside, and "
                "what is trained answers by itself."
            )
    policy = db.get_one(tables.Checkpoint, policy_id)
    if is_wrapper(policy.engine) and (calls := calls_of(Engine.load(policy.engine))) > 1:
        messages.append(
            f"{policy.name} asks its model up to {calls} times for one answer, so that tokens and time may be that "
            "many times what is estimated."
        )
    return messages
