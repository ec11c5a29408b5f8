"""What `rondo round launch` is asked for, put into the plan of the next round."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backend.errors import InvalidInput, NotFound
from backend.services import checkpoints, prompts, rounds
from backend.services.access import Actor
from backend.services.checkpoints import CheckpointRow
from backend.services.plans import recipe_choice
from backend.services.prompts import PromptSetView
from backend.services.recipes import recipe_yaml
from backend.services.rounds import Plan
from backend.values import Split

FILES = (".yaml", ".yml", ".json")
ITSELF = "policy"
"""As a judge: the policy judges itself."""


@dataclass(frozen=True)
class LaunchOptions:
    """What was given; None and empty: as in the plan. Checkpoints and prompt sets are names or ids."""

    recipe: str | None = None
    settings: Sequence[str] = ()
    samples: int | None = None
    roles: Sequence[str] = ()
    policy: str | None = None
    reference: str | None = None
    judge: str | None = None
    prompt_sets: Sequence[str] = ()
    held_out: Sequence[str] = ()
    mix_sets: Sequence[str] = ()


def plan_of(actor: Actor, project_id: int, wish: LaunchOptions, *, parent_id: int | None, again_id: int | None) -> Plan:
    """The plan as the form would begin with it, changed by what was given.

    Without a parent, a policy that a round made goes on from that round. The reference is the policy unless given.
    """
    known = checkpoints.tree(actor, project_id)
    policy = find_checkpoint(known, wish.policy) if wish.policy else None
    if again_id is not None:
        plan = rounds.again(actor, project_id, again_id)
    elif policy is not None and parent_id is None and policy.round_id is None:
        plan = rounds.defaults(actor, project_id, base_id=policy.id)
    else:
        plan = rounds.defaults(actor, project_id, parent_id or (policy.round_id if policy else None))
    if policy is not None:
        plan = replace(plan, policy_id=policy.id, reference_id=policy.id)
    return changed(actor, project_id, plan, wish)


def changed(actor: Actor, project_id: int, plan: Plan, wish: LaunchOptions) -> Plan:
    """The plan, changed by what was given but the policy."""
    known = checkpoints.tree(actor, project_id)
    plan = _with_recipe(actor, project_id, plan, wish)
    if wish.reference:
        plan = replace(plan, reference_id=find_checkpoint(known, wish.reference).id)
    if wish.judge:
        plan = replace(plan, judge_id=None if wish.judge == ITSELF else find_checkpoint(known, wish.judge).id)
    bound = {role: find_checkpoint(known, name).id for role, name in _pairs(wish.roles, "A role", "ROLE=CHECKPOINT")}
    return _with_sets(actor, project_id, replace(plan, roles=plan.roles | bound), wish)


def _with_recipe(actor: Actor, project_id: int, plan: Plan, wish: LaunchOptions) -> Plan:
    if wish.recipe:
        is_file = Path(wish.recipe).suffix in FILES
        recipe = recipe_yaml.read_file(Path(wish.recipe)) if is_file else wish.recipe
        plan = recipe_choice.chosen(actor, project_id, plan, recipe)
    changes = recipe_choice.with_samples(plan.recipe, wish.samples) if wish.samples is not None else {}
    for steps in (changes, knobs(wish.settings)):
        plan = recipe_choice.chosen(actor, project_id, plan, None, steps)
    return plan


def _with_sets(actor: Actor, project_id: int, plan: Plan, wish: LaunchOptions) -> Plan:
    known = prompts.list_sets(actor, project_id)
    fields = {"sample_set_ids": wish.prompt_sets, "held_out_set_ids": wish.held_out, "mix_set_ids": wish.mix_sets}
    ids = {field: tuple(_set(known, name, field).id for name in names) for field, names in fields.items()}
    changes: dict[str, Any] = {field: chosen for field, chosen in ids.items() if chosen}
    return replace(plan, **changes)


def knobs(given: Sequence[str]) -> dict[str, Any]:
    """Read `STEP.KNOB=VALUE`, and `FIELD=VALUE` of the recipe itself; what is no JSON is a text."""
    changes: dict[str, Any] = {}
    for place, written in _pairs(given, "A knob", "STEP.KNOB=VALUE"):
        try:
            value = json.loads(written)
        except (ValueError, RecursionError):
            value = written
        step, _, knob = place.rpartition(".")
        if not step:
            changes[knob] = value
        elif isinstance(changes.setdefault(step, {}), dict):
            changes[step][knob] = value
        else:
            raise InvalidInput(f"{step} is given as a whole and by its knob {knob}. Give one of the two.")
    return changes


def _pairs(given: Sequence[str], what: str, form: str) -> list[tuple[str, str]]:
    wrong = [text for text in given if not text.partition("=")[0].strip() or "=" not in text]
    if wrong:
        raise InvalidInput(f"{what} is given as {form}, not {wrong[0]!r}.")
    return [(name.strip(), value.strip()) for name, _, value in (text.partition("=") for text in given)]


def find_checkpoint(known: Sequence[CheckpointRow], wanted: str) -> CheckpointRow:
    for checkpoint in known:
        if wanted == checkpoint.name:
            return checkpoint
    for checkpoint in known:
        if wanted == str(checkpoint.id):
            return checkpoint
    names = ", ".join(f"{checkpoint.name} ({checkpoint.id})" for checkpoint in known[-30:]) or "none yet"
    raise NotFound(f"There is no checkpoint {wanted!r} in this project. There is: {names}.")


def _set(known: Sequence[PromptSetView], wanted: str, field: str) -> PromptSetView:
    fit = [prompt_set for prompt_set in known if (prompt_set.split is Split.held_out) is (field == "held_out_set_ids")]
    for prompt_set in fit:
        if wanted in (prompt_set.name, str(prompt_set.id)):
            return prompt_set
    kind = "held-out set" if field == "held_out_set_ids" else "train set"
    names = ", ".join(f"{prompt_set.name!r} ({prompt_set.id})" for prompt_set in fit[-30:]) or "none yet"
    raise NotFound(f"There is no {kind} {wanted!r} in this project. There is: {names}.")
