"""Imports of samples by a worker: started and followed."""

import shutil
import uuid
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from sqlalchemy import event, select
from sqlalchemy.orm import Session, SessionTransaction

from backend import jobs, shared_files
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import InvalidInput, NotFound, RondoError
from backend.helper_process import HelperProcess
from backend.jobs import JobProgress
from backend.pipeline import export_places
from backend.pipeline.stage import Finish
from backend.services import events, file_jobs, unfinished
from backend.services.access import Actor, require
from backend.services.imports import importing, round_import
from backend.services.imports.request import ImportedRound, ImportRequest
from backend.services.prompts.files import open_file
from backend.services.unfinished import import_lock
from backend.services.unfinished.import_lock import ImportUnderWay
from backend.values import JSON, JobStatus, Role, Stage

KIND = "import"
"""The kind of its jobs. `stage_process` has its own copy, so that it starts without importing this module."""
MOST_UPDATED = 100_000
"""Samples of an update that a worker writes on SQLite: some four seconds in which others wait, longer beside other work
or with long texts. They give up after fifteen. Any number of new samples is written in short transactions."""
FOLDER = "import-job-"


@dataclass(frozen=True)
class SampleImport:
    """An import by a worker. Once it is done, `result` says what it did."""

    job_id: int
    project_id: int
    name: str
    status: JobStatus
    done: int
    error: str | None
    result: ImportedRound | None


def start(actor: Actor, project_id: int, path: Path, asked: ImportRequest) -> int:
    """Have a worker import an uploaded file, which is moved away; return the job's id. Raises `TooManyAttempts`."""
    importing.require_importable(actor, project_id, asked)
    most = settings().max_upload_mb
    if path.stat().st_size > most * 1024**2:
        raise InvalidInput(f"The file is over {most} MB. Import it with `rondo samples import` on the machine itself.")
    open_file(path)  # what is no file of rows is refused now
    with reading() as db:
        file_jobs.refuse_too_many(db, actor, KIND, "imports")
    suffix = "".join(path.suffixes[-2:])
    spec: JSON = {"asked": asked.to_json(), "suffix": suffix}
    with ExitStack() as undone:
        if is_shared := shared_files.store() is not None:
            # Before the job is there for a worker, and while nobody waits for the database.
            place = export_places.folder() / f"samples-import-{uuid.uuid4().hex}{suffix}"
            undone.callback(_forget_file, place)
            shared_files.share(place, path)
            spec["file"] = place.name
        with session() as db:
            require(db, actor, project_id, Role.curator)
            file_jobs.refuse_too_many(db, actor, KIND, "imports")
            job_id = file_jobs.enqueue(db, actor, project_id, KIND, spec, stage=Stage.generate)
            if not is_shared:
                place = place_of(job_id, suffix)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, place)
            events.note(db, actor, "start import", asked.name, project_id=project_id, job_id=job_id)
        undone.pop_all()
    if is_shared:
        path.unlink(missing_ok=True)
    return job_id


def run(job_id: int, progress: JobProgress) -> Finish:
    """Check the file and write it; what it hands back ends that, in the transaction that ends the job."""
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
        actor = file_jobs.starter(db, job, "import", "Import the file again.")
    asked, path = ImportRequest(**job.spec["asked"]), place_of(job_id, job.spec["suffix"], job.spec.get("file", ""))
    if not shared_files.bring(path):
        raise NotFound("The uploaded file is not here any more. Import it again.")
    export_places.forget_old()
    base = settings().folder / "tmp"
    base.mkdir(parents=True, exist_ok=True)
    progress.start(0, "samples")
    _forget_folders(base, job_id)
    folder = base / f"{FOLDER}{job_id}-{progress.attempt}"
    folder.mkdir()
    with ExitStack() as undone:
        undone.callback(shutil.rmtree, folder, ignore_errors=True)
        helper = undone.enter_context(HelperProcess())
        staged = importing.stage(path, asked, folder, progress.advance, helper=helper)
        if asked.update and settings().url.startswith("sqlite") and staged.num_samples > MOST_UPDATED:
            raise InvalidInput(
                f"{asked.file} has {staged.num_samples:,} samples. On SQLite nobody else can save while they are "
                f"updated, so at most {MOST_UPDATED:,} are updated beside other work. Import the file with `rondo "
                "samples import` while nothing runs, in parts, or use PostgreSQL."
            )
        is_one_transaction = not round_import.is_in_parts(staged, asked)
        mine = ImportUnderWay(job.project_id, asked.file, actor.name)

        def tell(other: ImportUnderWay | None) -> None:
            progress.waits(import_lock.AWAITED, None if other is None else {"import": asdict(other)})

        undone.enter_context(unfinished.alone(mine, is_one_transaction=is_one_transaction, tell=tell))
        end = round_import.write(actor, job.project_id, staged, asked, helper, job_id)
        kept = undone.pop_all()  # until all is written

    def free_the_way(_db: Session, ended: SessionTransaction) -> None:
        if ended.parent is None:
            kept.close()

    def finish(db: Session) -> None:
        # Not before the transaction has ended, whichever way: what is to be deleted then must not be locked.
        event.listen(db, "after_transaction_end", free_the_way)
        imported_round = end(db)
        # Once that is committed, nobody needs the file again; a failed import may be tried again with it.
        event.listen(db, "after_commit", lambda _: _forget_file(path), once=True)
        row = db.get_one(tables.Job, job_id)
        row.spec = row.spec | {
            "result": {field.name: getattr(imported_round, field.name) for field in fields(imported_round)}
        }
        row.total = row.done

    return finish


def _forget_file(path: Path) -> None:
    path.unlink(missing_ok=True)
    with suppress(RondoError):  # it goes after a week
        shared_files.forget(path)


def _forget_folders(base: Path, job_id: int) -> None:
    """Delete what killed and cancelled imports left there, and attempts of this one before."""
    named = ((path, path.name[len(FOLDER) :].partition("-")[0]) for path in base.glob(f"{FOLDER}*-*"))
    owned = [(int(number), path) for path, number in named if number.isdecimal()]
    with reading() as db:
        job = tables.Job
        active = {
            *db.scalars(select(job.id).where(job.id.in_({number for number, _ in owned}), job.status.in_(jobs.ACTIVE)))
        } - {job_id}
    for owner, path in owned:
        if owner not in active:
            shutil.rmtree(path, ignore_errors=True)


def get(actor: Actor, job_id: int) -> SampleImport:
    """An import, for those who may import."""
    with reading() as db:
        job = db.get(tables.Job, job_id)
        if job is None or job.spec.get("kind") != KIND:
            raise NotFound(f"There is no import {job_id}. Start it again.")
        require(db, actor, job.project_id, Role.curator)
        result = job.spec.get("result")
        return SampleImport(
            job.id,
            job.project_id,
            job.spec["asked"]["name"],
            job.status,
            job.done,
            job.error,
            None if result is None else ImportedRound(**result),
        )


def place_of(job_id: int, suffix: str, file: str = "") -> Path:
    """Where the file of a job lies: with those of exports, which go with their project, or after a week.

    file: its name, where it was shared before the job had a number.
    """
    return export_places.folder() / (file or f"samples-{job_id}.import{suffix}")
