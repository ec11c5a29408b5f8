"""What else an endpoint's settings touch: checkpoints that wrap it, and what asks any of them."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import tables
from backend.engines._wrapper import INNER, innermost, is_wrapper
from backend.services import unfinished
from backend.values import JSON, PUSH, JobStatus, RoundStatus

AT_WORK = (RoundStatus.running, RoundStatus.review, RoundStatus.held)


def family(db: Session, checkpoint_id: int) -> list[tables.Checkpoint]:
    """The checkpoint, and all that hold a copy of its engine: those that were made around it, and around these."""
    checkpoint = tables.Checkpoint
    members = [db.get_one(checkpoint, checkpoint_id)]
    for member in members:
        children = db.scalars(select(checkpoint).where(checkpoint.parent_id == member.id).order_by(checkpoint.id))
        members += [child for child in children if _where(child.engine) == _where(member.engine)]
    return members


def _where(engine: JSON) -> tuple[object, ...]:
    inside = innermost(engine)
    return inside.get("name"), inside.get("base_url"), inside.get("model")


def set_knobs(rows: list[tables.Checkpoint], knobs: JSON) -> None:
    """Give other knobs to the engine that serves these checkpoints."""
    for row in rows:
        row.engine = with_innermost(row.engine, knobs)


def with_innermost(engine: JSON, knobs: JSON) -> JSON:
    """The JSON of an engine with other knobs of the one that serves the weights."""
    if is_wrapper(engine):
        return engine | {INNER: with_innermost(engine[INNER], knobs)}
    return engine | knobs


def busy(db: Session, rows: list[tables.Checkpoint]) -> str:
    """In words, what may still ask one of these checkpoints: a round, a judge bench or a rewrite; empty: nothing."""
    ids = [row.id for row in rows]
    return round_at_work(db, ids) or bench_at_work(db, ids) or rewrite_at_work(db, ids)


def bench_at_work(db: Session, ids: list[int]) -> str:
    """A judge bench with a judge by one of these checkpoints that has not ended; its job may be gone on with."""
    judge = tables.BenchJudge
    query = select(judge.bench_id).where(judge.checkpoint_id.in_(ids), judge.finished_at.is_(None))
    bench_id = db.scalar(query.order_by(judge.bench_id).limit(1))
    return "" if bench_id is None else f"Judge bench {bench_id} is not over"


def rewrite_at_work(db: Session, ids: list[int]) -> str:
    """A template that is being rewritten, by a judge or a reflecting model among these checkpoints."""
    rewrite, job = tables.TemplateRewrite, tables.Job
    query = select(rewrite.id, rewrite.asked).join(job, job.id == rewrite.job_id).where(job.status.in_(jobs.ACTIVE))
    for id_, asked in db.execute(query.order_by(rewrite.id)):
        if {asked.get("judge_id"), asked.get("reflector_id")} & set(ids):
            return f"Rewrite {id_} is at work"
    return ""


def push_at_work(db: Session, checkpoint_id: int) -> str:
    """A job that pushes a checkpoint; empty where none does."""
    job = tables.Job
    is_push = (job.status.in_(jobs.ACTIVE), job.round_id.is_(None), job.spec["kind"].as_string() == PUSH)
    of_this = (job.spec["what"].as_string() == "checkpoint", job.spec["id"].as_integer() == checkpoint_id)
    job_id = db.scalar(select(job.id).where(*is_push, *of_this).limit(1))
    return "" if job_id is None else f"Job {job_id} is at work"


def import_at_work(db: Session, checkpoint_id: int) -> bool:
    """Whether an import that has not ended, or was killed, wrote a round of this checkpoint."""
    round_, project = tables.Round, tables.Project
    query = select(round_.id).join(project, project.id == round_.project_id)
    return db.scalar(query.where(round_.policy_id == checkpoint_id, ~unfinished.is_no_import()).limit(1)) is not None


def round_at_work(db: Session, ids: list[int]) -> str:
    """In words, a round that may still ask one of these checkpoints: it is not over, or its newest job can be resumed.

    Empty where there is none. The rounds of previews do not count: what they write is thrown away. Nor do those of
    imports that have not ended, which ask nothing.
    """
    round_, role, job, project = tables.Round, tables.RoundRole, tables.Job, tables.Project
    bound = select(role.round_id).where(role.checkpoint_id.in_(ids))
    acts = or_(round_.policy_id.in_(ids), round_.reference_id.in_(ids), round_.judge_id.in_(ids), round_.id.in_(bound))
    newest, ended = jobs.newest_own(round_.id), (JobStatus.failed, JobStatus.cancelled)
    resumable = select(job.id).where(job.id == newest, job.status.in_(ended), job.is_final.is_(False)).exists()
    busy = select(job.id).where(job.round_id == round_.id, job.status.in_(jobs.ACTIVE)).exists()
    query = (
        select(round_.number, round_.status, busy)
        .join(project, project.id == round_.project_id)
        .where(
            project.preview_id.is_(None),
            unfinished.is_no_import(),
            acts,
            or_(round_.status.in_(AT_WORK), busy, resumable),
        )
        .order_by(round_.status.in_(AT_WORK).desc(), round_.number)
        .limit(1)
    )
    for number, status, is_busy in db.execute(query):
        return f"Round {number} {'is at work' if is_busy or status in AT_WORK else 'can be resumed'}"
    return ""
