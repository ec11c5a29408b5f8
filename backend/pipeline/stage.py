"""What every stage gets: a frozen view of its round, fenced transactions, and the way to report progress."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.errors import NotFound
from backend.jobs import Progress, fenced
from backend.recipes import Recipe
from backend.values import SetUse, Stage

Finish = Callable[[Session], None]
"""What a stage still has to write in the transaction that ends its job."""


@dataclass(frozen=True)
class StageContext:
    """One attempt of one job. No row object crosses a transaction: parts see values, stages see this."""

    job_id: int
    attempt: int
    round: tables.Round
    recipe: Recipe
    progress: Progress
    stage: Stage = Stage.generate
    """The job's; a job that tries again what was left out does not move the round."""
    kind: str = ""

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that only an attempt that still owns its job may make; raises `Cancelled` otherwise."""
        with session() as db:
            fenced(db, self.job_id, self.attempt)
            yield db

    def set_ids(self, use: SetUse) -> list[int]:
        """Ids of the round's prompt sets of that use, in order of id."""
        with reading() as db:
            query = select(tables.RoundPromptSet.prompt_set_id).where(
                tables.RoundPromptSet.round_id == self.round.id, tables.RoundPromptSet.use == use
            )
            return sorted(db.scalars(query))


def open_stage(job_id: int, attempt: int, progress: Progress) -> StageContext:
    """Read the job's round and its recipe; raises `NotFound` when the round was deleted."""
    with reading() as db:
        job = db.get(tables.Job, job_id)
        found = db.get(tables.Round, job.round_id) if job and job.round_id else None
    if job is None or found is None:
        raise NotFound(f"The round of job {job_id} is gone. There is nothing left to do for it.")
    return StageContext(job_id, attempt, found, Recipe.model_validate(found.recipe), progress, job.stage,
                        str(job.spec.get("kind", "")))  # fmt: skip


def derive_seed(seed: int, *path: object) -> int:
    """A 31-bit seed for one place in a round: the same for the same path, whatever ran before it."""
    digest = hashlib.sha256(repr((seed, *path)).encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF
