"""How long a round will take, by the tokens it may make: from the newest jobs of the same model in the project; before
its first round, the demo by its known pace."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import demo
from backend.db import tables
from backend.recipes import Recipe
from backend.services.plans.took import COMPUTING, SLOWER, START, Took, newest
from backend.values import Stage


@dataclass(frozen=True)
class Seconds:
    """What a round takes if its texts are as long as the last time, and if each is as long as it may be.

    `is_measured`: by jobs of this project. Otherwise `likely` is the pace of an idle machine of two cores, and
    `at_most` that of a shared one.
    """

    likely: float
    at_most: float
    is_measured: bool = True


@dataclass(frozen=True)
class Pace:
    """Jobs that a round is estimated by: its sampling, judging and training, and what all measuring takes."""

    sampled: Took
    judged: Took
    trained: Took
    measuring: float

    def seconds(self, recipe: Recipe, samples: int) -> Seconds:
        """What a round with so many samples takes; epochs are taken to be as many steps as the last time."""
        asked = int(getattr(recipe.trainer, "max_steps", -1))
        steps = asked if asked > 0 else self.trained.units
        most_sample = float(recipe.generator.max_tokens_per_sample)
        most_judgment = float(recipe.judge.calls_per_sample * recipe.judge.max_tokens_per_call)
        jobs = (
            (self.sampled, samples, shares(self.sampled.tokens, most_sample)),
            (self.judged, samples, shares(self.judged.tokens, most_judgment)),
            (self.trained, steps, (1.0, 1.0)),
        )
        likely = sum(job.likely(units, usual) for job, units, (usual, _) in jobs)
        at_most = sum(job.at_most(units, full) for job, units, (_, full) in jobs)
        return Seconds(likely + self.measuring, at_most + self.measuring)


def shares(before: float | None, most: float) -> tuple[float, float]:
    """Of the time one text took before: as long as then unless it is cut off earlier, and as long as it may be."""
    if not before or not most:
        return 1.0, 1.0
    return min(before, most) / before, most / before


def estimated(
    db: Session, project_id: int, recipe: Recipe, *, samples: int, policy_id: int, judge_id: int | None
) -> Seconds | None:
    """Seconds of a round of slots; None where nothing is known yet of this policy and judge."""
    asked = judge_id or policy_id if recipe.judge.needs_engine else None
    relatives = family(db, project_id, policy_id)
    calls = {Stage.judge: recipe.judge.calls_per_sample * demo.UNIT_SECONDS[Stage.judge]}
    units = demo.UNIT_SECONDS | calls if _is_demo(db, relatives) else None
    pace = _of_jobs(db, project_id, relatives, str(recipe.judge.name), asked, units)
    if pace is not None:
        return pace.seconds(recipe, samples)
    # Of another model that is to judge, such as an endpoint's, nothing is known before its first job.
    is_judge_known = asked is None or asked in relatives
    return _first(units, recipe, samples) if units is not None and is_judge_known else None


def _first(units: dict[Stage, float], recipe: Recipe, samples: int) -> Seconds:
    """Of the demo, before anything was measured here. Texts of full length are in the bound of a shared machine."""

    def job(stage: Stage, number: int, tokens: float | None = None) -> Took:
        return Took(START[stage] + units[stage] * number, number, tokens, START[stage], START[stage], START[stage])

    sample_tokens, judgment_tokens = demo.TOKENS
    asks = recipe.judge.needs_engine
    judged = job(Stage.judge, 1, judgment_tokens) if asks else Took(COMPUTING, 1, None, COMPUTING)
    measuring = START[Stage.evaluate] + units[Stage.evaluate]
    pace = Pace(job(Stage.generate, 1, sample_tokens), judged, job(Stage.train, demo.NUM_STEPS), measuring)
    seconds = pace.seconds(recipe, samples)
    return Seconds(seconds.likely, max(seconds.at_most, SLOWER * seconds.likely), is_measured=False)


def _of_jobs(
    db: Session,
    project_id: int,
    relatives: set[int],
    judge: str,
    judge_id: int | None,
    units: dict[Stage, float] | None,
) -> Pace | None:
    """`judge`: the part, for comparing answers takes a thousandth of asking a model; `judge_id`: whom it asks; `units`:
    seconds of a unit of each stage, where they are known of this model."""
    ours = tables.Round.policy_id.in_(relatives)
    known = units or {}
    sampled = newest(db, project_id, Stage.generate, ours, unit=known.get(Stage.generate))
    alike = tables.Round.recipe["judge"]["name"].as_string() == judge
    if judge_id is not None:
        asked = func.coalesce(tables.Round.judge_id, tables.Round.policy_id)
        alike &= asked.in_(family(db, project_id, judge_id))
    asks_ours = judge_id in relatives
    judged = newest(
        db,
        project_id,
        Stage.judge,
        alike,
        start=COMPUTING if judge_id is None else None,
        unit=known.get(Stage.judge) if asks_ours else None,
    )
    trained = newest(db, project_id, Stage.train, ours, unit=known.get(Stage.train))
    if sampled is None or judged is None or trained is None:
        return None
    measured = newest(db, project_id, Stage.evaluate, ours)
    return Pace(sampled, judged, trained, measured.seconds if measured else 0.0)


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


def _is_demo(db: Session, relatives: set[int]) -> bool:
    """Whether these descend from the model that ships with the demo."""
    row = tables.Checkpoint
    return db.scalar(select(row.id).where(row.id.in_(relatives), row.location == demo.LOCATION).limit(1)) is not None
