"""Moves a round into the trash and back: into a hidden project, in which nobody has a role, and back to its own.

What says of itself whose it is goes along. Samples and decisions do not: there may be a million, and who may see them
is asked by their round. What was made of the round stays where it was: datasets, checkpoints, arenas, judge benches.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.many import in_chunks
from backend.errors import Conflict
from backend.services import unfinished

OF_ROUND: tuple[Any, ...] = (
    tables.LeftOut,
    tables.Comment,
    tables.RoundWarning,
    tables.Metric,
    tables.TemplateRewrite,
    tables.Job,
)
"""Tables whose rows say of which project and of which round they are, and that go along."""
MOVED: tuple[Any, ...] = (
    *OF_ROUND,
    tables.Notice,
    tables.Delivery,
    tables.Event,
    tables.Dataset,
    tables.Scan,
    tables.Round,
)
"""What a hidden project may hold; datasets and their scans only once its deletion has begun.

The audit trail notes what is done in the project itself, but whoever read of the round before it went may write later.
"""
NAMES_ROUND = re.compile(r"[?&](?:round|left_out)=(\d+)(?:&|$)")
NAMES_JOB = re.compile(r"[?&]job=(\d+)(?:&|$)")


def hidden_of(project_id: int) -> Select[int]:
    """The ids of the hidden projects with the rounds of this one that are in the trash."""
    return select(tables.Project.id).where(tables.Project.trash_of_id == project_id)


def last_number(db: Session, project_id: int) -> int:
    """The highest number of a round of the project, those in the trash among them; 0 where there is none."""
    row = tables.Round
    here = or_(row.project_id == project_id, row.project_id.in_(hidden_of(project_id)))
    return db.scalar(select(func.max(row.number)).where(here)) or 0


def take_out(db: Session, row: tables.Round, hidden_id: int) -> None:
    """Move a round into a hidden project, with its jobs, its notices and whatever else is told of it."""
    home_id, job, rewrite = row.project_id, tables.Job, tables.TemplateRewrite
    rewriting = select(rewrite.job_id).where(rewrite.round_id == row.id, rewrite.job_id.is_not(None))
    about = job.round_id.is_(None) & or_(
        job.spec["round_id"].as_integer() == row.id,
        job.spec["result", "round_id"].as_integer() == row.id,  # an import's
    )
    ids = [*db.scalars(select(job.id).where(job.project_id == home_id, or_(job.id.in_(rewriting), about)))]
    ids += _of_samples(db, row.id, home_id)
    for some in in_chunks(ids):
        db.execute(update(job).where(job.id.in_(some)).values(project_id=hidden_id))
    for table in OF_ROUND:
        here = table.project_id == home_id, table.round_id == row.id
        db.execute(update(table).where(*here).values(project_id=hidden_id))
    _take_told(db, tables.Notice, tables.Notice.path, row.id, home_id, hidden_id)
    _take_told(db, tables.Delivery, tables.Delivery.body["path"].as_string(), row.id, home_id, hidden_id)
    row.project_id = hidden_id
    db.flush()


def take_back(db: Session, hidden_id: int, project_id: int) -> None:
    """Move all that a hidden project holds to the project that it came from, and forget the hidden one."""
    for table in MOVED:
        db.execute(update(table).where(table.project_id == hidden_id).values(project_id=project_id))
    db.execute(delete(tables.Project).where(tables.Project.id == hidden_id))


def take_all_back(db: Session, project_id: int) -> list[int]:
    """Empty the trash of a project's rounds into it, before all of it is deleted; return what hidden projects went.

    Prompt sets stay where they lie: one there may have the name of another, and nothing refers to them.
    """
    row = tables.Round
    ids = list(
        db.scalars(hidden_of(project_id).where(select(row.id).where(row.project_id == tables.Project.id).exists()))
    )
    for hidden_id in ids:
        take_back(db, hidden_id, project_id)
    return ids


def refuse_ids(db: Session, project_id: int, external_ids: Sequence[str]) -> None:
    """Raise `Conflict` where a sample in the trash has one of these external ids, and would have it again."""
    known, sample, round_ = tables.ExternalId, tables.Sample, tables.Round
    query = select(known.external_id, round_.number).join(sample, sample.id == known.sample_id)
    query = query.join(round_, round_.id == sample.round_id)
    query = query.join(tables.Project, tables.Project.id == round_.project_id)
    query = query.where(known.project_id == project_id, round_.project_id != project_id, unfinished.is_no_import())
    if db.scalar(hidden_of(project_id).limit(1)) is None:
        return
    for some in in_chunks(external_ids):
        row = db.execute(query.where(known.external_id.in_(some)).limit(1)).one_or_none()
        if row is not None:
            raise Conflict(
                f"The sample {row.external_id!r} is in the trash with round {row.number}, so nothing was imported. "
                "Bring that round back on the page /projects, or have an owner delete it for good, then import again."
            )


def _of_samples(db: Session, round_id: int, home_id: int) -> list[int]:
    """The ids of jobs about one sample of the round each, as repairs are."""
    job, sample = tables.Job, tables.Sample
    sample_id = job.spec["sample_id"].as_integer()
    query = select(job.id, sample_id).where(job.project_id == home_id, job.round_id.is_(None), sample_id.is_not(None))
    by_job: dict[int, int] = {job_id: number for job_id, number in db.execute(query).tuples() if number is not None}
    ours = set[int]()
    for some in in_chunks(sorted(set(by_job.values()))):
        ours.update(db.scalars(select(sample.id).where(sample.id.in_(some), sample.round_id == round_id)))
    return [job_id for job_id, number in by_job.items() if number in ours]


def _take_told(db: Session, table: Any, of_path: Any, round_id: int, home_id: int, hidden_id: int) -> None:
    """Move what people and webhooks were told of the round, or are yet to be, by the page that it leads to."""
    job = tables.Job
    jobs = set(db.scalars(select(job.id).where(job.project_id == hidden_id)))
    may_be = or_(of_path.contains(f"={round_id}"), of_path.contains("job="))
    query = select(table.id, of_path).where(table.project_id == home_id, may_be)
    told: Sequence[Any] = db.execute(query).all()
    ids = [id_ for id_, path in told if _is_about(path, round_id, jobs)]
    for some in in_chunks(ids):
        db.execute(update(table).where(table.id.in_(some)).values(project_id=hidden_id))


def _is_about(path: str, round_id: int, jobs: set[int]) -> bool:
    named, job = NAMES_ROUND.search(path), NAMES_JOB.search(path)
    return (named is not None and int(named[1]) == round_id) or (job is not None and int(job[1]) in jobs)
