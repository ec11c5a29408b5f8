"""The losses that a round's first training logged, and those of the training whose weights it went on from."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.errors import UnreadableRecipe
from backend.pipeline.stage import StageContext
from backend.recipes import Place
from backend.trainers import Trainer
from backend.values import Stage

NAME = "loss"
Losses = list[tuple[int, float]]


def first_of(db: Session, stage: StageContext) -> Losses:
    """Return the losses of the round's first training by optimizer step; none without one."""
    places = _trainings(stage.places)
    return _of(db, stage.round.id, places[0]) if places else []


def before(db: Session, stage: StageContext) -> Losses:
    """Return those of the last training of the round that made this round's policy.

    None where that round trained with another trainer, or this one's first training starts from other weights.
    """
    places, round_ = _trainings(stage.places), tables.Round
    if not places or _trainer(places[0]).start != "policy":
        return []
    made = db.scalars(select(round_).where(round_.checkpoint_id == stage.round.policy_id)).first()
    if made is None:
        return []
    try:
        theirs = _trainings(recipes.read(made.recipe).places(made.phase))
    except UnreadableRecipe:
        return []
    if not theirs or _trainer(theirs[-1]).name != _trainer(places[0]).name:
        return []
    return _of(db, made.id, theirs[-1])


def _trainings(places: Sequence[Place]) -> list[Place]:
    return [one for one in places if isinstance(one.step.part, Trainer)]


def _trainer(place: Place) -> Trainer:
    assert isinstance(place.step.part, Trainer)
    return place.step.part


def _of(db: Session, round_id: int, place: Place) -> Losses:
    """The points of the newest job of that training; a job notes no step where it is the first of its stage."""
    job, point = tables.Job, tables.JobPoint
    newest = select(job.id).where(job.round_id == round_id, job.stage == Stage.train)
    newest = newest.where((job.step == place.index) | job.step.is_(None)).order_by(job.id.desc()).limit(1)
    query = select(point.step, point.value).where(point.job_id == newest.scalar_subquery(), point.name == NAME)
    return list(db.execute(query.order_by(point.step)).tuples())
