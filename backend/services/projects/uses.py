"""What was built on a round, and keeps it out of the trash."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import Conflict
from backend.jobs import ACTIVE
from backend.pipeline import preview_rows


def made_by(db: Session, round_: tables.Round) -> set[int]:
    """The checkpoints that the round made: what it is for, and those on the way."""
    role = tables.RoundRole
    on_the_way = db.scalars(select(role.checkpoint_id).where(role.round_id == round_.id, role.step >= 0))
    return {*on_the_way, *([round_.checkpoint_id] if round_.checkpoint_id is not None else [])}


def refuse(db: Session, round_: tables.Round) -> None:
    """Raise `Conflict` where anything outside the round needs what it made; names all of it."""
    found = [*_of_checkpoints(db, round_), *_of_round(db, round_)]
    if found:
        raise Conflict(
            f"Round {round_.number} has to stay: {'; '.join(found)}. Delete these first, or put these rounds in the "
            "trash first."
        )


def _of_checkpoints(db: Session, round_: tables.Round) -> Iterator[str]:
    made = made_by(db, round_)
    if not made:
        return
    other, role, checkpoint = tables.Round, tables.RoundRole, tables.Checkpoint
    bound = select(role.round_id).where(role.checkpoint_id.in_(made), role.round_id != round_.id)
    acts = or_(other.policy_id.in_(made), other.reference_id.in_(made), other.judge_id.in_(made), other.id.in_(bound))
    yield from _rounds(db, acts & (other.id != round_.id), "uses its checkpoint")
    children = checkpoint.parent_id.in_(made) & checkpoint.id.not_in(made)
    for name in db.scalars(select(checkpoint.name).where(children).order_by(checkpoint.id)):
        yield f"the checkpoint {name} is made of its checkpoint"
    arena, judge = tables.Arena, tables.BenchJudge
    plays = or_(arena.first_id.in_(made), arena.second_id.in_(made), arena.judge_id.in_(made))
    for arena_id in db.scalars(select(arena.id).where(plays).order_by(arena.id)):
        yield f"arena {arena_id} compares its checkpoint"
    asks = select(judge.bench_id).where(judge.checkpoint_id.in_(made)).distinct()
    for bench_id in db.scalars(asks):
        yield f"judge bench {bench_id} asks its checkpoint"
    if db.scalar(select(tables.Project.id).where(tables.Project.baseline_id.in_(made)).limit(1)) is not None:
        yield "its checkpoint is the baseline"
    preview, job, using = tables.Preview, tables.Job, _previews(db, round_)
    busy = select(preview.id).join(job, job.id == preview.job_id).where(job.status.in_(ACTIVE), preview.id.in_(using))
    for preview_id in db.scalars(busy.order_by(preview.id)):
        yield f"preview {preview_id} uses its checkpoint"


def _of_round(db: Session, round_: tables.Round) -> Iterator[str]:
    other, used, own = tables.Round, tables.RoundPromptSet, tables.PromptSet
    goes_on = or_(other.parent_id == round_.id, other.branch_of_id == round_.id)
    yield from _rounds(db, goes_on, "goes on from it")
    sets = select(own.id).where(own.round_id == round_.id)
    asks = select(used.round_id).where(used.prompt_set_id.in_(sets))
    yield from _rounds(db, other.id.in_(asks) & (other.id != round_.id), "asks prompts that it wrote")
    sample, dataset, example = tables.Sample, tables.Dataset, tables.Example
    others = (dataset.project_id == round_.project_id) & (dataset.round_id != round_.id)
    for column in (example.sample_id, example.rejected_id):
        query = select(dataset.id).join(example, example.dataset_id == dataset.id).join(sample, sample.id == column)
        taught = db.scalar(query.where(others, sample.round_id == round_.id).limit(1))
        if taught is not None:
            yield f"dataset {taught} has samples of it"
            break
    group = tables.Group
    asked = select(group.round_id).join(sample, sample.id == group.parent_id)
    asked = asked.join(other, other.id == group.round_id)
    here = asked.where(other.project_id == round_.project_id, other.id != round_.id, sample.round_id == round_.id)
    if (about := db.scalar(here.limit(1))) is not None:
        yield from _rounds(db, other.id == about, "asks about its texts")
    match, bench, rewrite, job = tables.ArenaMatch, tables.JudgeBench, tables.TemplateRewrite, tables.Job
    for column in (match.first_sample_id, match.second_sample_id):
        shown = select(match.arena_id).join(sample, sample.id == column).where(sample.round_id == round_.id)
        if (arena_id := db.scalar(shown.limit(1))) is not None:
            yield f"arena {arena_id} shows texts of it"
            break
    listed = select(tables.BenchSample.bench_id).join(sample, sample.id == tables.BenchSample.sample_id)
    about_it = or_(bench.round_id == round_.id, bench.id.in_(listed.where(sample.round_id == round_.id)))
    for bench_id in db.scalars(select(bench.id).where(about_it).order_by(bench.id)):
        yield f"judge bench {bench_id} is about it"
    busy = select(rewrite.id).join(job, job.id == rewrite.job_id)
    for rewrite_id in db.scalars(busy.where(rewrite.round_id == round_.id, job.status.in_(ACTIVE))):
        yield f"rewrite {rewrite_id} of its template is at work"


def _rounds(db: Session, condition: ColumnElement[bool], does: str) -> Iterator[str]:
    """Rounds that people know; those of previews are named apart, one in the trash says that it lies there."""
    other, project = tables.Round, tables.Project
    query = select(other.number, project.trash_of_id).join(project, project.id == other.project_id)
    for number, trash_of_id in db.execute(query.where(condition, project.preview_id.is_(None)).order_by(other.number)):
        yield f"round {number}{', which is in the trash,' if trash_of_id is not None else ''} {does}"


def clear_previews(db: Session, round_: tables.Round) -> None:
    """Delete the rows of ended previews that use what the round made: they show what they found without them."""
    using, preview = _previews(db, round_), tables.Preview
    for project_id in db.scalars(select(preview.project_id).where(preview.id.in_(using)).distinct()).all():
        preview_rows.clear_ended(db, project_id, sorted(using))


def _previews(db: Session, round_: tables.Round) -> set[int]:
    return {one for made in made_by(db, round_) for one in preview_rows.using_checkpoint(db, made)}
