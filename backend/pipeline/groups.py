"""Rows into the values parts take."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import values
from backend.db import tables
from backend.values import Split

T = TypeVar("T")
CHUNK = 500
"""Ids in one IN list, well under SQLite's limit on variables."""


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into runs of `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def prompt_value(row: tables.Prompt) -> values.Prompt:
    """A prompt's row as the value parts see."""
    return values.Prompt(row.id, row.messages, row.answer, row.extra)


def group_rows(db: Session, round_id: int, split: Split) -> list[tables.Group]:
    """The round's groups of one split, by position."""
    query = select(tables.Group).where(tables.Group.round_id == round_id, tables.Group.split == split)
    return list(db.scalars(query.order_by(tables.Group.position)))


def prompts_of(db: Session, groups: Sequence[tables.Group]) -> list[values.Prompt]:
    """The groups' prompts, in order."""
    found: dict[int, values.Prompt] = {}
    for ids in chunks([g.prompt_id for g in groups], CHUNK):
        for row in db.scalars(select(tables.Prompt).where(tables.Prompt.id.in_(ids))):
            found[row.id] = prompt_value(row)
    return [found[g.prompt_id] for g in groups]


def samples_of(
    db: Session, groups: Sequence[tables.Group], *, checkpoint_id: int | None = None, edits: bool = True
) -> dict[int, list[values.Sample]]:
    """The samples of each group id with their effective labels, by position; edits come after completions."""
    found: dict[int, list[values.Sample]] = {g.id: [] for g in groups}
    for ids in chunks([g.id for g in groups], CHUNK):
        query = (
            select(tables.Sample, tables.Label)
            .outerjoin(tables.Label, tables.Label.sample_id == tables.Sample.id)
            .where(tables.Sample.group_id.in_(ids))
            .order_by(tables.Sample.kind, tables.Sample.position, tables.Sample.id)
        )
        if not edits:
            query = query.where(tables.Sample.kind == "completion")
        if checkpoint_id is not None:
            query = query.where(tables.Sample.checkpoint_id == checkpoint_id)
        for sample, label in db.execute(query):
            found[sample.group_id].append(sample_value(sample, label))
    return found


def sample_value(sample: tables.Sample, label: tables.Label | None) -> values.Sample:
    """A sample's row and its label as the value parts see."""
    return values.Sample(
        id=sample.id,
        prompt_id=sample.prompt_id,
        text=sample.text,
        finish_reason=sample.finish_reason,
        n_tokens=sample.num_tokens,
        logprob=sample.logprob,
        position=sample.position,
        score=label.score if label else None,
        verdict=label.verdict if label else None,
        source=label.source if label else values.LabelSource.none,
    )


def load(
    db: Session, groups: Sequence[tables.Group], *, checkpoint_id: int | None = None, edits: bool = True
) -> list[values.Group]:
    """The groups as values, in order; a group without samples is an empty one."""
    samples = samples_of(db, groups, checkpoint_id=checkpoint_id, edits=edits)
    prompts = prompts_of(db, groups)
    return [values.Group(p, tuple(samples[g.id])) for g, p in zip(groups, prompts, strict=True)]
