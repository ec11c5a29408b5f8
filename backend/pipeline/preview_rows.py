"""The hidden project that holds a preview's rows: what they show, and how they are deleted again."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import tables
from backend.db.many import in_chunks
from backend.errors import RondoError
from backend.jobs import ACTIVE
from backend.values import JSON, Split

MOST_GROUPS, MOST_SAMPLES, MOST_JUDGMENTS = 300, 300, 900
MOST_CHARACTERS, MOST_REPLY = 4_000, 2_000
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


def clear_ended(db: Session, project_id: int, only: Sequence[int] | None = None) -> None:
    """Keep what the project's ended previews show, or `only` these, and delete their rows: they hold on to checkpoints
    and prompts.

    A preview that failed keeps its rows until then, so that its job can be tried again.
    """
    preview, job = tables.Preview, tables.Job
    hidden = select(tables.Project.id).where(tables.Project.preview_id == preview.id).exists()
    query = select(preview).outerjoin(job, job.id == preview.job_id)
    ended = query.where(preview.project_id == project_id, hidden, job.status.not_in(ACTIVE) | job.id.is_(None))
    if only is not None:
        ended = ended.where(preview.id.in_(only))
    for preview_row in db.scalars(ended).all():
        preview_row.result = preview_row.result | shown(db, preview_row.id)
        db.flush()
        delete_rows(db, preview_row.id)


def using_set(db: Session, set_id: int) -> list[int]:
    """The previews whose rows refer to the prompt set."""
    project, round_, used, group = tables.Project, tables.Round, tables.RoundPromptSet, tables.Group
    query = select(project.preview_id).join(round_, round_.project_id == project.id)
    query = query.where(project.preview_id.is_not(None))
    asked = select(group.round_id).join(tables.Prompt, tables.Prompt.id == group.prompt_id)
    asked = asked.where(tables.Prompt.prompt_set_id == set_id)
    chosen = select(used.round_id).where(used.prompt_set_id == set_id)
    return [id_ for id_ in db.scalars(query.where(round_.id.in_(chosen) | round_.id.in_(asked))) if id_ is not None]


def using_checkpoint(db: Session, checkpoint_id: int) -> list[int]:
    """The previews whose rows refer to the checkpoint."""
    project, round_, role, sample = tables.Project, tables.Round, tables.RoundRole, tables.Sample
    query = select(project.preview_id).join(round_, round_.project_id == project.id)
    query = query.where(project.preview_id.is_not(None))
    acts = [role_id == checkpoint_id for role_id in (round_.policy_id, round_.reference_id, round_.judge_id)]
    bound = select(role.round_id).where(role.checkpoint_id == checkpoint_id)
    wrote = select(sample.round_id).where(sample.checkpoint_id == checkpoint_id)
    by = query.where(or_(*acts, round_.id.in_(bound), round_.id.in_(wrote)))
    return [id_ for id_ in db.scalars(by) if id_ is not None]


def shown(db: Session, preview_id: int) -> JSON:
    """What the rows show as they are now: questions with their texts, and what was kept; {} without rows.

    `num_samples` and `num_judgments` are what there is, of which no more than is shown is read.
    """
    row = round_of(db, preview_id)
    if row is None:
        return {}
    group = tables.Group
    of_round = (group.round_id == row.id, group.split == Split.train)
    groups = db.scalars(select(group).where(*of_round).order_by(group.step, group.position).limit(MOST_GROUPS)).all()
    of_group = _samples(db, row.id)
    ids = [sample["id"] for several in of_group.values() for sample in several]
    judgments, kept = _judgments(db, ids), _kept(db, row.id, ids)
    for shown_sample in (sample for several in of_group.values() for sample in several):
        shown_sample |= {"judgments": judgments[shown_sample["id"]], "kept": kept[shown_sample["id"]]}
    prompts = _prompts(db, [group.prompt_id for group in groups])
    return {
        "groups": [
            {
                "id": group.id,
                "step": group.step,
                "about": group.parent_id,
                "messages": [
                    {"role": str(turn["role"]), "content": _cut(str(turn["content"]))}
                    for turn in group.messages or prompts[group.prompt_id][0]
                ],
                "answer": _cut(group.answer or prompts[group.prompt_id][1] or ""),
                "samples": of_group[group.id],
            }
            for group in groups
        ],
        "num_samples": _count(db, tables.Sample.round_id == row.id, tables.Sample.split == Split.train),
        "num_judgments": _count(db, tables.Judgment.round_id == row.id),
        "funnels": _funnels(db, row),
        "left_out": _left_out(db, row.id),
        "spent": _spent(db, row.id),
    }


def _count(db: Session, *conditions: ColumnElement[bool]) -> int:
    return db.scalar(select(func.count()).where(*conditions)) or 0


def _samples(db: Session, round_id: int) -> dict[int, list[JSON]]:
    """By the group's id its texts, with their labels, of the first ones of the round."""
    row, label = tables.Sample, tables.Label
    query = (
        select(
            row.group_id,
            row.id,
            row.step,
            row.role,
            func.substr(row.text, 1, MOST_CHARACTERS + 1),
            row.finish_reason,
            row.num_tokens,
            label.score,
            label.verdict,
            label.is_unparsed,
        )
        .outerjoin(label, label.sample_id == row.id)
        .where(row.round_id == round_id, row.split == Split.train)
        .order_by(row.step, row.position, row.id)
        .limit(MOST_SAMPLES)
    )
    by_group: dict[int, list[JSON]] = defaultdict(list)
    for group_id, id_, step, role, text, reason, tokens, score, verdict, is_unparsed in db.execute(query):
        by_group[group_id].append(
            {
                "id": id_,
                "step": step,
                "role": role,
                "text": _cut(text),
                "finish_reason": reason,
                "tokens": tokens,
                "score": score,
                "verdict": str(verdict) if verdict is not None else None,
                "is_unparsed": bool(is_unparsed),
            }
        )
    return by_group


