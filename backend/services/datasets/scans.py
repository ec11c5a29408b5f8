"""Scans of datasets: asked for, run by a worker or at once, read, and what a person said is fine."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from backend import boundary, jobs, shared_files
from backend.db import now, reading, session, tables
from backend.db.inserting import insert_into
from backend.errors import Conflict, InvalidInput, NotFound
from backend.jobs import JobProgress
from backend.pipeline.stage import Finish
from backend.scanning import FindingKind
from backend.services import events, file_jobs
from backend.services.access import Actor, require
from backend.services.datasets import find_whole, open_findings, scan_files, scan_rows, scan_settings
from backend.services.datasets.scan_views import (
    DatasetScan,
    ScanHit,
    ScanPage,
    held_out,
    in_words,
    is_current,
    view,
)
from backend.values import JSON, Role

__all__ = [
    "DatasetScan",
    "ScanHit",
    "ScanPage",
    "ensure",
    "get",
    "hits",
    "in_words",
    "is_current",
    "mark",
    "newest",
    "newest_whole",
    "run",
    "scan_now",
    "short_reason",
    "start",
]

KIND = "scan"
"""The kind of its jobs. `stage_process` has its own copy, so that it starts without importing this module."""
PAGE = 50
MOST_REASON = 500


def start(actor: Actor, dataset_id: int, *, reference: Path | None = None, name: str = "") -> int:
    """Have a worker look through a dataset; return the scan's id. For curators.

    reference: a file whose texts the rows must not hold either; it is copied. name: what it is called. Raises
    `Conflict` while another scan of the dataset is under way, `InvalidInput` for a file that is none.
    """
    with reading() as db:
        require(db, actor, find_whole(db, actor, dataset_id).project_id, Role.curator)
    with ExitStack() as undone:
        # Before the job is there for a worker, and while nobody waits for the database.
        shared = scan_files.share(reference) if reference is not None else None
        if shared is not None:
            undone.callback(scan_files.forget, shared)
        with session() as db:
            scan = _add(db, actor, dataset_id, name or (reference.name if reference is not None else ""))
            spec: JSON = {"scan_id": scan.id, "suffix": ""}
            if shared is not None:
                spec |= {"suffix": "".join(shared.suffixes), "file": shared.name}
            elif reference is not None:
                spec["suffix"] = scan_files.keep(reference, scan.id)
            scan.job_id = file_jobs.enqueue(db, actor, scan.project_id, KIND, spec)
        undone.pop_all()
        return scan.id


def run(job_id: int, progress: JobProgress) -> Finish:
    """Look through the rows. A restarted job starts again from the first row."""
    with reading() as db:
        spec = db.get_one(tables.Job, job_id).spec
        if db.get(tables.Scan, spec["scan_id"]) is None:
            raise NotFound("The dataset of this scan was deleted. There is nothing left to do for it.")
    file = scan_files.place(spec["scan_id"], spec["suffix"], spec.get("file", "")) if spec["suffix"] else None
    if file is not None and not shared_files.bring(file):
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
            event.listen(db, "after_commit", lambda _: scan_files.forget(file), once=True)

    return finish_and_forget


def scan_now(
    actor: Actor, dataset_id: int, *, reference: Path | None = None, advance: Callable[[int], None] = lambda _: None
) -> DatasetScan:
    """Look through a dataset and return the scan: for the shell, and for a worker that has to know."""
    with session() as db:
        scan_id = _add(db, actor, dataset_id, reference.name if reference is not None else "").id
    with ExitStack() as undone:
        undone.callback(_forget, scan_id)  # also after an interruption: no job goes on with this scan
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
        return view(db, _find(db, actor, scan_id))


def newest(actor: Actor, dataset_id: int) -> DatasetScan | None:
    """The last scan of a dataset; None before the first."""
    with reading() as db:
        dataset = find_whole(db, actor, dataset_id)
        scan = tables.Scan
        row = db.scalar(select(scan).where(scan.dataset_id == dataset.id).order_by(scan.id.desc()).limit(1))
        return None if row is None else view(db, row)


def hits(actor: Actor, scan_id: int, *, cursor: int | None = None, limit: int = PAGE) -> ScanPage:
    """A page of what a scan found, from after the hit `cursor` on."""
    limit = min(limit, 200)
    with reading() as db:
        scan = _find(db, actor, scan_id)
        finding, fine, user = tables.ScanFinding, tables.FineFinding, tables.User
        query = open_findings.with_fine(scan, finding, fine, user.name).outerjoin(user, user.id == fine.user_id)
        query = query.where(finding.id > (cursor or 0))
        rows = db.execute(query.order_by(finding.id).limit(limit + 1)).tuples().all()
    page = tuple(
        ScanHit(
            *(row.id, row.position, FindingKind(row.kind), row.place, row.snippet),
            *((False, None, "") if mark is None else (True, who, mark.reason)),
        )
        for row, mark, who in rows[:limit]
    )
    return ScanPage(page, page[-1].id if len(rows) > limit else None)


def mark(actor: Actor, hit_id: int, *, is_fine: bool = True, reason: str = "") -> bool:
    """Say that a value may leave, with a reason, or that it may not after all; it counts for all datasets of the
    project. Return whether that was not so before. For curators. Raises `InvalidInput` without a reason, and for values
    that were only counted."""
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
            return False
        if known is None:
            row = {**value, "user_id": actor.user_id, "reason": reason, "created_at": now()}
            db.execute(insert_into(db, tables.FineFinding).values(row).on_conflict_do_nothing())
        else:
            db.delete(known)
        verb = "mark finding fine" if is_fine else "take back fine finding"
        place: dict[str, Any] = {"project_id": scan.project_id, "dataset_id": scan.dataset_id}
        events.note(db, actor, verb, f"{finding.kind} in row {finding.position}", **place, reason=reason)
        return True


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
        digest=checks.digest(held_out(db, dataset.project_id)),
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


def short_reason(reason: str) -> str:
    """The reason in one line; raises `InvalidInput` for one that cannot be kept."""
    return " ".join(boundary.text(reason, "The reason", MOST_REASON).split())
