"""Rows into the values parts take."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from backend import values
from backend.db import tables
from backend.db.many import in_chunks
from backend.judges import Judge
from backend.pipeline.stage import StageContext
from backend.recipes import StepPlace
from backend.values import SampleKind, Split

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


class StageGroup(NamedTuple):
    """What stages need of a group's row."""

    """`is_own`: it asks something else than its prompt."""

    id: int
    prompt_id: int
    split: Split
    step: int = 0
    position: int = 0
    parent_id: int | None = None
    is_own: bool = False
    is_stripped: bool = False
    cut: int | None = None


def group_columns() -> tuple[Any, ...]:
    """The columns of a `StageGroup`, in the order of its fields."""
    group = tables.Group
    ids, at = (group.id, group.prompt_id), (group.split, group.step, group.position)
    return *ids, *at, group.parent_id, group.messages.is_not(None), group.is_stripped, group.cut


def group_rows(
    db: Session, round_id: int, split: Split, *, step: int | None = None, prompts: Sequence[int] | None = None
) -> list[StageGroup]:
    """The round's groups of one split, of one step or of all, of these prompts or of all, by step and position."""
    group = tables.Group
    query = select(*group_columns()).where(group.round_id == round_id, group.split == split)
    if step is not None:
        query = query.where(group.step == step)
    if prompts is not None:
        query = query.where(group.prompt_id.in_(prompts))
    return [StageGroup(*row) for row in db.execute(query.order_by(group.step, group.position))]


def groups_for_step(
    db: Session, stage: StageContext, step: int | None = None, *, prompts: Sequence[int] | None = None
) -> list[StageGroup]:
    """The groups that a step of the round (None: the job's) works on, by position; prompts: of these alone."""
    place = stage.place if step is None else stage.places[step]
    if place.source is None:
        return []
    rows = group_rows(db, stage.round.id, Split.train, step=place.source, prompts=prompts)
    if place.narrowed is None:
        return rows
    # Not the stage's own view of the round: the step before may have been carried out by this very job.
    steps = db.scalar(select(tables.Round.steps).where(tables.Round.id == stage.round.id)) or {}
    kept = set(steps[str(place.narrowed)]["groups"])
    return [row for row in rows if row.id in kept]


def prompts_of(db: Session, groups: Sequence[StageGroup]) -> list[values.Prompt]:
    """The groups' prompts, in order, with what each group asks for messages, and its own answer where it has one."""
    roots = roots_of(db, groups)
    own: dict[int, dict[str, Any]] = {}
    for ids in in_chunks([g.id for g in groups if g.is_own]):
        query = select(tables.Group.id, tables.Group.messages, tables.Group.answer).where(tables.Group.id.in_(ids))
        for group_id, messages, answer in db.execute(query):
            own[group_id] = {"messages": messages} | ({} if answer is None else {"answer": answer})
    prompts = (roots[g.prompt_id] for g in groups)
    return [replace(p, **own[g.id]) if g.id in own else p for g, p in zip(groups, prompts, strict=True)]


def is_no_probe(project_id: int) -> ColumnElement[bool]:
    """Prompts that no set of probes of the project asks, in whatever spelling."""
    probe, probes = aliased(tables.Prompt), tables.PromptSet
    asked = select(probe.text_key).join(probes, probes.id == probe.prompt_set_id)
    of_project = (probes.project_id == project_id, probes.origin == tables.PROBES)
    return tables.Prompt.text_key.not_in(asked.where(*of_project))


def roots_of(db: Session, groups: Sequence[StageGroup]) -> dict[int, values.Prompt]:
    """The prompts that the groups come from, by id."""
    roots: dict[int, values.Prompt] = {}
    for ids in in_chunks([g.prompt_id for g in groups]):
        for row in db.connection().execute(select(*PROMPT).where(tables.Prompt.id.in_(ids))).all():
            roots[row[0]] = values.Prompt(*row)
    return roots


