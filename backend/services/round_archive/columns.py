"""Which rows an archive holds, and how a column's values stand in a Parquet file."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Enum,
    Float,
    Integer,
    Select,
    String,
    Table,
    or_,
    select,
    union,
)

from backend.db import tables
from backend.db.base import UtcDateTime

REMOVED: tuple[Any, ...] = (
    tables.Group,
    tables.Sample,
    tables.Judgment,
    tables.Label,
    tables.Decision,
    tables.Answer,
    tables.JudgeAnswer,
    tables.Comment,
    tables.SampleTag,
    tables.ExternalId,
    tables.Lease,
    tables.Assignment,
    tables.GoldItem,
    tables.Informativeness,
    tables.LeftOut,
    tables.Example,
)
"""What leaves the database, in an order in which each finds what it refers to. A group's parent comes afterwards."""
TIME = "time"
LINKS = "prompt_samples"
"""The file of prompts that were made of the round's samples; deleting these forgets that."""


@dataclass(frozen=True)
class RowFile:
    """A file of rows: those of a table, or some columns of them."""

    name: str
    query: Select[Any]
    columns: tuple[Column[Any], ...]


def removed(round_id: int) -> list[RowFile]:
    """The files of what leaves the database."""
    return [_whole(entity, of_round(entity, round_id)) for entity in REMOVED]


def links(round_id: int) -> RowFile:
    """Which prompts were made of the round's samples."""
    prompt, sample = tables.Prompt, tables.Sample
    is_link = prompt.sample_id.in_(select(sample.id).where(sample.round_id == round_id))
    columns = link_columns()
    return RowFile(LINKS, select(*columns).where(is_link).order_by(prompt.id), columns)


def link_columns() -> tuple[Column[Any], ...]:
    """The columns of that file."""
    prompt: Any = tables.Prompt.__table__.c
    return prompt.id, prompt.sample_id


def beside(round_id: int) -> list[RowFile]:
    """The files of what stays in the database, so that an archive can be read without it."""
    group, example, dataset = tables.Group, tables.Example, tables.Dataset
    ours = select(dataset.id).where(dataset.round_id == round_id)
    asked = select(group.prompt_id).where(group.round_id == round_id)
    prompts = union(asked, select(example.prompt_id).where(example.dataset_id.in_(ours)))
    of_job = tables.JobPoint.job_id.in_(select(tables.Job.id).where(tables.Job.round_id == round_id))
    user: Any = tables.User.__table__.c
    people: Any = union(
        select(tables.Decision.user_id).where(tables.Decision.round_id == round_id),
        select(tables.Answer.user_id).where(tables.Answer.round_id == round_id),
        select(tables.Sample.author_id).where(tables.Sample.round_id == round_id),
    )
    names = (user.id, user.name)
    return [
        _whole(tables.Round, tables.Round.id == round_id),
        *(
            _whole(entity, entity.round_id == round_id)
            for entity in (
                tables.RoundPromptSet,
                tables.RoundRole,
                tables.Dataset,
                tables.Metric,
                tables.RoundWarning,
                tables.EndpointUse,
                tables.Job,
                tables.Event,
            )
        ),
        _whole(tables.JobPoint, of_job),
        _whole(tables.Prompt, tables.Prompt.id.in_(prompts)),
        _whole(tables.Checkpoint, tables.Checkpoint.id.in_(checkpoints(round_id))),
        RowFile("people", select(*names).where(user.id.in_(people)).order_by(user.id), names),
    ]


