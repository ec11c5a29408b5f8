"""What a plan's endpoints were found not to do when they were last tested, said before a launch."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from backend.db import tables
from backend.engines import _probe
from backend.engines._asking import FORMS
from backend.engines._model_check import CheckLevel
from backend.engines._wrapper import innermost
from backend.generators import Generator
from backend.judges._template import TemplateJudge
from backend.pipeline.bind import base_of
from backend.recipes import BASE, JUDGE, POLICY, Recipe, StepPlace
from backend.registry import Part
from backend.services.checkpoints import model_checks
from backend.services.recipes import round_roles
from backend.services.recipes.parts import parts_in


def warnings(db: Session, recipe: Recipe, phase: int, known: Mapping[str, int]) -> list[str]:
    """Return sentences, each once. known: checkpoint ids by role; a judge that is not there is the policy."""
    messages: dict[str, None] = {}
    for place, role in round_roles.acting(recipe.places(phase)):
        checkpoint_id = known.get(role) or (known[POLICY] if role == JUDGE else None)
        if checkpoint_id is None and role == BASE:
            checkpoint_id = base_of(db, known[POLICY])
        row = None if checkpoint_id is None else db.get(tables.Checkpoint, checkpoint_id)
        if row is not None:
            messages |= dict.fromkeys(_of(place, row))
    return list(messages)


def _of(place: StepPlace, row: tables.Checkpoint) -> list[str]:
    part, engine = place.step.part, innermost(row.engine)
    messages = unforced(part, str(place), row)
    if engine.get("name") != "openai":
        return messages
    lines = model_checks.of(row.details)
    if lines.lines and (said_of := _unanswered(lines)):
        messages.append(
            f"The endpoint {row.name} did not answer when it was last tested, {lines.at}: {said_of} Then test the "
            "connection on the page Checkpoints."
        )
    if isinstance(part, Generator) and engine.get("seeds") is False:
        messages.append(
            f"The endpoint {row.name} gives another text for the same seed: where the round is interrupted, what it "
            "had not written yet is asked again, and may come out otherwise."
        )
    return messages


def unforced(part: Part, who: str, row: tables.Checkpoint) -> list[str]:
    """What is to be said where judges in a part force their replies, and the checkpoint cannot be held to the form."""
    # What wraps an endpoint asks it more than once, or otherwise, and holds it to no form.
    how = str(row.engine.get("forced", "")) if row.engine.get("name") == "openai" else ""
    judges = [judge for judge in parts_in(part) if isinstance(judge, TemplateJudge) and judge.forced]
    kinds = dict.fromkeys(judge.form.kind for judge in judges if judge.form is not None)
    return [
        f"{who} is to force its replies, but {row.name} cannot be held to a form ({kind}): they are read as they come."
        for kind in kinds
        if kind not in FORMS.get(how, frozenset())
    ]


def _unanswered(checks: model_checks.Checks) -> str:
    line: Any = next((line for line in checks.lines if line.name == "connection"), None)
    return "" if line is None or line.outcome is CheckLevel.passed else str(line.text).removeprefix(_probe.UNANSWERED)