def with_imported(db: Session, prompts: Sequence[values.Prompt]) -> list[values.Prompt]:
    """The prompts with the completions that files brought for them."""
    row, imported = tables.ImportedCompletion, defaultdict[int, list[values.ImportedCompletion]](list)
    for ids in in_chunks([p.id for p in prompts]):
        query = select(row.prompt_id, row.text, row.extra).where(row.prompt_id.in_(ids))
        for prompt_id, text, extra in db.execute(query.order_by(row.prompt_id, row.position)):
            imported[prompt_id].append(values.ImportedCompletion(text, extra))
    return [replace(p, imported=tuple(imported[p.id])) if p.id in imported else p for p in prompts]


def sample_counts(db: Session, groups: Sequence[StageGroup], *, checkpoint_id: int, step: int) -> dict[int, int]:
    """How many samples of this step and checkpoint, or imported, each group has; groups without any are left out."""
    counts: dict[int, int] = {}
    for ids in in_chunks([g.id for g in groups]):
        query = select(tables.Sample.group_id, func.count()).where(
            tables.Sample.group_id.in_(ids),
            tables.Sample.step == step,
            or_(tables.Sample.checkpoint_id == checkpoint_id, tables.Sample.kind == SampleKind.imported),
        )
        counts |= {group_id: count for group_id, count in db.execute(query.group_by(tables.Sample.group_id))}
    return counts


def samples_of(
    db: Session,
    groups: Sequence[StageGroup],
    *,
    checkpoint_id: int | None = None,
    edits: bool = True,
    imported: bool = True,
    labels: bool = True,
    place: StepPlace | None = None,
) -> dict[int, list[values.Sample]]:
    """The samples of each group id by step and position, edits after the others; with their effective labels if wanted.

    place: the step that looks, which sees what was made before it, by the roles it names.
    """
    samples: dict[int, list[values.Sample]] = {g.id: [] for g in groups}
    label = tables.Label
    for ids in in_chunks([g.id for g in groups]):
        query = select(
            tables.Sample.group_id,
            tables.Sample.kind,
            tables.Sample.extra,
            tables.Sample.step,
            tables.Sample.role,
            tables.Sample.turns,
            *SAMPLE,
            *(LABEL if labels else ()),
        )
        if labels:
            query = query.outerjoin(label, label.sample_id == tables.Sample.id)
        if not edits:
            query = query.where(tables.Sample.kind != SampleKind.edit)
        if not imported:
            query = query.where(tables.Sample.kind != SampleKind.imported)
        if checkpoint_id is not None:
            query = query.where(tables.Sample.checkpoint_id == checkpoint_id)
        if place is not None:
            query = query.where(tables.Sample.step < place.index)
        if place is not None and place.step.roles:
            query = query.where(tables.Sample.role.in_(place.step.roles))
        order = (tables.Sample.kind == SampleKind.edit, tables.Sample.step, tables.Sample.position, tables.Sample.id)
        rows: Any = db.connection().execute(query.where(tables.Sample.group_id.in_(ids)).order_by(*order)).all()
        for group_id, kind, extra, step, role, turns, *columns in rows:
            if labels:
                columns[-1] = columns[-1] or values.LabelSource.none
            sample = _sample(columns, step=step, role=role)
            # Most samples are completions of which nothing is noted: a batch is read between two calls of the model.
            if extra or turns or kind != SampleKind.completion:
                sample = replace(sample, kind=kind, extra=extra, turns=tuple(turns or ()))
            samples[group_id].append(sample)
    return samples


def _sample(columns: Any, **more: Any) -> values.Sample:
    """A sample of its columns in the order of `SAMPLE` and `LABEL`."""
    return values.Sample(*columns, **more)


