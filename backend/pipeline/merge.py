"""Merge an adapter into the model below it: a job that leaves a full checkpoint, whole or not at all."""

import hashlib
import json
import re
import shutil
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import shared_files
from backend.config import settings
from backend.db import now, reading, tables
from backend.engines import _merging, _weights
from backend.engines._wrapper import innermost
from backend.errors import MissingPrerequisite, NotFound
from backend.jobs import ACTIVE
from backend.jobs.progress import JobProgress
from backend.pipeline import model_check
from backend.pipeline.bind import checkpoint_row, engine_json
from backend.pipeline.provenance import library_version
from backend.pipeline.stage import Finish
from backend.pipeline.train import FOLDER
from backend.trainers._folders import sync, sync_one
from backend.values import JSON, SCORER, JobStatus

KIND = "merge"
"""The kind of a job outside rounds that merges an adapter, and what is noted of it in the new checkpoint's details."""
PART = ".part-merged-"
"""How the name of a folder begins that is being written; the job's id follows. No backup takes it."""
OF_JOB = re.compile(r"merged-(\d{1,18})-.*", re.ASCII)
RECORD = "merge.json"
LIBRARIES = ("rondo", "torch", "transformers", "peft", "safetensors")
LONGEST_NAME = 120


def run(job_id: int, progress: JobProgress) -> Finish:
    """Write the merged weights, and the checkpoint that they are."""
    with reading() as db:
        spec = db.get_one(tables.Job, job_id).spec
    source = checkpoint_row(spec["checkpoint_id"])
    engine, data = innermost(source.engine), innermost(engine_json(source))
    final = settings().folder / _folder(job_id, engine)
    progress.start(2, "steps")
    record = _record(source, engine)
    part = _part_for(job_id, final)
    with ExitStack() as undone:
        undone.callback(shutil.rmtree, part, ignore_errors=True)
        _refuse_full_disk(engine["model"])
        _merging.write(data["model"], data["adapter"], part, is_scorer=source.kind == SCORER)
        progress.advance(1)
        (part / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
        _weights.check(str(part))
        checks = model_check.stored(model_check.of_engine({"model": str(part)}))
        sync(part)
        shared_files.share(final, part)
        undone.pop_all()
    location = str(final.relative_to(settings().folder))
    served = {name: value for name, value in engine.items() if name != "adapter"} | {"model": location}
    progress.advance(1)

    def finish(db: Session) -> None:
        if db.get(tables.Checkpoint, source.id) is None:
            shutil.rmtree(part, ignore_errors=True)
            raise NotFound(f"The checkpoint {source.name} was deleted while it was merged. There is nothing to keep.")
        checkpoint = tables.Checkpoint(
            project_id=source.project_id,
            name=free_name(db, source.project_id, spec["name"]),
            kind=SCORER if source.kind == SCORER else "full",
            role=source.role,
            location=location,
            engine=served,
            parent_id=source.id,
            details={KIND: record | {"job_id": job_id}} | checks,
        )
        db.add(checkpoint)
        db.flush()
        job = db.get_one(tables.Job, job_id)
        job.spec = job.spec | {"merged_id": checkpoint.id, "name": checkpoint.name}
        if final.exists():  # an attempt before this one got so far and no further
            shutil.rmtree(final)
        part.rename(final)
        sync_one(final.parent)

    return finish


def free_name(db: Session, project_id: int, wanted: str) -> str:
    """The name, with a number behind it where a checkpoint of the project has it already."""
    checkpoint = tables.Checkpoint
    taken = set(db.scalars(select(checkpoint.name).where(checkpoint.project_id == project_id)))
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted[: LONGEST_NAME - len(f'-{number}')]}-{number}"
    return name


def _folder(job_id: int, engine: JSON) -> Path:
    """Below the data folder. What is merged is in its name: after a restore a job of the same id may be another."""
    key = json.dumps([job_id, engine["model"], engine["adapter"]])
    return FOLDER / f"merged-{job_id}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _record(source: tables.Checkpoint, engine: JSON) -> JSON:
    """What the new checkpoint is made of."""
    adapter = Path(_weights.locate(engine["adapter"]))
    weights = adapter / "adapter_model.safetensors"
    return {
        "checkpoint_id": source.id,
        "checkpoint": source.name,
        "base": engine["model"],
        "adapter": engine["adapter"],
        "adapter_hash": _hash(weights) if weights.is_file() else "",
        "at": f"{now():%Y-%m-%d %H:%M} UTC",
        "libraries": {name: library_version(name) for name in LIBRARIES},
    }


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _part_for(job_id: int, final: Path) -> Path:
    """An empty folder beside the final one. What merges left that did not end well goes."""
    top = final.parent
    top.mkdir(parents=True, exist_ok=True)
    left = {path: path.name.removeprefix(PART) for path in top.glob(f"{PART}*")}
    whole = {path: int(match[1]) for path in top.glob("merged-*") if (match := OF_JOB.fullmatch(path.name))}
    job, checkpoint = tables.Job, tables.Checkpoint
    named = select(checkpoint.location, checkpoint.engine)
    with reading() as db:
        at_work = set(db.scalars(select(job.id).where(job.status.in_(ACTIVE), job.id != job_id)))
        is_ended_badly = (job.status.in_((JobStatus.failed, JobStatus.cancelled)), job.spec["kind"].as_string() == KIND)
        ended_badly = set(db.scalars(select(job.id).where(*is_ended_badly)))
        words = [f"{location} {json.dumps(data)}" for location, data in db.execute(named)] if whole else []
    for path, number in left.items():
        if not number.isdecimal() or int(number) not in at_work:
            shutil.rmtree(path, ignore_errors=True)
    for path, job_of in whole.items():
        # The folder of a checkpoint that somebody forgot stays: its job is done.
        if job_of in ended_badly and not any(path.name in argument for argument in words):
            shutil.rmtree(path, ignore_errors=True)
    part = top / f"{PART}{job_id}"
    part.mkdir()
    return part


def _refuse_full_disk(model: str) -> None:
    """Half a model is of no use, and a full disk harms what else runs."""
    needed, free = _merging.bytes_of(model), shutil.disk_usage(settings().folder).free
    if needed > free:
        raise MissingPrerequisite(
            f"The merged weights take about {needed / 1e9:,.1f} GB, and the disk of the data folder has "
            f"{free / 1e9:,.1f} GB left. Free some space, then retry the job."
        )
