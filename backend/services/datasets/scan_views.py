"""Scans of datasets as they are shown: how far, what was found, and whether that still counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import now, tables
from backend.scanning import FindingKind
from backend.services.datasets import open_findings, scan_rows, scan_settings
from backend.values import JobStatus, Split

AT_WORK = timedelta(hours=6)
"""A scan without a job that is older was killed."""


@dataclass(frozen=True)
class DatasetScan:
    """A scan, and how far it is. `rows_with`: rows by what was found in them; `rows_open`: by what nobody marked as
    fine. `is_current`: it looked for what is looked for now, the held-out prompts included. `num_uncompared`: held-out
    and reference texts that are too short to be looked for, or too many; `num_beyond`: of them those that are too many.
    `num_held_out`: prompts and answers that are held out now."""

    id: int
    dataset_id: int
    job_id: int | None
    status: JobStatus
    done: int
    total: int
    error: str | None
    reference: str
    num_rows: int
    num_uncompared: int
    num_beyond: int
    num_held_out: int
    rows_with: dict[str, int]
    rows_open: dict[str, int]
    finished_at: datetime | None
    is_current: bool

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


@dataclass(frozen=True)
class ScanHit:
    """Something that a row holds. `is_fine`: somebody looked at this value and lets it leave; who, None of an account
    that is deleted, and why."""

    id: int
    position: int
    kind: FindingKind
    place: str
    snippet: str
    is_fine: bool
    fine_by: str | None
    fine_reason: str


@dataclass(frozen=True)
class ScanPage:
    """Hits by number, and the cursor of the next page; None at the end."""

    hits: tuple[ScanHit, ...]
    next: int | None


def is_current(db: Session, scan: tables.Scan) -> bool:
    """Whether a scan looked for what its project looks for now."""
    checks = scan_settings.of(db.get_one(tables.Project, scan.project_id))
    return scan.digest == checks.digest(held_out(db, scan.project_id))


def held_out(db: Session, project_id: int) -> Iterable[tuple[str, str | None]]:
    """Content hash and answer of each held-out prompt."""
    prompt, sets = tables.Prompt, tables.PromptSet
    query = select(prompt.content_hash, prompt.answer).join(sets, sets.id == prompt.prompt_set_id)
    query = query.where(sets.project_id == project_id, sets.split == Split.held_out)
    return db.execute(query.execution_options(yield_per=scan_rows.AT_ONCE)).tuples()


def view(db: Session, scan: tables.Scan) -> DatasetScan:
    """What is said of a scan."""
    job = db.get(tables.Job, scan.job_id) if scan.job_id is not None else None
    if scan.finished_at is not None:
        alone = JobStatus.done
    else:  # the shell or a push looks through the rows itself
        alone = JobStatus.running if scan.created_at > now() - AT_WORK else JobStatus.failed
    num_prompts, num_answers = scan_rows.num_held_out(db, scan.project_id)
    return DatasetScan(
        scan.id,
        scan.dataset_id,
        scan.job_id,
        alone if job is None else job.status,
        scan.num_rows if job is None else job.done,
        scan.num_rows if job is None else job.total,
        None if job is None else job.error,
        scan.reference,
        scan.num_rows,
        scan.num_uncompared,
        max(0, num_prompts - scan_rows.MOST_REFERENCES),
        num_prompts + num_answers,
        dict(scan.counts),
        {str(kind): count for kind, count in open_findings.rows_open(db, scan).items()},
        scan.finished_at,
        is_current(db, scan),
    )


def in_words(rows_with: Mapping[Any, int]) -> str:
    """Rows by what is in them, in words; empty for none."""
    counted = ((FindingKind(kind).in_words, count) for kind, count in rows_with.items())
    return "; ".join(f"{name}: {count:,} {'row' if count == 1 else 'rows'}" for name, count in counted)