def load(
    db: Session,
    groups: Sequence[StageGroup],
    *,
    checkpoint_id: int | None = None,
    edits: bool = True,
    imported: bool = True,
    labels: bool = True,
    place: StepPlace | None = None,
) -> list[values.Group]:
    """The groups as values, in order; a group without samples is an empty one."""
    samples = samples_of(
        db, groups, checkpoint_id=checkpoint_id, edits=edits, imported=imported, labels=labels, place=place
    )
    prompts, chains = prompts_of(db, groups), chains_of(db, groups)
    stripped = roots_of(db, [g for g in groups if g.is_stripped])
    part = place.step.part if place is not None else None
    about = siblings_of(db, groups) if isinstance(part, Judge) and part.judges_siblings else {}
    return [
        values.Group(
            p,
            tuple(samples[g.id]),
            parent=chains[g.parent_id][-1] if g.parent_id is not None else None,
            trained=stripped[g.prompt_id].messages if g.is_stripped else None,
            id=g.id,
            step=g.step,
            position=g.position,
            cut=g.cut,
            ancestors=chains[g.parent_id][:-1] if g.parent_id is not None else (),
            about=about.get(g.parent_id or 0, ()),
        )
        for g, p in zip(groups, prompts, strict=True)
    ]


def without_retracted(group: values.Group) -> values.Group:
    """The group without texts of people that were taken back: a text that stands is accepted by who wrote it."""
    kept = [
        sample for sample in group.samples if sample.kind != SampleKind.edit or sample.verdict is values.Verdict.accept
    ]
    return group if len(kept) == len(group.samples) else replace(group, samples=tuple(kept))


def chains_of(db: Session, groups: Sequence[StageGroup]) -> dict[int, tuple[values.Sample, ...]]:
    """Of each text that a question is about the chain of texts that ends with it, with their effective labels.

    A text whose question is itself about a text comes after that one.
    """
    above: dict[int, int | None] = {}
    level = {g.parent_id for g in groups if g.parent_id is not None}
    sample, group = tables.Sample, tables.Group
    while level:
        for some in in_chunks(sorted(level)):
            query = select(sample.id, group.parent_id).join(group, group.id == sample.group_id)
            above |= {row[0]: row[1] for row in db.execute(query.where(sample.id.in_(some)))}
        level = {sample_id for sample_id in above.values() if sample_id is not None} - above.keys()
    texts = texts_of(db, sorted(above))
    return {g.parent_id: _chain(g.parent_id, above, texts) for g in groups if g.parent_id is not None}


def siblings_of(db: Session, groups: Sequence[StageGroup]) -> dict[int, tuple[values.Sample, ...]]:
    """Of each text that a question is about all texts of its group that were there when it was asked, people's aside.

    In the order in which the source saw them.
    """
    asked = {g.parent_id: g.step for g in groups if g.parent_id is not None}
    sample, parent = tables.Sample, aliased(tables.Sample)
    siblings = defaultdict[int, list[int]](list)
    for some in in_chunks(sorted(asked)):
        query = select(parent.id, sample.id, sample.step).join(parent, parent.group_id == sample.group_id)
        query = query.where(parent.id.in_(some), sample.kind != SampleKind.edit)
        for parent_id, id_, step in db.execute(query.order_by(sample.step, sample.position, sample.id)):
            if step < asked[parent_id]:
                siblings[parent_id].append(id_)
    texts = texts_of(db, sorted({id_ for ids in siblings.values() for id_ in ids}))
    return {parent_id: tuple(texts[id_] for id_ in ids) for parent_id, ids in siblings.items()}


def _chain(last: int, above: Mapping[int, int | None], texts: Mapping[int, values.Sample]) -> tuple[values.Sample, ...]:
    ancestors: list[values.Sample] = []
    at: int | None = last
    while at is not None:
        ancestors.insert(0, texts[at])
        at = above[at]
    return tuple(ancestors)


def texts_of(db: Session, ids: Sequence[int]) -> dict[int, values.Sample]:
    """These samples by id, with their effective labels."""
    sample, label = tables.Sample, tables.Label
    texts: dict[int, values.Sample] = {}
    for some in in_chunks(ids):
        query = select(sample.kind, sample.extra, sample.step, sample.role, sample.turns, *SAMPLE, *LABEL)
        query = query.outerjoin(label, label.sample_id == sample.id).where(sample.id.in_(some))
        for kind, extra, step, role, turns, *columns in db.execute(query):
            columns[-1] = columns[-1] or values.LabelSource.none
            more = {"kind": kind, "extra": extra, "step": step, "role": role, "turns": tuple(turns or ())}
            texts[columns[0]] = _sample(columns, **more)
    return texts
