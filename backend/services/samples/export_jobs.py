"""Exports of samples by a worker: `file_jobs.exports` with the samples that a filter finds."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.errors import Conflict, NotFound, RondoError
from backend.jobs import JobProgress
from backend.pipeline.stage import Finish
from backend.row_files import Format
from backend.services import file_jobs
from backend.services.access import Actor, require
from backend.services.file_jobs import exports as file_exports
from backend.services.file_jobs.exports import ExportKind, FileExport
from backend.services.samples import exports, visibility
from backend.services.samples.exports import ExportRequest
from backend.services.samples.visibility import Hidden
from backend.values import JSON, Role


@dataclass(frozen=True)
class SampleExport(FileExport):
    """An export of samples of a project."""

    project_id: int
    format: Format


def start(actor: Actor, project_id: int, wanted: ExportRequest) -> int:
    """Have a worker write an export of any size; return the job's id.

    What the person may see counts as it is when the job runs. Raises `PermissionDenied` for a filter by what is hidden
    now, and `TooManyAttempts`.
    """
    name = exports.name_of(actor, project_id, wanted)
    with session() as db:
        require(db, actor, project_id, Role.viewer)
        for round_ in exports.rounds_of(db, project_id, wanted.round_ids):
            kept = visibility.hidden(db, actor, round_)
            visibility.refuse(actor, kept, wanted.filters, wanted.sort)
            visibility.narrowed(kept, round_, wanted.filters)
        asked: JSON = {"asked": wanted.to_json()}
        return file_exports.start(db, actor, project_id, SAMPLES, name, asked, format=wanted.format)


def run(job_id: int, progress: JobProgress) -> Finish:
    """Write the file, for whoever asked, as far as they may see it now. A restarted job writes it again."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
        actor = file_jobs.starter(db, job, "export")
    wanted = ExportRequest.of(job.spec["asked"])
    with file_exports.written_file(SAMPLES, job_id, wanted.format) as path:
        done = exports.write(
            actor,
            job.project_id,
            wanted,
            path,
            begin=lambda total: progress.start(total, "samples"),
            advance=progress.advance,
        )
    hidden = {str(round_id): [kept.judge, kept.others] for round_id, kept in done.hidden.items()}

    def finish(db: Session) -> None:
        file_exports.keep_result(db, job_id, done.num_rows, done.num_bytes, hidden=hidden)
        exports.note(db, actor, job.project_id, wanted, done.num_rows)

    return finish


def get(actor: Actor, job_id: int) -> SampleExport:
    """An export that the actor asked for."""
    with reading() as db:
        return _view(db, actor, file_exports.find(db, actor, SAMPLES, job_id))


def cancel(actor: Actor, job_id: int) -> None:
    """Stop an export that the actor asked for; raises `Conflict` where it is over."""
    file_exports.cancel(actor, SAMPLES, job_id)


def newest(actor: Actor, project_id: int) -> SampleExport | None:
    """What the actor asked for last in the project: under way, failed, or ready; else the last that is ready."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        job = file_exports.newest(db, actor, project_id, SAMPLES)
        return None if job is None else _view(db, actor, job)


def file_of(actor: Actor, job_id: int) -> tuple[Path, str]:
    """The written file and what it is called; raises `NotFound`, and `Conflict` where it is not there to take.

    A round may be reviewed again since: what is hidden from the person now is not taken from a file of before.
    """
    return file_exports.file_of(actor, SAMPLES, job_id)


def _refusal(db: Session, actor: Actor, job: tables.Job) -> RondoError | None:
    """Why a file of samples of these rounds is not for the actor now; None where it is."""
    for number, was in job.spec["result"]["hidden"].items():
        round_ = db.get(tables.Round, int(number))
        if round_ is None:
            return NotFound(f"Export {job.id} holds samples of a round that is gone. Export again.")
        if round_.project_id != job.project_id:
            return NotFound(
                f"Export {job.id} holds samples of round {round_.number}, which is in the trash. Bring that back on "
                "the page /projects, or export again."
            )
        if _hides_more(visibility.hidden(db, actor, round_), Hidden(*was)):
            return Conflict(
                f"Round {round_.number} is reviewed again, and this file holds what is hidden until that is over. "
                "Export again."
            )
    return None


SAMPLES = ExportKind("export", "samples", _refusal)


def _hides_more(now: Hidden, then: Hidden) -> bool:
    return (now.judge and not then.judge) or (now.others and not then.others)


def _view(db: Session, actor: Actor, job: tables.Job) -> SampleExport:
    return SampleExport(project_id=job.project_id, **file_exports.fields(db, actor, SAMPLES, job))
