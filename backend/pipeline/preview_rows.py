"""The hidden project that holds a preview's rows: what they show, and how they are deleted again."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.db.many import in_chunks
from backend.errors import RondoError
from backend.jobs import ACTIVE
from backend.values import JSON, Split

MOST_SAMPLES, MOST_CHARACTERS, MOST_REPLY = 300, 4_000, 2_000
"""What is shown of a preview at most: its result is one row."""


def round_of(db: Session, preview_id: int) -> tables.Round | None:
    """The round that holds the preview's rows; None once they are deleted."""
    project, round_ = tables.Project, tables.Round
    query = select(round_).join(project, project.id == round_.project_id).where(project.preview_id == preview_id)
    return db.scalars(query).one_or_none()


def delete_rows(db: Session, preview_id: int) -> None:
    """Delete all that the preview wrote but its result, in an order in which nothing points at what goes."""
    hidden = select(tables.Project.id).where(tables.Project.preview_id == preview_id).scalar_subquery()
    rounds = select(tables.Round.id).where(tables.Round.project_id == hidden).scalar_subquery()
    db.execute(delete(tables.Dataset).where(tables.Dataset.project_id == hidden))
    db.execute(delete(tables.Group).where(tables.Group.round_id == rounds))
    db.execute(delete(tables.RoundPromptSet).where(tables.RoundPromptSet.round_id == rounds))
    db.execute(delete(tables.PromptSet).where(tables.PromptSet.project_id == hidden))
    db.execute(delete(tables.Project).where(tables.Project.preview_id == preview_id))


def clear_ended(db: Session, project_id: int) -> None:
    """Keep what the project's ended previews show, and delete their rows: they hold on to checkpoints and prompts.

    A preview that failed keeps its rows until then, so that its job can be tried again.
    """
    preview, job = tables.Preview, tables.Job
    hidden = select(tables.Project.id).where(tables.Project.preview_id == preview.id).exists()
    query = select(preview).outerjoin(job, job.id == preview.job_id)
    ended = query.where(preview.project_id == project_id, hidden, job.status.not_in(ACTIVE) | job.id.is_(None))
    for one in db.scalars(ended).all():
        one.result = one.result | shown(db, one.id)
        db.flush()
        delete_rows(db, one.id)


def shown(db: Session, preview_id: int) -> JSON:
    """What the rows show as they are now: every question with its texts, and what was kept; {} without rows."""
    row = round_of(db, preview_id)
    if row is None:
        return {}
    group, sample = tables.Group, tables.Sample
    of_round = (group.round_id == row.id, group.split == Split.train)
    groups = db.scalars(select(group).where(*of_round).order_by(group.step, group.position)).all()
    texts = db.execute(
        select(sample, tables.Label)
        .outerjoin(tables.Label, tables.Label.sample_id == sample.id)
        .where(sample.round_id == row.id, sample.split == Split.train)
        .order_by(sample.step, sample.position, sample.id)
    ).tuples()
    of_group: dict[int, list[tuple[tables.Sample, tables.Label | None]]] = defaultdict(list)
    number = 0
    for one, label in texts:
        number += 1
        if number <= MOST_SAMPLES:
            of_group[one.group_id].append((one, label))
    said, kept = _judgments(db, row.id), _kept(db, row.id)
    prompts = _prompts(db, [one.prompt_id for one in groups])
    return {
        "groups": [
            {
                "id": one.id,
                "step": one.step,
                "about": one.parent_id,
                "messages": [
                    {"role": str(turn["role"]), "content": _cut(str(turn["content"]))}
                    for turn in one.messages or prompts[one.prompt_id][0]
                ],
                "answer": _cut(one.answer or prompts[one.prompt_id][1] or ""),
                "samples": [_sample(row, label, said, kept) for row, label in of_group[one.id]],
            }
            for one in groups
        ],
        "samples": number,
        "funnels": _funnels(db, row),
        "left_out": _left_out(db, row.id),
    }


def _sample(
    row: tables.Sample, label: tables.Label | None, said: dict[int, list[JSON]], kept: dict[int, list[JSON]]
) -> JSON:
    return {
        "id": row.id,
        "step": row.step,
        "role": row.role,
        "text": _cut(row.text),
        "finish_reason": row.finish_reason,
        "tokens": row.num_tokens,
        "score": label.score if label is not None else None,
        "verdict": str(label.verdict) if label is not None and label.verdict is not None else None,
        "is_unparsed": bool(label is not None and label.is_unparsed),
        "judgments": said[row.id],
        "kept": kept[row.id],
    }


def _judgments(db: Session, round_id: int) -> dict[int, list[JSON]]:
    row = tables.Judgment
    found: dict[int, list[JSON]] = defaultdict(list)
    query = select(row).where(row.round_id == round_id).order_by(row.step, row.position, row.id)
    for one in db.scalars(query):
        found[one.sample_id].append(
            {
                "step": one.step,
                "judge": one.judge,
                "score": one.score,
                "verdict": str(one.verdict) if one.verdict is not None else None,
                "raw": _cut(one.raw or one.rationale, MOST_REPLY),
            }
        )
    return found


def _kept(db: Session, round_id: int) -> dict[int, list[JSON]]:
    """By the sample's id as what it stands in which step's rows."""
    row, dataset = tables.Example, tables.Dataset
    found: dict[int, list[JSON]] = defaultdict(list)
    query = select(row.sample_id, row.rejected_id, row.label, dataset.step).join(dataset, dataset.id == row.dataset_id)
    query = query.where(dataset.round_id == round_id, row.origin == "selected")
    for sample_id, rejected_id, label, step in db.execute(query.order_by(dataset.step, row.position)):
        if rejected_id is not None:
            found[rejected_id].append({"step": step, "as": "rejected"})
        if sample_id is not None:
            which = "chosen" if rejected_id is not None else "bad" if label is False else "kept"
            found[sample_id].append({"step": step, "as": which})
    return found


def _prompts(db: Session, ids: Sequence[int]) -> dict[int, tuple[list[Any], str | None]]:
    row = tables.Prompt
    found: dict[int, tuple[list[Any], str | None]] = {}
    for some in in_chunks(sorted({*ids})):
        for id_, messages, answer in db.execute(select(row.id, row.messages, row.answer).where(row.id.in_(some))):
            found[id_] = messages, answer
    return found


def _funnels(db: Session, row: tables.Round) -> list[JSON]:
    dataset = tables.Dataset
    try:
        lines = recipes.read(row.recipe).lines(row.phase)
    except RondoError:
        lines = []
    query = select(dataset.step, dataset.type, dataset.num_examples, dataset.funnel)
    return [
        {
            "step": step,
            "line": lines[step] if step < len(lines) else "",
            "type": str(type_),
            "rows": rows,
            "stages": stages,
        }
        for step, type_, rows, stages in db.execute(query.where(dataset.round_id == row.id).order_by(dataset.step))
    ]


def _left_out(db: Session, round_id: int) -> list[JSON]:
    row = tables.LeftOut
    query = select(row).where(row.round_id == round_id).order_by(row.id).limit(50)
    return [
        {"stage": str(one.stage), "kind": str(one.kind), "reason": _cut(one.reason, 500)} for one in db.scalars(query)
    ]


def _cut(text: str, most: int = MOST_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
