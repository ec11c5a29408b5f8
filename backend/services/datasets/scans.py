"""Scans of datasets: asked for, run by a worker or at once, read, and what a person said is fine."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend import boundary, jobs
from backend.db import now, reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.jobs import JobProgress
from backend.pipeline.stage import Finish
from backend.scanning import FindingKind
from backend.services import events
from backend.services.access import Actor, require
from backend.services.datasets import find_whole, open_findings, scan_files, scan_rows, scan_settings
from backend.values import JSON, JobStatus, Role, Split, Stage

KIND = "scan"
"""As `stage_process` calls it, which must not load this to start."""
PAGE = 50
MOST_REASON = 500
AT_WORK = timedelta(hours=6)
"""A scan without a job that is older was killed."""


@dataclass(frozen=True)
class DatasetScan:
    """A scan, and how far it is. `rows_with`: rows by what was found in them. `is_current`: it looked for what is
    looked for now, the held-out prompts included. `num_uncompared`: held-out and reference texts that are too short to
    be looked for, or too many."""

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
    rows_with: dict[str, int]
    finished_at: datetime | None
    is_current: bool

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


@dataclass(frozen=True)
class ScanHit:
    """Something that a row holds. `is_fine`: somebody looked at this value and lets it leave."""

    id: int
    position: int
    kind: FindingKind
    place: str
    snippet: str
    is_fine: bool


@dataclass(frozen=True)
class ScanPage:
    """Hits by number, and the cursor of the next page; None at the end."""

    hits: tuple[ScanHit, ...]
    next: int | None


def start(actor: Actor, dataset_id: int, *, reference: Path | None = None, name: str = "") -> int:
    """Have a worker look through a dataset; return the scan's id. For curators.

    reference: a file whose texts the rows must not hold either; it is copied. name: what it is called. Raises
    `Conflict` while another scan of the dataset is under way, `InvalidInput` for a file that is none.
    """
    with session() as db:
        scan = _add(db, actor, dataset_id, name or (reference.name if reference is not None else ""))
        spec: JSON = {"kind": KIND, "scan_id": scan.id, "suffix": "", "via": actor.via}
        if reference is not None:
            spec["suffix"] = scan_files.keep(reference, scan.id)
        whose: dict[str, Any] = {"project_id": scan.project_id, "created_by": actor.user_id}
        scan.job_id = jobs.enqueue(db, stage=Stage.select, queue=jobs.EXPORT, spec=spec, **whose).id
        return scan.id


def run(job_id: int, progress: JobProgress) -> Finish:
    """Look through the rows. Begun again, it begins anew."""
    with reading() as db:
        spec = db.get_one(tables.Job, job_id).spec
        if db.get(tables.Scan, spec["scan_id"]) is None:
            raise NotFound("The dataset of this scan was deleted. There is nothing left to do for it.")
    file = scan_files.place(spec["scan_id"], spec["suffix"]) if spec["suffix"] else None
    if file is not None and not file.exists():
        raise NotFound("The reference file is not here any more. Scan again with it.")
    finish = scan_rows.scan(
        spec["scan_id"],
        file,
        begin=lambda total: progress.start(total, "rows"),
        advance=progress.advance,
        fence=lambda db: jobs.fenced(db, job_id, progress.attempt),
    )

    def finish_and_forget(db: Session) -> None:
        finish(db)
        if file is not None:
            event.listen(db, "after_commit", lambda _: file.unlink(missing_ok=True), once=True)

    return finish_and_forget


def scan_now(
    actor: Actor, dataset_id: int, *, reference: Path | None = None, advance: Callable[[int], None] = lambda _: None
) -> DatasetScan:
    """Look through a dataset and return the scan: for the shell, and for a worker that has to know."""
    with session() as db:
        scan_id = _add(db, actor, dataset_id, reference.name if reference is not None else "").id
    with ExitStack() as undone:
        undone.callback(_forget, scan_id)  # however it is broken off: nothing goes on with it
        finish = scan_rows.scan(scan_id, reference, begin=lambda _: None, advance=advance)
        with session() as db:
            finish(db)
        undone.pop_all()
    return get(actor, scan_id)


def _forget(scan_id: int) -> None:
    with session() as db:
        db.execute(delete(tables.Scan).where(tables.Scan.id == scan_id))


def ensure(actor: Actor, dataset_id: int) -> None:
    """Look through a dataset that is to leave, where its project looks for anything and no scan of it counts."""
    with reading() as db:
        dataset = find_whole(db, actor, dataset_id)
        checks = scan_settings.of(db.get_one(tables.Project, dataset.project_id))
        row = newest_whole(db, dataset_id)
    if checks.mode != "off" and row is None:
        scan_now(actor, dataset_id)


def get(actor: Actor, scan_id: int) -> DatasetScan:
    """Return a scan; raises `NotFound`."""
    with reading() as db:
        return _view(db, _find(db, actor, scan_id))


def newest(actor: Actor, dataset_id: int) -> DatasetScan | None:
    """The last scan of a dataset; None before the first."""
    with reading() as db:
        dataset = find_whole(db, actor, dataset_id)
        scan = tables.Scan
        row = db.scalar(select(scan).where(scan.dataset_id == dataset.id).order_by(scan.id.desc()).limit(1))
        return None if row is None else _view(db, row)


def hits(actor: Actor, scan_id: int, *, cursor: int | None = None, limit: int = PAGE) -> ScanPage:
    """A page of what a scan found, from after the hit `cursor` on."""
    limit = min(limit, 200)
    with reading() as db:
        scan = _find(db, actor, scan_id)
        finding = tables.ScanFinding
        query = open_findings.with_fine(scan, finding, tables.FineFinding.id).where(finding.id > (cursor or 0))
        rows = db.execute(query.order_by(finding.id).limit(limit + 1)).tuples().all()
    page = tuple(
        ScanHit(row.id, row.position, FindingKind(row.kind), row.place, row.snippet, fine is not None)
        for row, fine in rows[:limit]
    )
    return ScanPage(page, page[-1].id if len(rows) > limit else None)


def mark(actor: Actor, hit_id: int, *, is_fine: bool = True, reason: str = "") -> None:
    """Say that a value may leave, with a reason, or that it may not after all; it counts for all datasets of the
    project. For curators. Raises `InvalidInput` without a reason, and for values that were only counted."""
    reason = short_reason(reason)
    with session() as db:
        finding = db.get(tables.ScanFinding, hit_id)
        missing = NotFound(f"There is no finding {hit_id} here. Scan the dataset again.")
        if finding is None:
            raise missing
        scan = db.get_one(tables.Scan, finding.scan_id)
        require(db, actor, scan.project_id, Role.viewer)
        require(db, actor, scan.project_id, Role.curator)
        if is_fine and not reason:
            raise InvalidInput("The reason is empty. Say why this value may leave.")
        if finding.fingerprint == scan_rows.MORE:
            raise InvalidInput("These values were counted and not kept. Mask them, or leave the row out.")
        value = {"project_id": scan.project_id, "kind": finding.kind, "fingerprint": finding.fingerprint}
        known = db.scalar(select(tables.FineFinding).filter_by(**value))
        if is_fine == (known is not None):
            return
        if known is None:
            dialect: Any = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
            row = {**value, "user_id": actor.user_id, "reason": reason, "created_at": now()}
            db.execute(dialect.insert(tables.FineFinding).values(row).on_conflict_do_nothing())
        else:
            db.delete(known)
        verb = "mark finding fine" if is_fine else "take back fine finding"
        place: dict[str, Any] = {"project_id": scan.project_id, "dataset_id": scan.dataset_id}
        events.note(db, actor, verb, f"{finding.kind} in row {finding.position}", **place, reason=reason)


def is_current(db: Session, scan: tables.Scan) -> bool:
    """Whether a scan looked for what its project looks for now."""
    checks = scan_settings.of(db.get_one(tables.Project, scan.project_id))
    return scan.digest == checks.digest(_held_out(db, scan.project_id))


def _held_out(db: Session, project_id: int) -> Iterable[tuple[str, str | None]]:
    prompt, sets = tables.Prompt, tables.PromptSet
    query = select(prompt.content_hash, prompt.answer).join(sets, sets.id == prompt.prompt_set_id)
    query = query.where(sets.project_id == project_id, sets.split == Split.held_out)
    return db.execute(query.execution_options(yield_per=scan_rows.AT_ONCE)).tuples()


def newest_whole(db: Session, dataset_id: int) -> tables.Scan | None:
    """The last finished scan of a dataset, if it looked for what is looked for now."""
    scan = tables.Scan
    query = select(scan).where(scan.dataset_id == dataset_id, scan.finished_at.is_not(None))
    row = db.scalar(query.order_by(scan.id.desc()).limit(1))
    return row if row is not None and is_current(db, row) else None


def _add(db: Session, actor: Actor, dataset_id: int, reference: str) -> tables.Scan:
    dataset = find_whole(db, actor, dataset_id)
    require(db, actor, dataset.project_id, Role.curator)
    db.refresh(dataset, with_for_update=True)  # one at a time
    scan, job = tables.Scan, tables.Job
    busy = select(scan.id).join(job, job.id == scan.job_id)
    busy = busy.where(scan.dataset_id == dataset_id, job.status.in_(jobs.ACTIVE)).limit(1)
    if (other := db.scalar(busy)) is not None:
        raise Conflict(f"Scan {other} looks through dataset {dataset_id} already. Wait for its end, or cancel its job.")
    checks = scan_settings.of(db.get_one(tables.Project, dataset.project_id))
    row = tables.Scan(
        project_id=dataset.project_id,
        dataset_id=dataset_id,
        digest=checks.digest(_held_out(db, dataset.project_id)),
        settings=checks.model_dump(mode="json"),
        reference=reference[:200],
    )
    db.add(row)
    db.flush()
    place: dict[str, Any] = {"project_id": dataset.project_id, "round_id": dataset.round_id}
    events.note(db, actor, "scan dataset", f"dataset {dataset_id}", **place, scan_id=row.id, reference=row.reference)
    return row


def _find(db: Session, actor: Actor, scan_id: int) -> tables.Scan:
    scan = db.get(tables.Scan, scan_id)
    missing = f"There is no scan {scan_id} here. Scan the dataset again."
    if scan is None:
        raise NotFound(missing)
    try:
        find_whole(db, actor, scan.dataset_id)
    except NotFound:
        raise NotFound(missing) from None
    return scan


def _view(db: Session, scan: tables.Scan) -> DatasetScan:
    job = db.get(tables.Job, scan.job_id) if scan.job_id is not None else None
    if scan.finished_at is not None:
        alone = JobStatus.done
    else:  # the shell or a push looks through the rows itself
        alone = JobStatus.running if scan.created_at > now() - AT_WORK else JobStatus.failed
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
        dict(scan.counts),
        scan.finished_at,
        is_current(db, scan),
    )


def short_reason(reason: str) -> str:
    """The reason in one line; raises `InvalidInput` for one that cannot be kept."""
    return " ".join(boundary.text(reason, "The reason", MOST_REASON).split())


def in_words(rows_with: Mapping[Any, int]) -> str:
    """Rows by what is in them, in words; empty for none."""
    counted = ((FindingKind(kind).in_words, count) for kind, count in rows_with.items())
    return "; ".join(f"{name}: {count:,} {'row' if count == 1 else 'rows'}" for name, count in counted)