def checkpoints(round_id: int) -> Any:
    """The checkpoints that wrote or judged the round's texts, or act in it."""
    row, sample, judgment, role = tables.Round, tables.Sample, tables.Judgment, tables.RoundRole
    left, answer = tables.LeftOut, tables.JudgeAnswer
    acting = (row.policy_id, row.reference_id, row.judge_id, row.checkpoint_id)
    return union(
        *(select(column).where(row.id == round_id, column.is_not(None)) for column in acting),
        select(role.checkpoint_id).where(role.round_id == round_id),
        select(sample.checkpoint_id).where(sample.round_id == round_id, sample.checkpoint_id.is_not(None)),
        select(judgment.checkpoint_id).where(judgment.round_id == round_id, judgment.checkpoint_id.is_not(None)),
        select(answer.checkpoint_id).where(answer.round_id == round_id, answer.checkpoint_id.is_not(None)),
        select(left.checkpoint_id).where(left.round_id == round_id, left.checkpoint_id.is_not(None)),
    )


def prompt_sets(round_id: int) -> Any:
    """The prompt sets whose prompts the round's rows name."""
    prompt, entities = tables.Prompt, (tables.Group, tables.Sample, tables.Example, tables.LeftOut)
    named = union(*(select(entity.prompt_id).where(of_round(entity, round_id)) for entity in entities))
    return select(prompt.prompt_set_id).where(prompt.id.in_(named)).distinct()


def other_rounds(round_id: int) -> Any:
    """The other rounds whose samples the round's rows name."""
    sample, example, group = tables.Sample, tables.Example, tables.Group
    ours = of_round(example, round_id)
    named = union(
        select(example.sample_id).where(ours),
        select(example.rejected_id).where(ours),
        select(group.parent_id).where(group.round_id == round_id),
    )
    return select(sample.round_id).where(sample.id.in_(named), sample.round_id != round_id).distinct()


def of_round(entity: Any, round_id: int) -> ColumnElement[bool]:
    """The rows of a table that leaves which are the round's."""
    if entity is tables.Example:
        return tables.Example.dataset_id.in_(select(tables.Dataset.id).where(tables.Dataset.round_id == round_id))
    if entity is tables.ExternalId:
        return tables.ExternalId.sample_id.in_(select(tables.Sample.id).where(tables.Sample.round_id == round_id))
    condition: ColumnElement[bool] = entity.round_id == round_id
    return condition


def stored(table: Table) -> tuple[Column[Any], ...]:
    """A table's columns but those that the database computes."""
    return tuple(column for column in table.columns if column.computed is None)


def _whole(entity: Any, condition: ColumnElement[bool]) -> RowFile:
    table = entity.__table__
    columns = stored(table)
    return RowFile(table.name, select(*columns).where(condition).order_by(*table.primary_key.columns), columns)


def among_keys(table: Table, rows: Sequence[dict[str, Any]]) -> ColumnElement[bool]:
    """The rows that have the keys of these."""
    keys = list(table.primary_key.columns)
    if len(keys) == 1:
        return keys[0].in_([row[keys[0].name] for row in rows])
    first, second = keys
    return or_(*((first == row[first.name]) & (second == row[second.name]) for row in rows))


def arrow_type(column: Column[Any]) -> str:
    """The type of a column in a file: Arrow's name of it, or `time`."""
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return TIME
    if isinstance(kind, Boolean):
        return "bool"
    if isinstance(kind, Integer):
        return "int64"
    if isinstance(kind, Float):
        return "double"
    assert isinstance(kind, JSON | String), f"{column} has a type that no archive holds."
    return "string"


def to_file(column: Column[Any]) -> Callable[[Any], Any]:
    """What makes a row's value one of a file."""
    if isinstance(column.type, JSON):
        return lambda value: None if value is None else json.dumps(value)  # keys stay in their order, which hashes read
    if isinstance(column.type, Enum):
        return lambda value: None if value is None else str(value)
    return lambda value: value


def from_file(column: Column[Any]) -> Callable[[Any], Any]:
    """What makes a file's value one of a row."""
    if isinstance(column.type, JSON):
        return lambda value: None if value is None else json.loads(value)
    if isinstance(column.type, UtcDateTime):
        return lambda value: None if value is None else value.astimezone(UTC)
    return lambda value: value
