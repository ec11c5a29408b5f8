"""What a training is about to do: asked for beforehand, of any frozen dataset, and of each training as it began."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import jobs, recipes
from backend.db import reading, session, tables
from backend.errors import InvalidInput, NotFound, UnreadableRecipe
from backend.pipeline.bind import checkpoint_of
from backend.pipeline.preflight import KIND
from backend.registry import import_all
from backend.services import refusals
from backend.services.access import Actor, require, require_row
from backend.trainers import Trainer
from backend.values import JSON, JobStatus, Role, Stage


@dataclass(frozen=True)
class Preflight:
    """A look at a training, or what a training noted before its first step. `report`: None until it is there.

    `round_id`: None for a look. `trainer`: what was asked for; of a training empty.
    """

    job_id: int
    project_id: int
    round_id: int | None
    dataset_id: int | None
    status: JobStatus
    error: str | None
    trainer: JSON
    report: JSON | None
    created_at: datetime

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


@dataclass(frozen=True)
class Usual:
    """What reads a dataset unless something else is asked for: its round's next trainer and its checkpoints."""

    dataset_id: int
    trainer: JSON
    policy_id: int
    reference_id: int
    seed: int


def usual(actor: Actor, dataset_id: int) -> Usual:
    """Return what a look at this dataset starts from; raises `InvalidInput` where no trainer of its round reads it."""
    with reading() as db:
        return _usual(db, _dataset(db, actor, dataset_id, Role.viewer))


def look(
    actor: Actor,
    dataset_id: int,
    trainer: JSON | None = None,
    *,
    policy_id: int | None = None,
    reference_id: int | None = None,
) -> int:
    """Start a job that does all of a training but training; return its id.

    trainer: a whole part with its name, or knobs that differ from those of the dataset's round. Raises `InvalidInput`
    for a trainer that does not read such rows, or of which nothing can be said beforehand.
    """
    with session() as db:
        dataset = _dataset(db, actor, dataset_id, Role.curator)
        usual = _usual(db, dataset)
        part = _part(usual.trainer, trainer or {})
        if dataset.type not in part.takes:
            raise InvalidInput(
                f"The trainer {part.name} does not read {dataset.type} rows, and dataset {dataset_id} has these. "
                "Choose another trainer."
            )
        asked = {"policy_id": policy_id or usual.policy_id, "reference_id": reference_id or usual.reference_id}
        for checkpoint_id in asked.values():
            _check_checkpoint(db, dataset.project_id, checkpoint_id)
        spec = {"kind": KIND, "dataset_id": dataset_id, "trainer": part.dump(), "seed": usual.seed, **asked}
        job = jobs.enqueue(db, stage=Stage.train, project_id=dataset.project_id, spec=spec, created_by=actor.user_id)
        return job.id


def get(actor: Actor, job_id: int) -> Preflight:
    """Return a look, or what a training noted; raises `NotFound` for a job that is neither."""
    missing = f"There is no pre-flight {job_id} here. Look at a training again."
    with reading() as db:
        query = select(tables.Job).where(tables.Job.id == job_id, tables.Job.stage == Stage.train)
        job = require_row(db, actor, db.scalar(query), Role.viewer, missing)
        return _view(job)


def newest(actor: Actor, project_id: int, *, round_id: int | None = None) -> Preflight | None:
    """Return the newest look of a project, or the newest training of one of its rounds; None where there is none."""
    job = tables.Job
    query = select(job).where(job.project_id == project_id, job.stage == Stage.train)
    if round_id is None:
        query = query.where(job.round_id.is_(None), job.spec["kind"].as_string() == KIND)
    else:
        query = query.where(job.round_id == round_id)
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        job_id = db.scalar(query.order_by(job.id.desc()).limit(1))
        return _view(job_id) if job_id is not None else None


def _view(job: tables.Job) -> Preflight:
    report, spec = job.spec.get(KIND), job.spec
    return Preflight(
        job.id,
        job.project_id,
        job.round_id,
        spec.get("dataset_id"),
        job.status,
        job.error,
        dict(spec.get("trainer", {})),
        report if isinstance(report, dict) else None,
        job.created_at,
    )


def _dataset(db: Session, actor: Actor, dataset_id: int, role: Role) -> tables.Dataset:
    missing = f"There is no dataset {dataset_id} here. Choose one from the list."
    row = db.get(tables.Dataset, dataset_id)
    return require_row(db, actor, row, role, missing)


def _usual(db: Session, dataset: tables.Dataset) -> Usual:
    round_ = db.get_one(tables.Round, dataset.round_id)
    try:
        places = recipes.read(round_.recipe).places(round_.phase)
    except UnreadableRecipe as error:
        raise InvalidInput(
            f"Round {round_.number} has a recipe with parts that are not here: {error.message}"
        ) from error
    for place in places:
        part = place.step.part
        if place.index > dataset.step and isinstance(part, Trainer) and dataset.type in part.takes:
            policy, reference = (checkpoint_of(db, round_, role, place.index) for role in (part.start, part.reference))
            return Usual(dataset.id, part.dump(), policy, reference, round_.seed)
    raise InvalidInput(
        f"No trainer of round {round_.number} reads dataset {dataset.id}. Choose a dataset that one was trained on."
    )


def _part(before: JSON, asked: JSON) -> Trainer:
    import_all()
    is_other = "name" in asked and asked["name"] != before["name"]
    try:
        part: Trainer = Trainer.load(asked if is_other else before | asked)
    except ValidationError as error:
        raise InvalidInput(refusals.explain(error)) from error
    if not part.trains_weights:
        raise InvalidInput(f"The trainer {part.name} trains no weights, so there is no pre-flight of it.")
    return part


def _check_checkpoint(db: Session, project_id: int, checkpoint_id: int) -> None:
    row = db.get(tables.Checkpoint, checkpoint_id)
    if row is None or row.project_id != project_id:
        raise NotFound(f"There is no checkpoint {checkpoint_id} in this project. Choose one from the list.")
