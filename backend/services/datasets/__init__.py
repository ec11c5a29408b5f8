"""Frozen training sets: what is in them, where it came from, and whether it is still what was frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from backend.db import reading, standing, tables
from backend.db.standing import TOGETHER
from backend.pipeline import rows as dataset_rows
from backend.pipeline.cuts import in_words as cut_in_words
from backend.pipeline.rows import DatasetRow, plain
from backend.services import archived
from backend.services.access import Actor, require, require_row
from backend.services.checkpoints import trainings
from backend.values import JSON, DatasetType, Role

__all__ = [
    "DatasetDetail",
    "DatasetRow",
    "DatasetView",
    "Verification",
    "cut_in_words",
    "get",
    "list_datasets",
    "plain",
    "rows",
    "verify",
]

PAGE = 25


@dataclass(frozen=True)
class DatasetView:
    """A frozen training set, and the checkpoint that was trained on it.

    `is_read`: a training of the round reads it; a later step goes on from the rows of another one.
    """

    id: int
    project_id: int
    round_id: int
    round_number: int
    type: DatasetType
    content_hash: str
    num_examples: int
    created_at: datetime
    checkpoint_id: int | None
    checkpoint: str | None
    is_read: bool = True
    stale_at: datetime | None = None
    """Since when its labels may have changed: the round's review was opened again."""
    is_round_in_trash: bool = False
    """The round that froze it is in the trash."""


@dataclass(frozen=True)
class Decider:
    """A person and their standing decisions on samples of a dataset."""

    name: str
    num_decisions: int
    num_overrides: int


@dataclass(frozen=True)
class DatasetDetail:
    """A dataset with its funnel, what it was made from, its rows by origin, and the people behind it."""

    view: DatasetView
    funnel: tuple[JSON, ...]
    provenance: JSON
    origins: dict[str, int]
    people: tuple[Decider, ...]


@dataclass(frozen=True)
class DatasetPage:
    """Rows by position, the cursor of the next page (None at the end), and the type of the dataset."""

    rows: tuple[DatasetRow, ...]
    next: int | None
    type: DatasetType


@dataclass(frozen=True)
class Verification:
    """Whether the rows still have the hash they were frozen with."""

    is_unchanged: bool
    frozen_hash: str
    hash_now: str
    num_rows: int


def find(db: Session, actor: Actor, dataset_id: int, role: Role = Role.viewer) -> tables.Dataset:
    """The dataset's row, if the actor may see it; raises `NotFound` as if it did not exist otherwise."""
    missing = f"There is no dataset {dataset_id}. Choose one from the list."
    return require_row(db, actor, db.get(tables.Dataset, dataset_id), role, missing)


def find_whole(db: Session, actor: Actor, dataset_id: int) -> tables.Dataset:
    """The dataset's row; raises `Conflict` where the rows of its round lie in an archive."""
    row = find(db, actor, dataset_id)
    archived.refuse_id(db, row.round_id)
    return row


def list_datasets(actor: Actor, project_id: int) -> list[DatasetView]:
    """The project's datasets, newest first."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = _numbered().where(tables.Dataset.project_id == project_id).order_by(tables.Dataset.id.desc())
        return _views(db, db.execute(query).tuples().all())


def get(actor: Actor, dataset_id: int) -> DatasetDetail:
    """One dataset with all that is known of it."""
    example = tables.Example
    with reading() as db:
        row = find(db, actor, dataset_id)
        (view,) = _views(db, db.execute(_numbered().where(tables.Dataset.id == dataset_id)).tuples().all())
        by_origin = select(example.origin, func.count()).where(example.dataset_id == dataset_id)
        origins = {origin: count for origin, count in db.execute(by_origin.group_by(example.origin)).tuples()}
        people = _people(db, row)
    return DatasetDetail(view, tuple(row.funnel), row.provenance, origins, people)


def _numbered() -> Any:
    dataset, round_ = tables.Dataset, tables.Round
    return select(dataset, round_.number, round_.project_id != dataset.project_id).join(
        round_, round_.id == dataset.round_id
    )


def _views(db: Session, rows: Sequence[tuple[tables.Dataset, int, bool]]) -> list[DatasetView]:
    read = trainings.of_datasets(db, {row.round_id for row, *_ in rows})
    names = trainings.names(db, read.values())
    views = []
    for row, round_number, in_trash in rows:
        checkpoint_id = read[row.id].checkpoint_id if row.id in read else None
        views.append(
            DatasetView(
                row.id,
                row.project_id,
                row.round_id,
                round_number,
                row.type,
                row.content_hash,
                row.num_examples,
                row.created_at,
                checkpoint_id,
                names.get(checkpoint_id or 0),
                row.id in read,
                row.stale_at,
                bool(in_trash),
            )
        )
    return views


def _people(db: Session, dataset: tables.Dataset) -> tuple[Decider, ...]:
    """The people whose decisions changed labels of the dataset's samples."""
    decision, example, user, other = tables.Decision, tables.Example, tables.User, aliased(tables.Sample)
    here = exists().where(example.dataset_id == dataset.id)
    # The group comes first because it is indexed; who was edited from whom is not.
    is_edited_from = (other.group_id == decision.group_id) & (other.edited_from_id == decision.sample_id)
    is_of_group = (other.group_id == decision.group_id) & decision.kind.in_(TOGETHER)
    is_used = or_(
        here.where(example.sample_id == decision.sample_id),
        here.where(example.rejected_id == decision.sample_id),
        here.where(example.sample_id == other.id, is_edited_from | is_of_group),
        here.where(example.rejected_id == other.id, is_of_group),
    )
    last = standing.last_label_words().where(decision.project_id == dataset.project_id)
    query = (
        select(user.name, func.count(), func.count().filter(decision.is_override))
        .join(decision, decision.user_id == user.id)
        .where(decision.id.in_(last), is_used)
        .group_by(user.id, user.name)
        .order_by(func.count().desc(), user.name)
    )
    return tuple(Decider(*person) for person in db.execute(query).tuples())


def rows(actor: Actor, dataset_id: int, *, cursor: int | None = None, limit: int = PAGE) -> DatasetPage:
    """A page of the dataset's rows from after the position `cursor`."""
    limit = min(limit, 200)
    with reading() as db:
        type_ = find_whole(db, actor, dataset_id).type
        after = -1 if cursor is None else cursor
        rows_: Sequence[DatasetRow] = list(dataset_rows.rows(db, dataset_id, after=after, limit=limit + 1))
    return DatasetPage(tuple(rows_[:limit]), rows_[limit - 1].position if len(rows_) > limit else None, type_)


def verify(actor: Actor, dataset_id: int) -> Verification:
    """Compute the content hash from the rows again and say whether it is the frozen one."""
    count = 0
    with reading() as db:
        dataset = find_whole(db, actor, dataset_id)
        frozen = dataset.content_hash

        def lines() -> Any:
            nonlocal count
            for row in dataset_rows.iterate(db, dataset_id):
                count += 1
                yield dataset_rows.line(row)

        digest = dataset_rows.content_hash(lines())
    return Verification(digest == frozen, frozen, digest, count)