def _judgments(db: Session, ids: Sequence[int]) -> dict[int, list[JSON]]:
    """By the sample's id what judges said of it: of more than are shown, the first of each sample come first."""
    row = tables.Judgment
    reply = func.substr(func.coalesce(func.nullif(row.raw, ""), row.rationale), 1, MOST_REPLY + 1)
    query = select(row.sample_id, row.step, row.position, row.id, row.judge, row.score, row.verdict, reply)
    query = query.where(row.sample_id.in_(ids)).order_by(row.position, row.step, row.id).limit(MOST_JUDGMENTS)
    by_sample: dict[int, list[JSON]] = defaultdict(list)
    for sample_id, step, _, _, judge, score, verdict, raw in sorted(
        db.execute(query), key=lambda columns: columns[1:4]
    ):
        by_sample[sample_id].append(
            {
                "step": step,
                "judge": judge,
                "score": score,
                "verdict": str(verdict) if verdict is not None else None,
                "raw": _cut(raw, MOST_REPLY),
            }
        )
    return by_sample


def _kept(db: Session, round_id: int, ids: Sequence[int]) -> dict[int, list[JSON]]:
    """By the sample's id as what it stands in which step's rows."""
    row, dataset = tables.Example, tables.Dataset
    by_sample: dict[int, list[JSON]] = defaultdict(list)
    query = select(row.sample_id, row.rejected_id, row.label, dataset.step).join(dataset, dataset.id == row.dataset_id)
    query = query.where(dataset.round_id == round_id, row.origin == "selected")
    query = query.where(row.sample_id.in_(ids) | row.rejected_id.in_(ids))
    for sample_id, rejected_id, label, step in db.execute(query.order_by(dataset.step, row.position)):
        if rejected_id is not None:
            by_sample[rejected_id].append({"step": step, "as": "rejected"})
        if sample_id is not None:
            which = "chosen" if rejected_id is not None else "bad" if label is False else "kept"
            by_sample[sample_id].append({"step": step, "as": which})
    return by_sample


def _spent(db: Session, round_id: int) -> list[JSON]:
    """What was asked of each endpoint, and what it cost; `unpriced`: tokens that had no price."""
    use, checkpoint = tables.EndpointUse, tables.Checkpoint
    names = ("requests", "tokens_in", "tokens_out", "uncounted", "unpriced", "cost")
    query = select(checkpoint.name, *[func.sum(getattr(use, name)) for name in names])
    query = query.join(checkpoint, checkpoint.id == use.checkpoint_id).where(use.round_id == round_id)
    query = query.group_by(checkpoint.id, checkpoint.name).order_by(func.min(use.id))
    return [
        {"endpoint": endpoint, "cost": float(cost)} | dict(zip(names, map(int, sums), strict=False))
        for endpoint, *sums, cost in db.execute(query)
    ]


def _prompts(db: Session, ids: Sequence[int]) -> dict[int, tuple[list[Any], str | None]]:
    row = tables.Prompt
    prompts: dict[int, tuple[list[Any], str | None]] = {}
    for some in in_chunks(sorted({*ids})):
        for id_, messages, answer in db.execute(select(row.id, row.messages, row.answer).where(row.id.in_(some))):
            prompts[id_] = messages, answer
    return prompts


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
        {"stage": str(scalar.stage), "kind": str(scalar.kind), "reason": _cut(scalar.reason, 500)}
        for scalar in db.scalars(query)
    ]


def _cut(text: str, most: int = MOST_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
