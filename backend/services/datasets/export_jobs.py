"""Files of large datasets that a worker writes: started, followed, downloaded, forgotten after a week."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import jobs, row_files, shared_files
from backend.config import settings
from backend.db import now, reading, session, tables
from backend.errors import Conflict, NotFound, TooManyAttempts
from backend.exporters import TRL
from backend.jobs import JobProgress
from backend.pipeline import export_places
from backend.pipeline.export_places import KEPT_DAYS
from backend.pipeline.stage import Finish
from backend.services import events
from backend.services.access import Actor, require
from backend.services.datasets import exports, find_whole, tool_rows
from backend.services.datasets.exports import Format, RowFinding
from backend.values import JSON, DatasetType, JobStatus, Role, Stage

KIND = "export_dataset"
"""As `stage_process` calls it, which must not load this to start."""
MAX_WAITING = 3


@dataclass(frozen=True)
class DatasetExportRequest:
    """How a dataset is written, as `exports.export` takes it. `handling`: empty as the project has it."""

    format: Format = "jsonl"
    type: DatasetType | None = None
    is_strict: bool = False
    leave_out: bool = False
    tool: str = TRL
    handling: str = ""
    reason: str = ""

    def to_json(self) -> JSON:
        return asdict(self)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "DatasetExportRequest":
        """What `to_json` wrote."""
        type_ = DatasetType(given["type"]) if given["type"] else None
        return cls(**{**given, "type": type_, "tool": given["tool"]})


@dataclass(frozen=True)
class DatasetExport:
    """An export in the background. Its file is there while `is_ready`, until `expires_at`; `findings`, `left_out` and
    `warnings` say of it what an `Export` says."""

    job_id: int
    dataset_id: int
    name: str
    format: Format
    status: JobStatus
    done: int
    total: int
    num_rows: int | None
    num_bytes: int | None
    error: str | None
    is_ready: bool
    expires_at: datetime | None
    findings: tuple[RowFinding, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def start(actor: Actor, dataset_id: int, wanted: DatasetExportRequest) -> int:
    """Have a worker write the file; return the job's id. Raises what `exports.export` would, and `TooManyAttempts`."""
    _refuse(actor, dataset_id, wanted)
    with session() as db:
        dataset = find_whole(db, actor, dataset_id)
        type_ = wanted.type or dataset.type
        tool_rows.check(wanted.tool, type_, wanted.format)
        how = {"is_strict": wanted.is_strict, "leave_out": wanted.leave_out}
        name = exports.file_name(dataset.id, type_, wanted.format, **how, tool=wanted.tool)
        job = tables.Job
        mine = (job.created_by == actor.user_id, job.spec["kind"].as_string() == KIND, job.status.in_(jobs.ACTIVE))
        if (db.scalar(select(func.count()).where(*mine)) or 0) >= MAX_WAITING:
            raise TooManyAttempts(f"{MAX_WAITING} exports of yours are under way. Wait for one of them.")
        spec: JSON = {"kind": KIND, "dataset_id": dataset_id, "asked": wanted.to_json(), "name": name, "via": actor.via}
        whose: dict[str, Any] = {"project_id": dataset.project_id, "created_by": actor.user_id}
        job_id = jobs.enqueue(db, stage=Stage.select, queue=jobs.EXPORT, spec=spec, **whose).id
        events.note(db, actor, "start export", name, project_id=dataset.project_id, job_id=job_id)
        return job_id


