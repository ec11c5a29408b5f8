"""Write a checkpoint as a GGUF file: a job that leaves the file, whole or not at all."""

import hashlib
import shutil
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from sqlalchemy.orm import Session

from backend import shared_files
from backend.config import settings
from backend.db import now, reading, tables
from backend.engines import _gguf, _merging, _weights
from backend.engines._wrapper import innermost
from backend.errors import MissingPrerequisite
from backend.jobs.progress import JobProgress
from backend.pipeline.bind import checkpoint_row, engine_json
from backend.pipeline.provenance import library_version
from backend.pipeline.stage import Finish
from backend.values import JSON

KIND = "gguf"
"""The kind of a job outside rounds that writes a checkpoint as a GGUF file."""
FOLDER, KEPT_DAYS = "exports", 7
LIBRARIES = ("rondo", "gguf", "transformers", "peft")


def path_of(job_id: int) -> Path:
    """Where the file of a job lies."""
    return settings().folder / FOLDER / f"gguf-{job_id}.gguf"


def run(job_id: int, progress: JobProgress) -> Finish:
    """Merge an adapter, and write the file. Begun again, all is done anew."""
    with reading() as db:
        spec = db.get_one(tables.Job, job_id).spec
    source = checkpoint_row(spec["checkpoint_id"])
    data = innermost(engine_json(source))
    adapter = data.get("adapter")
    progress.start(1 + bool(adapter), "steps")
    final = path_of(job_id)
    forget_old()
    work = final.with_name(f".part-gguf-{job_id}")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with ExitStack() as undone:
        undone.callback(shutil.rmtree, work, ignore_errors=True)
        _refuse_full_disk(data["model"], spec["outtype"], is_merged=bool(adapter))
        located = _weights.locate(data["model"])
        if adapter:
            whole = work / "merged"
            whole.mkdir()
            _merging.write(data["model"], adapter, whole, is_scorer=False)
            located = str(whole)
            progress.advance(1)
        written = work / final.name
        _gguf.write(located, written, spec["outtype"], source.name)
        result: JSON = {
            "num_bytes": written.stat().st_size,
            "sha256": _hash(written),
            "by": _gguf.exporter(),
            "at": f"{now():%Y-%m-%d %H:%M} UTC",
            "libraries": {name: library_version(name) for name in LIBRARIES},
        }
        written.replace(final)
        result["is_shared"] = shared_files.share(final, anew=True) > 0
    progress.advance(1)

    def finish(db: Session) -> None:
        job = db.get_one(tables.Job, job_id)
        job.spec = job.spec | {"result": result}

    return finish


def forget_old() -> None:
    """Delete files that are older than `KEPT_DAYS`; each can be written again."""
    for path in (settings().folder / FOLDER).glob("gguf-*.gguf"):
        with suppress(OSError):  # another process was quicker, or it is another account's
            if path.stat().st_mtime < time.time() - KEPT_DAYS * 86_400:
                path.unlink()


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _refuse_full_disk(model: str, outtype: str, *, is_merged: bool) -> None:
    # Weights are stored in 16 bits most of the time, and a file in 32 takes twice that.
    times = (2 if outtype == "f32" else 1) + is_merged
    needed, free = times * _merging.bytes_of(model), shutil.disk_usage(settings().folder).free
    if needed > free:
        raise MissingPrerequisite(
            f"A GGUF file of this model takes up to {needed / 1e9:,.1f} GB while it is written, and the disk of the "
            f"data folder has {free / 1e9:,.1f} GB left. Free some space, then retry the job."
        )
