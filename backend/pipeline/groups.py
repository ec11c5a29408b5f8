"""Rows into the values parts take."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import func, or_, select
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


# Columns, not entities: a batch is read between two calls of the model, and rows are five times quicker.
PROMPT = (tables.Prompt.id, tables.Prompt.messages, tables.Prompt.answer, tables.Prompt.extra)
SAMPLE = (
    tables.Sample.id,
    tables.Sample.prompt_id,
    tables.Sample.text,
    tables.Sample.finish_reason,
    tables.Sample.num_tokens,
    tables.Sample.logprob,
    tables.Sample.position,
)
LABEL = (tables.Label.score, tables.Label.verdict, tables.Label.source)


class GroupRow(NamedTuple):
    """What stages need of a group's row."""

    id: int
    prompt_id: int
    split: Split


def group_rows(db: Session, round_id: int, split: Split) -> list[GroupRow]:
    """The round's groups of one split, by position."""
    group = tables.Group
    query = select(group.id, group.prompt_id).where(group.round_id == round_id, group.split == split)
    rows = db.connection().execute(query.order_by(group.position)).all()
    return [GroupRow(group_id, prompt_id, split) for group_id, prompt_id in rows]


def prompts_of(db: Session, groups: Sequence[GroupRow]) -> list[values.Prompt]:
    """The groups' prompts, in order."""
    found: dict[int, values.Prompt] = {}
    for ids in chunks([g.prompt_id for g in groups], CHUNK):
        for row in db.connection().execute(select(*PROMPT).where(tables.Prompt.id.in_(ids))).all():
            found[row[0]] = values.Prompt(*row)
    return [found[g.prompt_id] for g in groups]


def with_imported(db: Session, prompts: Sequence[values.Prompt]) -> list[values.Prompt]:
    """The prompts with the completions that files brought for them."""
    row, found = tables.ImportedCompletion, defaultdict[int, list[values.Imported]](list)
    for ids in chunks([p.id for p in prompts], CHUNK):
        query = select(row.prompt_id, row.text, row.extra).where(row.prompt_id.in_(ids))
        for prompt_id, text, extra in db.execute(query.order_by(row.prompt_id, row.position)):
            found[prompt_id].append(values.Imported(text, extra))
    return [replace(p, imported=tuple(found[p.id])) if p.id in found else p for p in prompts]


def sample_counts(db: Session, groups: Sequence[GroupRow], *, checkpoint_id: int) -> dict[int, int]:
    """How many samples of this checkpoint, or imported, each group has; groups without any are left out."""
    found: dict[int, int] = {}
    for ids in chunks([g.id for g in groups], CHUNK):
        query = select(tables.Sample.group_id, func.count()).where(
            tables.Sample.group_id.in_(ids),
            or_(tables.Sample.checkpoint_id == checkpoint_id, tables.Sample.kind == "import"),
        )
        found |= {group_id: count for group_id, count in db.execute(query.group_by(tables.Sample.group_id))}
    return found


def samples_of(
    db: Session,
    groups: Sequence[GroupRow],
    *,
    checkpoint_id: int | None = None,
    edits: bool = True,
    imported: bool = True,
    labels: bool = True,
) -> dict[int, list[values.Sample]]:
    """The samples of each group id by position, edits after the others; with their effective labels if wanted."""
    found: dict[int, list[values.Sample]] = {g.id: [] for g in groups}
    label = tables.Label
    for ids in chunks([g.id for g in groups], CHUNK):
        query = select(
            tables.Sample.group_id, tables.Sample.kind, tables.Sample.extra, *SAMPLE, *(LABEL if labels else ())
        )
        if labels:
            query = query.outerjoin(label, label.sample_id == tables.Sample.id)
        if not edits:
            query = query.where(tables.Sample.kind != "edit")
        if not imported:
            query = query.where(tables.Sample.kind != "import")
        if checkpoint_id is not None:
            query = query.where(tables.Sample.checkpoint_id == checkpoint_id)
        order = (tables.Sample.kind == "edit", tables.Sample.position, tables.Sample.id)
        rows: Any = db.connection().execute(query.where(tables.Sample.group_id.in_(ids)).order_by(*order)).all()
        for group_id, kind, extra, *columns in rows:
            if labels:
                columns[-1] = columns[-1] or values.LabelSource.none
            sample: values.Sample = values.Sample(*columns)
            # Most samples are completions of which nothing is noted: a batch is read between two calls of the model.
            found[group_id].append(
                sample if not extra and kind == "completion" else replace(sample, kind=kind, extra=extra)
            )
    return found


def load(
    db: Session,
    groups: Sequence[GroupRow],
    *,
    checkpoint_id: int | None = None,
    edits: bool = True,
    imported: bool = True,
    labels: bool = True,
) -> list[values.Group]:
    """The groups as values, in order; a group without samples is an empty one."""
    samples = samples_of(db, groups, checkpoint_id=checkpoint_id, edits=edits, imported=imported, labels=labels)
    prompts = prompts_of(db, groups)
    return [values.Group(p, tuple(samples[g.id])) for g, p in zip(groups, prompts, strict=True)]
