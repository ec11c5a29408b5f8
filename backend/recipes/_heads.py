"""What the checkpoints that a recipe's trainers make are good for: a scorer writes no text, a policy scores none."""

from collections.abc import Sequence

from backend.engines import Ability
from backend.generators import Generator
from backend.judges import Judge
from backend.recipes._steps import BASE, POLICY, REFERENCE, Step
from backend.trainers import Trainer
from backend.values import SCORER

LANGUAGE_MODELS = (POLICY, REFERENCE, BASE)
"""Built-in roles that have to write. The judge may be either."""


def check(steps: Sequence[Step], named: Sequence[str]) -> None:
    """Raise `ValueError` for a step that asks a role for what the training before it did not make.

    named: each step as errors name it. A role that a round binds is checked at launch.
    """
    heads: dict[str, tuple[str, str]] = {}
    for step, name in zip(steps, named, strict=True):
        for role, wanted in _wanted(step):
            if role not in heads or heads[role][0] in wanted:
                continue
            head, maker = heads[role]
            raise ValueError(
                f"{name} needs {' or '.join(f'a {head}' for head in wanted)} in the role {role!r}, but "
                f"{_lowered(maker)} makes a {head} of it. {_way_out(head)}"
            )
        if isinstance(step.part, Trainer):
            if step.part.makes == SCORER and step.makes in LANGUAGE_MODELS:
                raise ValueError(
                    f"{name} makes a scorer, which writes no texts, so it cannot be the {step.makes}. Give the step a "
                    "name of its own, such as scorer."
                )
            # An engine around weights writes texts as they do.
            heads[step.makes] = (SCORER if step.part.makes == SCORER else "policy", name)


def _wanted(step: Step) -> list[tuple[str, tuple[str, ...]]]:
    """The roles that a step names, and what may act in each."""
    part = step.part
    if isinstance(part, Trainer):
        start = ("policy", SCORER) if part.makes == SCORER else ("policy",)
        compared = [(part.reference, ("policy",))] if part.needs_reference else []
        judged_by = [role for role in part.asked_roles if role not in part.guides]
        asked = [(role, _answers(judge)) for judge in part.rewards if judge.needs_engine for role in judged_by]
        return [(part.start, start), *compared, *asked, *((role, ("policy",)) for role in part.guides)]
    if isinstance(part, Judge) and part.needs_engine:
        return [(step.by, _answers(part))]
    if not isinstance(part, Generator):
        return []
    asked = [(role, (SCORER,) if wanted is Ability.rate else ("policy",)) for role, wanted in part.asked_roles.items()]
    return [*([(step.by, ("policy",))] if part.needs_engine else []), *asked]


def _answers(judge: Judge) -> tuple[str, ...]:
    """What may answer as a judge."""
    return (SCORER,) if judge.asks_for is Ability.rate else ("policy",)


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def _way_out(head: str) -> str:
    if head == SCORER:
        return "Name another role, or give the scorer another name."
    return "Train a scorer by reward_model, and name it."
