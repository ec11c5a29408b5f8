"""How long a round will take, by the tokens it may make: from the newest jobs of the same model in the project; before
its first round, the demo by its known pace."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from backend import demo
from backend.db import tables
from backend.recipes import Recipe
from backend.values import JobStatus, Stage


@dataclass(frozen=True)
class Seconds:
    """What a round takes if its texts are as long as the last time, and if each is as long as it may be."""

    likely: float
    at_most: float


@dataclass(frozen=True)
class Pace:
    """Seconds, with the start of each process: of sampling and of judging one sample, of a step of training, of all
    measuring. `steps` is how many steps that training had; the tokens are the mean length of a sample and of what the
    judge wrote on one, None where nobody counted."""

    sample: float
    judgment: float
    step: float
    measuring: float
    steps: int
    sample_tokens: float | None = None
    judgment_tokens: float | None = None

    def seconds(self, recipe: Recipe, samples: int) -> Seconds:
        """What a round with so many samples takes; epochs are taken to be as many steps as the last time."""
        asked = int(getattr(recipe.trainer, "max_steps", -1))
        steps = asked if asked > 0 else self.steps
        rest = steps * self.step + self.measuring
        most_sample = float(recipe.generator.max_tokens_per_sample)
        most_judgment = float(recipe.judge.calls_per_sample * recipe.judge.max_tokens_per_call)
        sampling = [self.sample * share for share in shares(self.sample_tokens, most_sample)]
        judging = [self.judgment * share for share in shares(self.judgment_tokens, most_judgment)]
        likely, at_most = (samples * (a + b) + rest for a, b in zip(sampling, judging, strict=True))
        return Seconds(likely, at_most)


def shares(before: float | None, most: float) -> tuple[float, float]:
    """Of the time one text took before: as long as then unless it is cut off earlier, and as long as it may be."""
    if not before or not most:
        return 1.0, 1.0
    return min(before, most) / before, most / before


DEMO = Pace(*demo.PACE, *demo.TOKENS)


def estimated(
    db: Session, project_id: int, recipe: Recipe, *, samples: int, policy_id: int, judge_id: int | None
) -> Seconds | None:
    """Seconds of a round of slots; None where nothing is known yet of this policy and judge."""
    model = judge_id or policy_id if recipe.judge.needs_engine else None
    pace = _of_jobs(db, project_id, policy_id, str(recipe.judge.name), model)
    if pace is None and _is_demo(db, policy_id):
        pace = DEMO
    return None if pace is None else pace.seconds(recipe, samples)


def _of_jobs(db: Session, project_id: int, policy_id: int, judge: str, judge_id: int | None) -> Pace | None:
    """`judge`: the part, for comparing answers takes a thousandth of asking a model; `judge_id`: whom it asks."""
    ours = tables.Round.policy_id.in_(family(db, project_id, policy_id))
    sampled = newest(db, project_id, Stage.generate, ours)
    alike = tables.Round.recipe["judge"]["name"].as_string() == judge
    if judge_id is not None:
        asked = func.coalesce(tables.Round.judge_id, tables.Round.policy_id)
        alike &= asked.in_(family(db, project_id, judge_id))
    judged = newest(db, project_id, Stage.judge, alike)
    trained = newest(db, project_id, Stage.train, ours)
    if sampled is None or judged is None or trained is None:
        return None
    measured = newest(db, project_id, Stage.evaluate, ours)
    return Pace(
        sample=sampled.per_unit,
        judgment=judged.per_unit,
        step=trained.per_unit,
        measuring=measured.seconds if measured else 0.0,
        steps=trained.units,
        sample_tokens=sampled.tokens,
        judgment_tokens=judged.tokens,
    )


@dataclass(frozen=True)
class Took:
    """A finished job: its seconds, how many units it did, and the mean tokens of one where that was counted."""

    seconds: float
    units: int
    tokens: float | None

    @property
    def per_unit(self) -> float:
        return self.seconds / self.units


def newest(
    db: Session, project_id: int, stage: Stage, which: ColumnElement[bool], *, counts_tokens: bool = True
) -> Took | None:
    """The newest job of the stage, finished at once, in a round of that kind.

    `counts_tokens`: the round's tokens are those of the job, as in a recipe of slots.

    Not one that tried again what was left out, which is mostly the start of a process, or tried changes out; nor one
    that was resumed, whose seconds are those of its last part and whose units are all.
    """
    job, round_ = tables.Job, tables.Round
    query: Select[tables.Job, dict[str, Any]] = (
        select(job, round_.counts)
        .join(round_, round_.id == job.round_id)
        .where(job.project_id == project_id, job.stage == stage, job.status == JobStatus.done, job.total > 0, which)
        .where(func.coalesce(job.spec["kind"].as_string(), "") == "", job.attempt <= 1)
    )
    job_row = db.execute(query.order_by(job.id.desc()).limit(1)).first()
    if job_row is None or job_row[0].started_at is None or job_row[0].finished_at is None:
        return None
    last, counts = job_row
    samples = counts.get("samples")
    tokens = {Stage.generate: counts.get("tokens"), Stage.judge: counts.get("judge_tokens")}.get(stage)
    mean = tokens / samples if counts_tokens and tokens and samples else None
    return Took((last.finished_at - last.started_at).total_seconds(), last.total, mean)


def family(db: Session, project_id: int, checkpoint_id: int) -> set[int]:
    """All checkpoints that descend from the same base: models of one size, which take the same time."""
    checkpoint = tables.Checkpoint
    rows = db.execute(select(checkpoint.id, checkpoint.parent_id).where(checkpoint.project_id == project_id))
    parents = dict(rows.tuples().all())

    def base(id_: int) -> int:
        while (above := parents.get(id_)) is not None:
            id_ = above
        return id_

    return {id_ for id_ in parents if base(id_) == base(checkpoint_id)}


def _is_demo(db: Session, policy_id: int) -> bool:
    policy = db.get(tables.Checkpoint, policy_id)
    return policy is not None and policy.location == demo.LOCATION
