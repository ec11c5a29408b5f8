"""How long a round of steps will take: each step as its newest job took, or the newest of its kind in other recipes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func
from sqlalchemy.orm import Session

from backend.db import tables
from backend.generators import Generator
from backend.judges import Judge
from backend.recipes import BASE, JUDGE, POLICY, REFERENCE, STAGES, Recipe, StepPlace
from backend.services.plans.seconds import Seconds, family, shares
from backend.services.plans.sizes import StepSize
from backend.services.plans.took import COMPUTING, Took, newest
from backend.trainers import Trainer
from backend.values import Stage


@dataclass(frozen=True)
class SecondsQuery:
    """The plan whose seconds are wanted. `roles`: what is bound beyond policy, reference and judge."""

    db: Session
    project_id: int
    recipe: Recipe
    phase: int
    policy_id: int
    judge_id: int | None
    roles: Mapping[str, int]

    def models(self, role: str) -> ColumnElement[bool]:
        """Rounds in which a model of the same size acts in that role. What a round makes descends from its policy."""
        row, bound = tables.Round, tables.RoundRole
        if role == JUDGE:
            judge = func.coalesce(row.judge_id, row.policy_id)
            return judge.in_(family(self.db, self.project_id, self.judge_id or self.policy_id))
        if role in (POLICY, REFERENCE, BASE) or role not in self.roles:
            return row.policy_id.in_(family(self.db, self.project_id, self.policy_id))
        ids = family(self.db, self.project_id, self.roles[role])
        return exists().where(bound.round_id == row.id, bound.role == role, bound.checkpoint_id.in_(ids))

    def own(self, place: StepPlace, stage: Stage, role: str) -> Took | None:
        """What the step itself took in the newest round of the recipe."""
        row = tables.Round
        same = and_(
            row.recipe["name"].as_string() == self.recipe.name,
            row.phase == self.phase,
            tables.Job.step == place.index,
            self.models(role),
        )
        start = None if getattr(place.step.part, "needs_engine", True) else COMPUTING
        return newest(self.db, self.project_id, stage, same, counts_tokens=False, start=start)

    def others(self, stage: Stage, *which: ColumnElement[bool]) -> Took | None:
        return newest(self.db, self.project_id, stage, and_(*which))


def of_steps(asked: SecondsQuery, by_step: Mapping[int, StepSize]) -> Seconds | None:
    """Seconds of a round that makes so much in each step; None where a step that takes long was never measured."""
    likely = at_most = 0.0
    for place in asked.recipe.places(asked.phase):
        seconds = _of_step(asked, place, by_step.get(place.index, StepSize()))
        if seconds is None:
            return None
        likely, at_most = likely + seconds.likely, at_most + seconds.at_most
    measured = asked.others(Stage.evaluate, asked.models(POLICY))
    rest = measured.seconds if measured else 0.0
    return Seconds(likely + rest, at_most + rest)


def _of_step(asked: SecondsQuery, place: StepPlace, size: StepSize) -> Seconds | None:
    part, stage = place.step.part, STAGES.get(place.step.kind)
    if isinstance(part, Trainer) and not part.trains_weights:
        return _both(0.0)  # next to nothing
    if isinstance(part, Trainer):
        took = asked.own(place, Stage.train, part.start) or asked.others(Stage.train, asked.models(part.start))
        steps = int(getattr(part, "max_steps", -1))
        return None if took is None else _seconds(took, steps if steps > 0 else took.units)
    if not isinstance(part, Generator | Judge) or stage is None:
        return _both(0.0)
    took, units = asked.own(place, stage, place.step.by), float(size.units)
    if not part.needs_engine:
        return _seconds(took, units) if took else _both(0.0)  # it computes: next to nothing
    if took is not None and isinstance(part, Generator) and part.makes_groups:
        units /= part.samples_per_prompt  # its job counts prompts: a search may end before its budget
    took = took or _elsewhere(asked, place, part)
    if took is None:
        return None
    most = (
        part.max_tokens_per_sample if isinstance(part, Generator) else part.calls_per_sample * part.max_tokens_per_call
    )
    usual, full = shares(took.tokens, float(most))
    return Seconds(took.likely(units, usual), took.at_most(units, full))


def _elsewhere(asked: SecondsQuery, place: StepPlace, part: Generator | Judge) -> Took | None:
    """The newest job of the kind in a recipe of slots, where a round's tokens are those of the one step."""
    recipe: Any = tables.Round.recipe
    if isinstance(part, Generator):
        return asked.others(
            Stage.generate, asked.models(place.step.by), recipe["generator"]["name"].as_string().is_not(None)
        )
    alike = recipe["judge"]["name"].as_string() == str(part.name)
    return asked.others(Stage.judge, asked.models(place.step.by), alike)


def _seconds(took: Took, units: float) -> Seconds:
    return Seconds(took.likely(units), took.at_most(units))


def _both(seconds: float) -> Seconds:
    return Seconds(seconds, seconds)
