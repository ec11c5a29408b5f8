"""What a training is about to do: looked at in a job of its own, or noted on a training's job before its first step."""

import json
import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.config import settings
from backend.db import reading, tables
from backend.engines._wrapper import innermost
from backend.errors import Cancelled, NotFound, TrainerError
from backend.jobs import ACTIVE
from backend.jobs.child import run_grandchild
from backend.jobs.logs import log_path
from backend.jobs.progress import JobProgress
from backend.pipeline import frozen
from backend.pipeline.bind import checkpoint_row, engine_json
from backend.pipeline.stage import Finish, StageContext
from backend.registry import import_all
from backend.trainers import Trainer, TrainSpec
from backend.trainers._preflight import FILE
from backend.values import JSON

log = logging.getLogger("rondo.pipeline")

FOLDERS = "preflights"
"""Below the data folder: a folder for each look that goes on."""
KIND = "preflight"
"""The kind of a job outside rounds that looks at a training, and where a report stands on any job."""


def run(job_id: int, progress: JobProgress) -> Finish:
    """Do all of a training that comes before its first step, in a process of its own, and keep what it found."""
    with reading() as db:
        spec = db.get_one(tables.Job, job_id).spec
        dataset = db.get(tables.Dataset, spec["dataset_id"])
    if dataset is None:
        raise NotFound(f"Dataset {spec['dataset_id']} is gone: its round was deleted. Choose another one.")
    progress.start(1, "looks")
    report = look(job_id, dataset, spec)
    progress.advance(1)

    def finish(db: Session) -> None:
        job = db.get_one(tables.Job, job_id)
        job.spec = job.spec | {KIND: report}

    return finish


def look(job_id: int, dataset: tables.Dataset, asked: JSON) -> JSON:
    """Return what a training of this dataset would be about to do; raises `TrainerError` with its own words.

    asked: the trainer, the ids `policy_id` and `reference_id` of its checkpoints, and the seed.
    """
    with _folder(job_id) as folder:
        frozen.write(dataset, folder)
        (folder / "spec.json").write_text(json.dumps(_spec(asked, dataset, folder).to_json()), encoding="utf-8")
        log = log_path(job_id)
        log.parent.mkdir(parents=True, exist_ok=True)
        start = log.stat().st_size if log.exists() else 0
        try:
            run_grandchild(
                [sys.executable, "-m", "backend.trainers", str(folder / "spec.json"), "--preflight"], log=log
            )
        except TrainerError as error:
            raise TrainerError(frozen.own_words(log, start) or error.message) from error
        return read(folder, dataset)


@contextmanager
def _folder(job_id: int) -> Iterator[Path]:
    """An empty folder of the job, removed at the end. A job that is cancelled is killed and leaves its folder, which
    the next look removes."""
    top = settings().folder / FOLDERS
    top.mkdir(parents=True, exist_ok=True)
    left = {int(path.name): path for path in top.iterdir() if path.name.isdecimal()}
    job = tables.Job
    with reading() as db:
        others = job.id.in_(left), job.id != job_id, job.status.in_(ACTIVE)
        active = set(db.scalars(select(job.id).where(*others)))
    for id_ in left.keys() - active:
        shutil.rmtree(left[id_], ignore_errors=True)
    folder = top / str(job_id)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Noting:
    """Puts a training's report on its job once it is written; raises nothing but `Cancelled`."""

    def __init__(self, stage: StageContext, folder: Path, dataset: tables.Dataset | None) -> None:
        self.stage, self.folder, self.dataset, self.is_noted = stage, folder, dataset, False
        # What an attempt before this one left is written anew, by the knobs and libraries of now.
        (folder / FILE).unlink(missing_ok=True)

    def __call__(self) -> None:
        if self.is_noted or not (self.folder / FILE).exists():
            return
        self.is_noted = True
        try:
            report = read(self.folder, self.dataset)
            with self.stage.writing() as db:
                job = db.get_one(tables.Job, self.stage.job_id)
                job.spec = job.spec | {KIND: report}
        except Cancelled:
            raise
        except Exception:  # a training does not end for what is said of it
            log.exception("the pre-flight of job %s is not noted", self.stage.job_id)


def read(folder: Path, dataset: tables.Dataset | None = None) -> JSON:
    """The report that a training left, every text in it one that a database keeps. Its script reads the dataset by the
    name of its export."""
    report: JSON = json.loads((folder / FILE).read_text(encoding="utf-8"))
    for row in report["first"]:
        for text in row:
            text["parts"] = [part | {"text": clean(part["text"])} for part in text["parts"]]
    if dataset is not None and report.get("script"):
        exported = f"{frozen.export_stem(dataset.id, dataset.type)}.jsonl"
        report["script"] = report["script"].replace("dataset.jsonl", exported)
    return report


def _spec(asked: JSON, dataset: tables.Dataset, folder: Path) -> TrainSpec:
    import_all()
    trainer: Trainer = Trainer.load(asked["trainer"])
    policy, reference = (innermost(engine_json(checkpoint_row(asked[name]))) for name in ("policy_id", "reference_id"))
    return TrainSpec(
        trainer=trainer.known(),
        dataset=str(folder / "dataset.jsonl"),
        dataset_type=dataset.type,
        policy=policy.get("adapter") or policy["model"],
        reference=reference.get("adapter") or reference.get("model"),
        output_dir=str(folder),
        seed=int(asked["seed"]),
    )