def run(job_id: int, progress: JobProgress) -> Finish:
    """Write the file for whoever asked, as far as they may have it now. Begun again, it is written anew."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
        user = db.get(tables.User, job.created_by) if job.created_by is not None else None
        dataset = db.get(tables.Dataset, job.spec["dataset_id"])
    if user is None or dataset is None:
        raise NotFound("Whoever asked for this export, or its dataset, is gone. There is nothing left to do for it.")
    actor = Actor(user.id, user.name, user.is_owner, job.spec.get("via", "page"))
    wanted = DatasetExportRequest.of(job.spec["asked"])
    progress.start(dataset.num_examples, "rows")
    export_places.forget_old()
    path = path_of(job_id, wanted.format)
    row_files.forget_parts(path)
    how: dict[str, Any] = asdict(wanted) | {"handling": wanted.handling or None}
    exported = exports.export(actor, dataset.id, **how, at=path, advance=progress.advance)
    shared_files.share(path)
    result: JSON = {"num_rows": exported.num_rows, "num_bytes": exported.num_bytes}
    result |= {"findings": [asdict(finding) for finding in exported.findings], "left_out": exported.left_out}
    result |= {"warnings": list(exported.warnings), "scan_outcome": exported.scan_outcome}
    result["is_shared"] = shared_files.store() is not None

    def finish(db: Session) -> None:
        row = db.get_one(tables.Job, job_id)
        row.spec = row.spec | {"result": result}

    return finish


def get(actor: Actor, job_id: int) -> DatasetExport:
    """An export that the actor asked for."""
    with reading() as db:
        return _view(_find(db, actor, job_id))


def newest(actor: Actor, dataset_id: int) -> DatasetExport | None:
    """What the actor asked for last of a dataset; None where its file is gone, or it was cancelled."""
    job = tables.Job
    with reading() as db:
        dataset = find_whole(db, actor, dataset_id)
        mine = (job.project_id == dataset.project_id, job.created_by == actor.user_id)
        of_dataset = (job.spec["kind"].as_string() == KIND, job.spec["dataset_id"].as_integer() == dataset_id)
        row = db.scalar(select(job).where(*mine, *of_dataset).order_by(job.id.desc()).limit(1))
        export = None if row is None else _view(row)
    is_told = export is not None and (not export.is_over or export.is_ready or export.status is JobStatus.failed)
    return export if is_told else None


def cancel(actor: Actor, job_id: int) -> None:
    """Stop an export that the actor asked for; raises `Conflict` where it is over."""
    with session() as db:
        job = _find(db, actor, job_id)
        jobs.cancel(db, job_id)
        events.note(db, actor, "cancel export", job.spec["name"], project_id=job.project_id, job_id=job_id)


def file_of(actor: Actor, job_id: int) -> tuple[Path, str]:
    """The written file and what it is called; raises `NotFound`, and `Conflict` where it is not there to take, or where
    the project holds by now what is in it, or a scan would leave out or mask other rows than it did then."""
    with reading() as db:
        job = _find(db, actor, job_id)
    export = _view(job)
    if not export.is_over:
        raise Conflict(f"Export {job_id} is not written yet. Ask again when its status is done.")
    outcome = _refuse(actor, export.dataset_id, DatasetExportRequest.of(job.spec["asked"]))
    if export.is_ready and outcome != job.spec["result"].get("scan_outcome", ""):
        raise Conflict(
            f"The file of export {job_id} is old: by now a content scan masks or leaves out other rows. Export again."
        )
    path = path_of(job_id, export.format)
    if not export.is_ready or not shared_files.bring(path):
        raise NotFound(f"The file of export {job_id} is not here: files go after {KEPT_DAYS} days. Export again.")
    with session() as db:
        events.note(db, actor, "download export", export.name, project_id=job.project_id, job_id=job_id)
    return path, export.name


def path_of(job_id: int, format: Format) -> Path:
    return settings().folder / "exports" / f"datasets-{job_id}.{format}"


def _refuse(actor: Actor, dataset_id: int, wanted: DatasetExportRequest) -> str:
    """Raise what an export would be refused with for what a content scan found; return `Export.scan_outcome`."""
    how: dict[str, Any] = {"leave_out": wanted.leave_out, "handling": wanted.handling or None}
    return exports.refuse_held(actor, dataset_id, **how, reason=wanted.reason, type=wanted.type)


def _find(db: Session, actor: Actor, job_id: int) -> tables.Job:
    job = db.get(tables.Job, job_id)
    if job is None or job.spec.get("kind") != KIND or job.created_by != actor.user_id:
        raise NotFound(f"There is no export {job_id} of yours. Start it again.")
    require(db, actor, job.project_id, Role.viewer)
    return job


def _view(job: tables.Job) -> DatasetExport:
    result, format_ = job.spec.get("result", {}), job.spec["asked"]["format"]
    ends = job.finished_at + timedelta(days=KEPT_DAYS) if job.finished_at is not None else None
    is_here = path_of(job.id, format_).exists() or bool(result.get("is_shared"))
    is_ready = job.status is JobStatus.done and is_here and ends is not None and ends > now()
    written = (result.get("num_rows"), result.get("num_bytes"))
    of = (job.id, job.spec["dataset_id"], job.spec["name"], format_, job.status, job.done, job.total)
    findings = tuple(
        RowFinding(**finding | {"positions": tuple(finding["positions"])}) for finding in result.get("findings", ())
    )
    left_out, warnings = result.get("left_out", {}), tuple(result.get("warnings", ()))
    return DatasetExport(*of, *written, job.error, is_ready, ends, findings, left_out, warnings)
