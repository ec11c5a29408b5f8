"""How long a round will take: by the newest jobs of the project; before its first round, the demo by its known pace."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import demo
from backend.db import tables
from backend.recipes import Recipe
from backend.values import JobStatus, Stage


@dataclass(frozen=True)
class Pace:
    """Seconds, with the start of each process: of sampling and of judging one sample, of a step of training, of all
    measuring; `steps` is how many steps that training had."""

    sample: float
    judgment: float
    step: float
    measuring: float
    steps: int

    def seconds(self, recipe: Recipe, samples: int) -> float:
        """What a round with so many samples takes; epochs are taken to be as many steps as the last time."""
        asked = int(getattr(recipe.trainer, "max_steps", -1))
        steps = asked if asked > 0 else self.steps
        return samples * (self.sample + self.judgment) + steps * self.step + self.measuring


DEMO = Pace(*demo.PACE)


def estimated(db: Session, project_id: int, recipe: Recipe, *, samples: int, policy_id: int) -> float | None:
    """Seconds of a round; None where nothing is known yet."""
    pace = _of_jobs(db, project_id)
    if pace is None and _is_demo(db, policy_id):
        pace = DEMO
    return None if pace is None else pace.seconds(recipe, samples)


def _of_jobs(db: Session, project_id: int) -> Pace | None:
    found = dict(_newest(db, project_id))
    if not {Stage.generate, Stage.judge, Stage.train} <= set(found):
        return None
    sample, judgment, step = (found[stage][0] / found[stage][1] for stage in (Stage.generate, Stage.judge, Stage.train))
    return Pace(sample, judgment, step, found.get(Stage.evaluate, (0.0, 1))[0], found[Stage.train][1])


def _newest(db: Session, project_id: int) -> Iterator[tuple[Stage, tuple[float, int]]]:
    """Of each stage the newest finished job of a round: its seconds, and how many units it did."""
    job = tables.Job
    for stage in (Stage.generate, Stage.judge, Stage.train, Stage.evaluate):
        query = select(job).where(
            job.project_id == project_id, job.stage == stage, job.status == JobStatus.done, job.round_id.is_not(None)
        )
        last = db.scalars(query.order_by(job.id.desc()).limit(1)).one_or_none()
        if last is not None and last.started_at is not None and last.finished_at is not None and last.total:
            yield stage, ((last.finished_at - last.started_at).total_seconds(), last.total)


def _is_demo(db: Session, policy_id: int) -> bool:
    policy = db.get(tables.Checkpoint, policy_id)
    return policy is not None and policy.location == demo.LOCATION
