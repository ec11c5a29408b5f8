"""Whether the checkpoints of a plan can do what the recipe's steps ask of them, told before a round is launched."""

from collections.abc import Mapping

from pydantic import ValidationError
from sqlalchemy.orm import Session

from backend.db import tables
from backend.engines import WAYS_OUT, Ability, Engine, can
from backend.engines._wrapper import innermost
from backend.errors import InvalidInput, UnknownPart
from backend.generators import Generator
from backend.judges import Judge
from backend.pipeline.bind import base_of
from backend.recipes import BASE, JUDGE, POLICY, Recipe, StepPlace
from backend.services.recipes import round_roles
from backend.trainers import ADAPTER_ON_ADAPTER, Trainer
from backend.values import SCORER


def check(db: Session, recipe: Recipe, phase: int, known: Mapping[str, int]) -> None:
    """Raise `InvalidInput` that names step, role and checkpoint.

    known: checkpoint ids by role. A judge that is not there is the policy; the base follows from the policy.
    """
    policy = db.get_one(tables.Checkpoint, known[POLICY])
    if Ability.complete not in _abilities(policy):
        raise InvalidInput(
            f"The policy {policy.name!r} is a scorer: it cannot {Ability.complete.in_words}, which a round measures. "
            "Choose a language model."
        )
    for place, role in round_roles.acting(recipe.places(phase)):
        if role not in known and role in round_roles.optional_of(place):
            continue
        row = db.get_one(tables.Checkpoint, _bound(db, role, known))
        is_policy = role == JUDGE and JUDGE not in known
        who = f"the judge, which is the policy {row.name!r}," if is_policy else f"the {role} {row.name!r}"
        _check_step(place, role, row, who)


def _bound(db: Session, role: str, known: Mapping[str, int]) -> int:
    if role not in known and role == BASE:
        return base_of(db, known[POLICY])
    return known[POLICY] if role == JUDGE and role not in known else known[role]


def _check_step(place: StepPlace, role: str, row: tables.Checkpoint, who: str) -> None:
    part, abilities = place.step.part, _abilities(row)
    if isinstance(part, Trainer):
        if role in round_roles.weights_of(part):
            _check_weights(place, part, row, who)
        asked = part.rewards if role in part.asked_roles and role not in part.guides else ()
        asks = [judge.asks_for for judge in asked if judge.needs_engine]
        asks += [Ability.complete] if role in part.guides else []
        asks += [Ability.complete] if not part.trains_weights else []
    elif isinstance(part, Generator) and role in part.asked_roles:
        asks = [part.asked_roles[role]]
    else:
        asks = [part.asks_for if isinstance(part, Judge) else Ability.complete]
    for wanted in asks:
        if not can(abilities, wanted):
            raise InvalidInput(f"{place} asks {who} to {wanted.in_words}, which it cannot. {WAYS_OUT[wanted]}.")


def _check_weights(place: StepPlace, part: Trainer, row: tables.Checkpoint, who: str) -> None:
    abilities = _abilities(row)
    if part.makes == SCORER:
        is_adapter = row.kind == "adapter" or bool(innermost(row.engine).get("adapter"))
        if is_adapter and getattr(part, "lora", False):
            raise InvalidInput(f"{place}: {ADAPTER_ON_ADAPTER}")
    elif Ability.rate in abilities and Ability.complete not in abilities:
        raise InvalidInput(
            f"{place} trains a language model, or compares with one, but {who} is a scorer. Choose another one."
        )


def _abilities(row: tables.Checkpoint) -> frozenset[Ability]:
    try:
        engine: Engine = Engine.load(row.engine)
    except (ValidationError, UnknownPart) as error:
        raise InvalidInput(
            f"The checkpoint {row.name!r} cannot be used: what is stored of its engine cannot be read "
            f"({str(error).splitlines()[0]}). Register it again."
        ) from error
    return engine.abilities
