"""Exports of datasets by a worker: `file_jobs.exports` with the rows of a dataset."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.errors import Conflict, NotFound
from backend.exporters import TRL
from backend.jobs import JobProgress
from backend.pipeline.stage import Finish
from backend.services import file_jobs
from backend.services.access import Actor
from backend.services.datasets import exports, find_whole, tool_rows
from backend.services.datasets.export_result import Format, RowFinding
from backend.services.file_jobs import exports as file_exports
from backend.services.file_jobs.exports import ExportKind, FileExport
from backend.values import JSON, DatasetType

DATASETS = ExportKind("export_dataset", "datasets")


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

    def options(self) -> dict[str, Any]:
        """The same as arguments of `exports.export`."""
        return asdict(self) | {"handling": self.handling or None}

    def to_json(self) -> JSON:
        return asdict(self)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "DatasetExportRequest":
        """What `to_json` wrote."""
        type_ = DatasetType(given["type"]) if given["type"] else None
        return cls(**{**given, "type": type_, "tool": given["tool"]})


@dataclass(frozen=True)
class DatasetExport(FileExport):
    """An export of a dataset. `findings`, `left_out` and `warnings` say of its file what an `Export` says."""

    dataset_id: int
    format: Format
    findings: tuple[RowFinding, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def start(actor: Actor, dataset_id: int, wanted: DatasetExportRequest) -> int:
    """Have a worker write the file; return the job's id. Raises what `exports.export` would, and `TooManyAttempts`."""
    _refuse(actor, dataset_id, wanted)
    with session() as db:
        dataset = find_whole(db, actor, dataset_id)
        type_ = wanted.type or dataset.type
        tool_rows.check(wanted.tool, type_, wanted.format)
        how = {"is_strict": wanted.is_strict, "leave_out": wanted.leave_out}
        name = exports.file_name(dataset.id, type_, wanted.format, **how, tool=wanted.tool)
        spec: JSON = {"dataset_id": dataset_id, "asked": wanted.to_json()}
        return file_exports.start(db, actor, dataset.project_id, DATASETS, name, spec)


def run(job_id: int, progress: JobProgress) -> Finish:
    """Write the file for whoever asked, as far as they may have it now. A restarted job writes it again."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
        actor = file_jobs.starter(db, job, "export")
        dataset = db.get(tables.Dataset, job.spec["dataset_id"])
    if dataset is None:
        raise NotFound("The dataset of this export was deleted. There is nothing left to do for it.")
    wanted = DatasetExportRequest.of(job.spec["asked"])
    progress.start(dataset.num_examples, "rows")
    with file_exports.written_file(DATASETS, job_id, wanted.format) as path:
        exported = exports.export(actor, dataset.id, **wanted.options(), at=path, advance=progress.advance)
    told: JSON = {"findings": [asdict(finding) for finding in exported.findings], "left_out": exported.left_out}
    told |= {"warnings": list(exported.warnings), "scan_outcome": exported.scan_outcome}

    def finish(db: Session) -> None:
        file_exports.keep_result(db, job_id, exported.num_rows, exported.num_bytes, **told)

    return finish


def get(actor: Actor, job_id: int) -> DatasetExport:
    """An export that the actor asked for."""
    with reading() as db:
        return _view(db, actor, file_exports.find(db, actor, DATASETS, job_id))


def cancel(actor: Actor, job_id: int) -> None:
    """Stop an export that the actor asked for; raises `Conflict` where it is over."""
    file_exports.cancel(actor, DATASETS, job_id)


def newest(actor: Actor, dataset_id: int) -> DatasetExport | None:
    """What the actor asked for last of a dataset: under way, failed, or ready; else the last that is ready."""
    of_dataset = tables.Job.spec["dataset_id"].as_integer() == dataset_id
    with reading() as db:
        dataset = find_whole(db, actor, dataset_id)
        job = file_exports.newest(db, actor, dataset.project_id, DATASETS, of_dataset)
        return None if job is None else _view(db, actor, job)


def file_of(actor: Actor, job_id: int) -> tuple[Path, str]:
    """The written file and what it is called; raises `NotFound`, and `Conflict` where it is not there to take, or where
    the project holds by now what is in it, or a scan would leave out or mask other rows than it did then."""

    def check(job: tables.Job) -> None:
        outcome = _refuse(actor, job.spec["dataset_id"], DatasetExportRequest.of(job.spec["asked"]))
        if outcome != job.spec["result"].get("scan_outcome", ""):
            raise Conflict(
                f"The file of export {job_id} is old: by now a content scan masks or leaves out other rows. Export "
                "again."
            )

    return file_exports.file_of(actor, DATASETS, job_id, check)


def _refuse(actor: Actor, dataset_id: int, wanted: DatasetExportRequest) -> str:
    """Raise what an export would be refused with for what a content scan found; return `Export.scan_outcome`."""
    how: dict[str, Any] = {"leave_out": wanted.leave_out, "handling": wanted.handling or None}
    return exports.refuse_held(actor, dataset_id, **how, reason=wanted.reason, type=wanted.type)


def _view(db: Session, actor: Actor, job: tables.Job) -> DatasetExport:
    result = job.spec.get("result", {})
    findings = tuple(
        RowFinding(**finding | {"positions": tuple(finding["positions"])}) for finding in result.get("findings", ())
    )
    return DatasetExport(
        dataset_id=job.spec["dataset_id"],
        findings=findings,
        left_out=result.get("left_out", {}),
        warnings=tuple(result.get("warnings", ())),
        **file_exports.fields(db, actor, DATASETS, job),
    )
