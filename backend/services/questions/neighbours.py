"""The samples of a round that are closest to a sample, by their vectors."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.embeddings import vectors
from backend.errors import InvalidInput, PermissionDenied
from backend.services.access import Actor, role_of
from backend.services.rounds import review_scope
from backend.values import JobStatus, Role, RoundStatus

MOST = 1_000
"""So many neighbours a round gives at most."""


def name_of(round_: tables.Round) -> str:
    """What the files of the round's vectors are known by."""
    return vectors.name_of(round_.id, round_.created_at)


def clustering_of(db: Session, round_: tables.Round) -> int | None:
    """The job whose clusters the round's samples are in now; None where they are in none."""
    job, clustered = tables.Job, tables.ClusteredSample
    has_some = exists().where(clustered.round_id == round_.id, clustered.job_id == job.id)
    is_done = (job.project_id == round_.project_id, job.status == JobStatus.done)
    return db.scalar(select(job.id).where(*is_done, has_some).order_by(job.id.desc()).limit(1))


def of(db: Session, actor: Actor, round_: tables.Round, sample_id: int) -> dict[int, float]:
    """The closest samples of the round with the cosine of the angle, closest first; the sample itself among them.

    Raises `InvalidInput` where the sample is not of the round's project or has no vector, and `PermissionDenied` where
    the actor may not see its text.
    """
    sample = db.get(tables.Sample, sample_id)
    whose = db.get(tables.Round, sample.round_id) if sample is not None else None
    if sample is None or whose is None or whose.project_id != round_.project_id:
        raise InvalidInput(f"similar: there is no sample {sample_id} in this project. Choose one from a list.")
    refuse_unseen(db, actor, whose, sample)
    vector, fingerprint = vectors.vector_of(name_of(whose), sample_id), vectors.fingerprint_of(name_of(whose))
    if vector is None or fingerprint is None:
        raise InvalidInput(
            f"similar: sample {sample_id} has no vector. A curator has them made under Similar samples and clusters."
        )
    return vectors.nearest(name_of(round_), vector, fingerprint, MOST)


def refuse_unseen(db: Session, actor: Actor, round_: tables.Round, sample: tables.Sample) -> None:
    """Raise for a text that a blind review hides from the actor: its neighbours would tell what it says."""
    is_over = round_.status not in (RoundStatus.running, RoundStatus.review)
    role = role_of(db, actor, round_.project_id)
    if is_over or not (round_.is_reviewed and round_.is_blind) or (role and role.rank >= Role.curator.rank):
        return
    shown = review_scope.steps_shown(round_)
    if shown and sample.step not in shown:
        raise PermissionDenied(f"You cannot see sample {sample.id} until its round is reviewed. Choose another.")
