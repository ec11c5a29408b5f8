"""The losses that a round's first training logged, and those of the training whose weights it went on from."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.errors import UnreadableRecipe
from backend.pipeline.stage import StageContext
from backend.recipes import StepPlace
from backend.trainers import Trainer
from backend.trainers.sft import SFT
from backend.values import Stage

NAME = "loss"
Losses = list[tuple[int, float]]


def first_of(db: Session, stage: StageContext) -> Losses:
    """Return the losses of the round's first training by optimizer step; none without one."""
    places = _trainings(stage.places)
    return _of(db, stage.round.id, places[0]) if places else []


def before(db: Session, stage: StageContext) -> Losses:
    """Return those of the last training of the round that made this round's policy, as far as the two compare.

    None where the loss is no likelihood of rows: that of preferences or rewards begins anew with each reference. None
    either where that round trained with other knobs, where rows were read twice, so that it ends on rows that are
    known by heart, or where this round's first training starts from other weights.
    """
    places, round_ = _trainings(stage.places), tables.Round
    if not places or _trainer(places[0]).start != "policy" or not _is_likelihood(_trainer(places[0])):
        return []
    earlier = db.scalars(select(round_).where(round_.checkpoint_id == stage.round.policy_id)).first()
    if earlier is None:
        return []
    try:
        theirs = _trainings(recipes.read(earlier.recipe).places(earlier.phase))
    except UnreadableRecipe:
        return []
    if not theirs or _trainer(theirs[-1]).dump() != _trainer(places[0]).dump():
        return []
    return _of(db, earlier.id, theirs[-1])


def _trainings(places: Sequence[StepPlace]) -> list[StepPlace]:
    return [place for place in places if isinstance(place.step.part, Trainer)]


def _trainer(place: StepPlace) -> Trainer:
    assert isinstance(place.step.part, Trainer)
    return place.step.part


def _is_likelihood(trainer: Trainer) -> bool:
    """Whether its losses are the mean over tokens of rows that it reads once."""
    if type(trainer) is not SFT or trainer.weigh_examples or trainer.reduction != "mean":
        return False
    return trainer.num_train_epochs <= 1 and trainer.max_steps <= 0


def _of(db: Session, round_id: int, place: StepPlace) -> Losses:
    """The points of the newest job of that training; a job notes no step where it is the first of its stage."""
    job, point = tables.Job, tables.JobPoint
    newest = select(job.id).where(job.round_id == round_id, job.stage == Stage.train)
    newest = newest.where((job.step == place.index) | job.step.is_(None)).order_by(job.id.desc()).limit(1)
    query = select(point.step, point.value).where(point.job_id == newest.scalar_subquery(), point.name == NAME)
    return list(db.execute(query.order_by(point.step)).tuples())
