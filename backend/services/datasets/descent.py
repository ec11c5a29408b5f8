"""Which datasets hold given samples, and which checkpoints learned from them, through any number of rounds."""

from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import among, in_chunks
from backend.generators._few_shot import NOTED
from backend.services.checkpoints import trainings
from backend.values import SampleKind

AT_ONCE = 5_000
"""Samples that are looked for by one statement."""


@dataclass(frozen=True)
class AffectedDataset:
    """A dataset that holds samples the person decided on, or samples that those were shown for."""

    dataset_id: int
    round_number: int
    examples: int


@dataclass(frozen=True)
class AffectedCheckpoint:
    """A checkpoint that learned from such a dataset, itself (`is_direct`) or through an ancestor."""

    checkpoint_id: int
    name: str
    is_direct: bool


def datasets(db: Session, sample_ids: Sequence[int]) -> tuple[tuple[AffectedDataset, ...], set[int]]:
    """Datasets with these samples, and the checkpoints trained on them."""
    example, dataset, round_ = tables.Example, tables.Dataset, tables.Round
    by_dataset: dict[int, set[int]] = defaultdict(set)
    sides = [
        side for side in (example.sample_id, example.rejected_id) if sample_ids and _any_near(db, side, sample_ids)
    ]
    for chunk in in_chunks(sample_ids, AT_ONCE):
        for side in sides:
            for dataset_id, id_ in db.execute(select(example.dataset_id, example.id).where(among(side, chunk))):
                by_dataset[dataset_id].add(id_)
    query = (
        select(dataset.id, round_.number, round_.id).join(round_, round_.id == dataset.round_id).order_by(dataset.id)
    )
    rows = [row for some in in_chunks(sorted(by_dataset)) for row in db.execute(query.where(dataset.id.in_(some)))]
    read = trainings.of_datasets(db, {round_id for _, _, round_id in rows})
    ids = (read[id_].checkpoint_id for id_, _, _ in rows if id_ in read)
    direct = {checkpoint_id for checkpoint_id in ids if checkpoint_id is not None}
    return tuple(AffectedDataset(id_, number, len(by_dataset[id_])) for id_, number, _ in rows), direct


def _any_near(db: Session, side: Any, sample_ids: Sequence[int]) -> bool:
    """Whether an example is of a sample with a number between these: none is while a round's first review goes on."""
    return db.scalar(select(side).where(side.between(min(sample_ids), max(sample_ids))).limit(1)) is not None


def with_shown_to(db: Session, project_id: int, sample_ids: Sequence[int]) -> list[int]:
    """These samples, and those that a model wrote after it was shown one of them before its prompt, and so on: what
    people made of such a text counts, and so do texts about it.
    """
    round_, sample, reached = tables.Round, tables.Sample, dict.fromkeys(sample_ids)
    rounds = select(round_.id, round_.few_shot).where(round_.project_id == project_id).order_by(round_.number)
    for round_id, few_shot in db.execute(rounds).all():
        kept = {id_ for step in few_shot.values() for id_ in step["ids"]}
        if kept.isdisjoint(reached):
            continue
        noted = select(sample.id, sample.extra).where(sample.round_id == round_id, sample.kind == SampleKind.completion)
        for id_, extra in db.execute(noted).yield_per(10_000):
            if not kept.isdisjoint(extra.get(NOTED, ())) and not reached.keys().isdisjoint(extra[NOTED]):
                reached[id_] = None
        for id_ in _made_of(db, round_id, reached.keys() - set(sample_ids)):
            reached[id_] = None
    return list(reached)


def _made_of(db: Session, round_id: int, reached: Container[int]) -> set[int]:
    """Samples of a round that are edits of these or answer a question about one, and what came after."""
    sample, group, after = tables.Sample, tables.Group, set[int]()
    query = select(sample.id, sample.edited_from_id, group.parent_id).join(group, group.id == sample.group_id)
    is_made_of_one = or_(sample.edited_from_id.is_not(None), group.parent_id.is_not(None))
    query = query.where(sample.round_id == round_id, is_made_of_one)
    rows = db.execute(query.order_by(sample.id)).tuples().all()
    while more := {
        id_
        for id_, *of in rows
        if id_ not in after and any(sample_id in after or sample_id in reached for sample_id in of)
    }:
        after |= more
    return after


def learned_from(
    db: Session, project_id: int, sample_ids: Sequence[int]
) -> tuple[tuple[AffectedDataset, ...], tuple[AffectedCheckpoint, ...]]:
    """The datasets that these samples reached, the checkpoints that learned from them, and all that came of these."""
    reached, direct = datasets(db, with_shown_to(db, project_id, sample_ids))
    return reached, with_descendants(db, project_id, direct)


def with_descendants(db: Session, project_id: int, direct: set[int]) -> tuple[AffectedCheckpoint, ...]:
    """These checkpoints and all that came of them."""
    checkpoint = tables.Checkpoint
    query = select(checkpoint.id, checkpoint.name, checkpoint.parent_id).where(checkpoint.project_id == project_id)
    rows = db.execute(query.order_by(checkpoint.id)).all()
    reached = set(direct)
    while more := {id_ for id_, _, parent_id in rows if parent_id in reached and id_ not in reached}:
        reached |= more
    return tuple(AffectedCheckpoint(id_, name, id_ in direct) for id_, name, _ in rows if id_ in reached)
