"""Everything that trainings logged, in groups, of several rounds of a project on top of each other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, func, or_, select

from backend import jobs
from backend.db import reading, tables
from backend.errors import InvalidInput, NotFound
from backend.services.access import Actor, require
from backend.services.rounds.job_views import CURVE_POINTS
from backend.values import JobStatus, Role, Stage

MOST_ROUNDS = 8


class SeriesGroup(StrEnum):
    """What a series is about."""

    loss = "loss"
    reward = "reward"
    kl = "KL"
    entropy = "entropy"
    lengths = "lengths"
    learning_rate = "learning rate"
    other = "other"


WORDS: dict[SeriesGroup, re.Pattern[str]] = {
    SeriesGroup.kl: re.compile(r"(^|[/_])kl($|[/_])"),
    SeriesGroup.entropy: re.compile(r"entropy"),
    SeriesGroup.learning_rate: re.compile(r"learning_rate"),
    SeriesGroup.lengths: re.compile(r"length|num_tokens|truncat|clipped_ratio|terminated"),
    SeriesGroup.reward: re.compile(r"reward|margin|advantage"),
    SeriesGroup.loss: re.compile(r"loss|nll"),
}
"""By name, the first that fits: TRL calls the share of texts that were cut `completions/clipped_ratio`."""


@dataclass(frozen=True)
class Series:
    """One series of one training. `step`: the recipe's, None for the round's only training."""

    round_id: int
    round_number: int
    job_id: int
    step: int | None
    group: SeriesGroup
    name: str
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class TrainedRound:
    """A round that has a training with points."""

    round_id: int
    number: int
    job_id: int
    status: JobStatus
    writes_texts: bool
    """Its trainer writes texts itself, which the job's page shows while it runs."""

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def group_of(name: str) -> SeriesGroup:
    """Return what a series is about by the name that TRL gives it."""
    lower = name.lower()
    return next((group for group, word in WORDS.items() if word.search(lower)), SeriesGroup.other)


def trained(actor: Actor, project_id: int) -> list[TrainedRound]:
    """Return the trainings of a project's rounds, newest first."""
    job, round_ = tables.Job, tables.Round
    query = (
        select(round_.id, round_.number, job.id, job.status, job.spec["folder"].as_string().is_not(None))
        .join(round_, round_.id == job.round_id)
        .where(job.project_id == project_id, job.stage == Stage.train)
        .order_by(round_.number.desc(), job.id.desc())
    )
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return [TrainedRound(*row) for row in db.execute(query)]


def newest_points(actor: Actor, project_id: int, round_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return the number of points and the highest step of each of these rounds' trainings that has any, by job.

    They change whenever `series` does, and take no point into memory.
    """
    job, point = tables.Job, tables.JobPoint
    query = (
        select(job.id, func.count(), func.max(point.step))
        .join(point, point.job_id == job.id)
        .where(job.project_id == project_id, job.round_id.in_(set(round_ids)), job.stage == Stage.train)
        .group_by(job.id)
        .order_by(job.id)
    )
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return {id_: (count, step) for id_, count, step in db.execute(query).tuples()}


def series(actor: Actor, project_id: int, round_ids: Sequence[int]) -> list[Series]:
    """Return all series of these rounds' trainings, by group, name and round, thinned to what a chart can show.

    Raises `InvalidInput` for more than eight rounds, `NotFound` for one of another project.
    """
    wanted = sorted(set(round_ids))
    if len(wanted) > MOST_ROUNDS:
        raise InvalidInput(f"{len(wanted)} rounds cannot be told apart in one chart. Choose at most {MOST_ROUNDS}.")
    job, round_ = tables.Job, tables.Round
    by_curve: dict[tuple[int, str], list[tuple[int, float]]] = {}
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        here = db.execute(
            select(round_.id, round_.number).where(round_.id.in_(wanted), round_.project_id == project_id)
        ).tuples()
        numbers = dict(here.all())
        if missing := [id_ for id_ in wanted if id_ not in numbers]:
            raise NotFound(f"There is no round {missing[0]} in this project. Choose one from the list.")
        trainings = (
            select(job.id, round_.id, job.step)
            .join(round_, round_.id == job.round_id)
            .where(round_.id.in_(wanted), job.stage == Stage.train)
        )
        places = {id_: (round_id, place) for id_, round_id, place in db.execute(trainings).tuples()}
        for job_id, name, step, value in db.execute(_thinned(list(places))).tuples():
            by_curve.setdefault((job_id, name), []).append((step, value))
    several = {id_ for id_ in wanted if sum(round_id == id_ for round_id, _ in places.values()) > 1}
    curves = []
    for (job_id, name), points in by_curve.items():
        round_id, place = places[job_id]
        shown = place if round_id in several else None
        curves.append(Series(round_id, numbers[round_id], job_id, shown, group_of(name), name, tuple(points)))
    order = list(SeriesGroup)
    return sorted(curves, key=lambda curve: (order.index(curve.group), curve.name, curve.round_number, curve.job_id))


def _thinned(job_ids: Sequence[int]) -> Select[int, str, int, float]:
    """The points of these jobs in order: of each series every n-th and the last one."""
    point = tables.JobPoint
    series = (point.job_id, point.name)
    numbered = (
        select(
            *series,
            point.step,
            point.value,
            func.row_number().over(partition_by=series, order_by=point.step).label("number"),
            func.count().over(partition_by=series).label("points"),
        )
        .where(point.job_id.in_(job_ids))
        .subquery()
    )
    row = numbered.c
    every = (row.points + (CURVE_POINTS - 1)) // CURVE_POINTS
    kept = or_((row.number - 1) % every == 0, row.number == row.points)
    return select(row.job_id, row.name, row.step, row.value).where(kept).order_by(row.job_id, row.name, row.step)
