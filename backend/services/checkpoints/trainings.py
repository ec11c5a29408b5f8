"""What each training of a round read, and what it made: a round may hold several datasets and several trainings."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.db.many import in_chunks
from backend.errors import UnreadableRecipe
from backend.recipes import STEPS
from backend.trainers import Trainer
from backend.values import JSON


@dataclass(frozen=True)
class Training:
    """One training of a round. `step`: the recipe's; `dataset_id`: None where it reads no rows, or none are frozen yet;
    `checkpoint_id`: None while it has made none."""

    round_id: int
    step: int
    dataset_id: int | None
    checkpoint_id: int | None


def of_rounds(db: Session, round_ids: Collection[int]) -> list[Training]:
    """The trainings of these rounds, by round and step."""
    round_, dataset, role = tables.Round, tables.Dataset, tables.RoundRole
    trainings: list[Training] = []
    for some in in_chunks(sorted(round_ids)):
        frozen: dict[int, dict[int, int]] = defaultdict(dict)
        for id_, round_id, step in db.execute(
            select(dataset.id, dataset.round_id, dataset.step).where(dataset.round_id.in_(some)).order_by(dataset.step)
        ):
            frozen[round_id][step] = id_
        by_round: dict[int, dict[int, int]] = defaultdict(dict)
        for round_id, step, checkpoint_id in db.execute(
            select(role.round_id, role.step, role.checkpoint_id).where(role.round_id.in_(some), role.step >= 0)
        ):
            by_round[round_id][step] = checkpoint_id
        columns = select(round_.id, round_.recipe, round_.phase, round_.checkpoint_id).where(round_.id.in_(some))
        for id_, recipe, phase, product_id in db.execute(columns.order_by(round_.id)):
            for step, read, is_product in _steps(recipe, phase, newest=max(frozen[id_], default=-1)):
                product = product_id if is_product else None
                trainings.append(Training(id_, step, frozen[id_].get(read), by_round[id_].get(step, product)))
    return trainings


def of_datasets(db: Session, round_ids: Collection[int]) -> dict[int, Training]:
    """The trainings of these rounds by the dataset that they read; one that a later step goes on from is not there."""
    return {training.dataset_id: training for training in of_rounds(db, round_ids) if training.dataset_id is not None}


def of_checkpoint(db: Session, round_id: int, checkpoint_id: int) -> Training | None:
    """The training of a round that made a checkpoint."""
    return next((training for training in of_rounds(db, [round_id]) if training.checkpoint_id == checkpoint_id), None)


def names(db: Session, trainings: Iterable[Training]) -> dict[int, str]:
    """The names of the checkpoints that these trainings made, by id."""
    checkpoint, names_ = tables.Checkpoint, dict[int, str]()
    for some in in_chunks(
        sorted({training.checkpoint_id for training in trainings if training.checkpoint_id is not None})
    ):
        names_ |= dict(db.execute(select(checkpoint.id, checkpoint.name).where(checkpoint.id.in_(some))).tuples().all())
    return names_


def _steps(recipe: JSON, phase: int, *, newest: int) -> Iterator[tuple[int, int, bool]]:
    """Of each training its step, that of the rows it reads (-1: none), and whether it makes what the round is for.

    newest: the last step that froze rows. Of a recipe whose parts are not all here any more nothing else is known.
    """
    if "steps" not in recipe and "phases" not in recipe:
        yield STEPS.index("trainer"), STEPS.index("selector"), True
        return
    try:
        known = recipes.read(recipe)
    except UnreadableRecipe:
        yield newest + 1, newest, True
        return
    places = [place for place in known.places(phase) if isinstance(place.step.part, Trainer)]
    product = max((place.index for place in places if place.step.makes == known.product), default=-1)
    for place in places:
        yield place.index, place.rows[-1] if place.rows else -1, place.index == product
