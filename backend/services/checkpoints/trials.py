"""Trying a prompt on one or two checkpoints: a job like any other, its replies on its row."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary, jobs
from backend.db import reading, session, tables
from backend.errors import InvalidInput, NotFound
from backend.services.access import Actor, require, require_row
from backend.values import JSON, SCORER, JobStatus, Role, Sampling, Stage

MAX_CHARACTERS = 50_000
MAX_TOKENS = 8_192


@dataclass(frozen=True)
class TrialReply:
    """What one checkpoint answered."""

    checkpoint_id: int
    checkpoint: str
    text: str
    finish_reason: str
    num_tokens: int


@dataclass(frozen=True)
class Trial:
    """A prompt that was tried, and how far its job is."""

    job_id: int
    status: JobStatus
    prompt: str
    checkpoint_ids: tuple[int, ...]
    sampling: JSON
    replies: tuple[TrialReply, ...]
    error: str | None

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def try_prompt(actor: Actor, checkpoint_ids: list[int], text: str, sampling: Sampling) -> int:
    """Ask one or two checkpoints of one project; returns the job's id."""
    if not 1 <= len(checkpoint_ids) <= 2:
        raise InvalidInput("Choose one or two checkpoints to try.")
    _check(text, sampling)
    with session() as db:
        first = db.get(tables.Checkpoint, checkpoint_ids[0])
        if first is None:
            raise NotFound(f"There is no checkpoint {checkpoint_ids[0]}. Choose one from the list.")
        require(db, actor, first.project_id, Role.curator)
        for checkpoint_id in checkpoint_ids:
            row = db.get(tables.Checkpoint, checkpoint_id)
            if row is None or row.project_id != first.project_id:
                raise NotFound(f"There is no checkpoint {checkpoint_id} in this project. Choose one from the list.")
            if row.kind == SCORER:
                raise InvalidInput(f"{row.name} is a scorer, which writes no text. Choose a language model to try.")
        spec = {
            "kind": "try",
            "checkpoint_ids": checkpoint_ids,
            "messages": [{"role": "user", "content": text}],
            "sampling": {
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "max_tokens": sampling.max_tokens,
                "seed": sampling.seed,
            },
        }
        job = jobs.enqueue(db, stage=Stage.generate, project_id=first.project_id, spec=spec, created_by=actor.user_id)
        return job.id


def try_result(actor: Actor, job_id: int) -> Trial:
    """Return a trial; its replies are there once its job is done."""
    with reading() as db:
        query = select(tables.Job).where(tables.Job.id == job_id, tables.Job.spec["kind"].as_string() == "try")
        missing = f"There is no trial {job_id}. Try the prompt again."
        job = require_row(db, actor, db.scalar(query), Role.viewer, missing)
        return _trial(db, job)


def newest(actor: Actor, project_id: int) -> Trial | None:
    """Return what the actor tried last in a project, so that a reloaded page still shows it."""
    job = tables.Job
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        query = select(job).where(
            job.project_id == project_id,
            job.round_id.is_(None),
            job.stage == Stage.generate,
            job.created_by == actor.user_id,
            job.spec["kind"].as_string() == "try",
        )
        job_id = db.scalar(query.order_by(job.id.desc()).limit(1))
        return _trial(db, job_id) if job_id is not None else None


def _trial(db: Session, job: tables.Job) -> Trial:
    ids = tuple(job.spec["checkpoint_ids"])
    query = select(tables.Checkpoint.id, tables.Checkpoint.name).where(tables.Checkpoint.id.in_(ids))
    names: dict[int, str] = dict(db.execute(query).tuples().all())
    given = job.spec.get("replies", {})
    replies = tuple(_reply(id_, names.get(id_, ""), given[str(id_)]) for id_ in ids if str(id_) in given)
    prompt = str(job.spec["messages"][-1]["content"])
    return Trial(job.id, job.status, prompt, ids, dict(job.spec["sampling"]), replies, job.error)


def _reply(checkpoint_id: int, name: str, given: JSON) -> TrialReply:
    return TrialReply(checkpoint_id, name, given["text"], given["finish_reason"], given["num_tokens"])


def _check(text: str, sampling: Sampling) -> None:
    if not text.strip():
        raise InvalidInput("The prompt is empty. Type what to ask.")
    boundary.text(text, "The prompt", MAX_CHARACTERS)
    check_sampling(sampling)


def check_sampling(sampling: Sampling) -> None:
    """Raise `InvalidInput` for settings that no engine takes."""
    boundary.whole(sampling.max_tokens, "max_tokens", least=1, most=MAX_TOKENS)
    if sampling.seed is not None:
        boundary.whole(sampling.seed, "seed", most=boundary.MOST_SEED)
    if not 0 <= sampling.temperature <= 5:
        raise InvalidInput("temperature: must be between 0 and 5")
    if not 0 < sampling.top_p <= 1:
        raise InvalidInput("top_p: must be more than 0 and at most 1")
