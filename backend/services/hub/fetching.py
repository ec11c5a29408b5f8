"""A dataset of the hub as a file of the imports folder: asked for here, fetched by a worker, then imported."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary, jobs, shared_files
from backend.config import bare_environment, settings
from backend.db import reading, session, tables
from backend.errors import Conflict, EngineError, InvalidInput, MissingPrerequisite, NotFound
from backend.jobs import JobProgress
from backend.pipeline.stage import Finish
from backend.services import events, file_jobs
from backend.services.access import Actor, require, require_row
from backend.translations import N_
from backend.values import JSON, JobStatus, Role

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
WORD = re.compile(r"[\w./+=:-]{0,100}")
"""A configuration, a split or a revision."""
FETCH = "fetch"
"""The kind of its jobs. `stage_process` has its own copy, so that it starts without importing this module."""
MOST_ROWS, LONGEST_REASON, LONGEST_NAME = 1_000_000, 600, 120
FOLDER = "hub"
"""Below the imports folder."""
OFFLINE = N_(
    "This installation asks no hub (RONDO_HF_OFFLINE is true). Set it to false where the pages and the worker run, or "
    "download the dataset elsewhere and import its file."
)
PART = "exports/.part-fetch-"
"""What is half written, before the job's id. Nothing there is offered for import."""


@dataclass(frozen=True)
class HubDataset:
    """A split of a dataset of the hub, as it is asked for. Empty: the default configuration, and the newest revision.

    num_rows: how many of its first rows are taken at most.
    """

    name: str
    config: str = ""
    split: str = "train"
    revision: str = ""
    num_rows: int = 100_000

    def file_of(self, job_id: int) -> str:
        """What the file that a job fetches is called, below the imports folder."""
        words = [self.name, self.config, self.split, self.revision]
        asked = re.sub(r"[^A-Za-z0-9.-]+", "_", "--".join(filter(None, words)))[:LONGEST_NAME]
        return f"{FOLDER}/{job_id}-{asked}.jsonl"


@dataclass(frozen=True)
class Fetch:
    """A dataset that is fetched, and how far that is. `file`: below the imports folder, once it is there.

    is_cut: the split has more rows than were asked for. commit: that the revision stood for.
    """

    job_id: int
    dataset: HubDataset
    status: JobStatus
    num_rows: int
    is_cut: bool
    commit: str | None
    file: str | None
    error: str | None

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE


def start(actor: Actor, project_id: int, wanted: HubDataset) -> int:
    """Have a worker fetch a split; return the job's id.

    Raises `InvalidInput` for what is no name on the hub, `MissingPrerequisite` where the hub may not be asked, and
    `Conflict` while the same is fetched.
    """
    with reading() as db:
        require(db, actor, project_id, Role.curator)
    check(wanted)
    refuse_offline()
    with session() as db:
        require(db, actor, project_id, Role.curator)
        refuse_twice(db, project_id, wanted)
        spec: JSON = {"asked": vars(wanted), "hub": settings().hub_address}
        job_id = file_jobs.enqueue(db, actor, project_id, FETCH, spec)
        what: JSON = {"job_id": job_id, "hub": spec["hub"], "split": wanted.split, "revision": wanted.revision}
        events.note(db, actor, "fetch dataset", wanted.name, project_id=project_id, **what)
        return job_id


def refuse_twice(db: Session, project_id: int, wanted: HubDataset) -> None:
    """Raise `Conflict` while a job of the project fetches the same."""
    job = tables.Job
    query = select(job.id, job.spec).where(job.project_id == project_id, job.status.in_(jobs.ACTIVE))
    for job_id, spec in db.execute(query.where(job.spec["kind"].as_string() == FETCH)):
        if HubDataset(**spec["asked"]) == wanted:
            raise Conflict(f"Job {job_id} fetches the same already. Wait for its end, or cancel it.")


def check(wanted: HubDataset) -> None:
    """Raise `InvalidInput` for names that no dataset, configuration, split or revision has."""
    if not wanted.name:
        raise InvalidInput("Give the name of a dataset on the hub, as `owner/name`.")
    if not NAME.fullmatch(wanted.name) or ".." in wanted.name or "--" in wanted.name:
        raise InvalidInput(f"{wanted.name[:100]!r} is no name of a dataset on the hub. Write it as `owner/name`.")
    if not wanted.split:
        raise InvalidInput("split is empty. Name one, such as train.")
    for what in ("config", "split", "revision"):
        if not WORD.fullmatch(value := getattr(wanted, what)) or ".." in value or value.startswith("-"):
            raise InvalidInput(f"{what}: {value[:100]!r} is none. Use letters, digits and the signs . _ - /")
    boundary.whole(wanted.num_rows, "Number of rows", least=1, most=MOST_ROWS)


def refuse_offline() -> None:
    """Raise `MissingPrerequisite` where this installation never asks the hub."""
    if is_offline():
        raise MissingPrerequisite(OFFLINE)


def is_offline() -> bool:
    """Whether this installation never asks the hub."""
    return settings().hf_offline


def get(actor: Actor, job_id: int) -> Fetch:
    """A dataset that was asked for; raises `NotFound`."""
    missing = f"There is no dataset {job_id} that is fetched here. Ask for it again."
    with reading() as db:
        job = require_row(db, actor, db.get(tables.Job, job_id), Role.curator, missing)
        if job.spec.get("kind") != FETCH:
            raise NotFound(missing)
        return _view(job)


def file_of(actor: Actor, job_id: int) -> tuple[int, Path]:
    """The project that it was asked for, and the file; raises `Conflict` while it is fetched, `NotFound`."""
    view = get(actor, job_id)
    if not view.is_over:
        raise Conflict(f"{view.dataset.name} is not fetched yet. Ask again when the status of job {job_id} is done.")
    if view.file is None:
        raise NotFound(f"The file of job {job_id} is not here: {view.error or 'it was deleted'}. Fetch it again.")
    with reading() as db:
        project_id = db.get_one(tables.Job, job_id).project_id
    place = settings().folder / "imports" / view.file
    if not shared_files.bring(place):
        raise NotFound(f"The file of job {job_id} is not here: it was deleted. Fetch it again.")
    return project_id, place


def run(job_id: int, progress: JobProgress) -> Finish:
    """Write the file, whole or not at all. A restarted job fetches it again."""
    with reading() as db:
        spec = db.get_one(tables.Job, job_id).spec
    refuse_offline()
    wanted = HubDataset(**spec["asked"])
    file = wanted.file_of(job_id)
    final = settings().folder / "imports" / file
    final.parent.mkdir(parents=True, exist_ok=True)
    part = settings().folder / f"{PART}{job_id}"
    progress.start(wanted.num_rows, "rows")
    shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
    part.mkdir(parents=True)
    try:
        written = part / "rows.jsonl"
        result = _read(wanted, spec["hub"], part, written, progress)
        if not result["num_rows"]:
            raise InvalidInput(f"The split {wanted.split} of {wanted.name} holds no rows. Choose another one.")
        written.replace(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    shared_files.share(final, anew=True)

    def finish(db: Session) -> None:
        job = db.get_one(tables.Job, job_id)
        job.done = job.total = result["num_rows"]
        job.spec = job.spec | {"result": result | {"file": file}}

    return finish


def _read(wanted: HubDataset, hub: str, folder: Path, file: Path, progress: JobProgress) -> JSON:
    """Let a process of its own read the rows, in an empty folder: a name on the hub is then no folder here."""
    place, errors = folder / "empty", folder / "errors"
    place.mkdir()
    words = [wanted.name, wanted.config, wanted.split, wanted.revision, str(file), str(wanted.num_rows)]
    command = [sys.executable, "-m", "backend.engines._hub_rows", *words]
    last, done = "", 0
    with errors.open("w") as output, _started(command, place, hub, folder, output) as process:
        for line in process.stdout or ():
            last = line.strip() or last
            if last.isdecimal():
                progress.advance(int(last) - done)
                done = int(last)
    if process.returncode == 0:
        result: JSON = json.loads(last)
        return result
    lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    # The last line of a traceback: the error's kind, and what the library says of it.
    why = lines[-1].partition(": ")[2] if lines else ""
    reason = boundary.clean(why)[:LONGEST_REASON] or f"Its reader ended with exit code {process.returncode}."
    raise EngineError(
        f"{wanted.name} could not be read from {hub}. {reason} Check name, configuration, split and revision, and "
        "whether the dataset is public."
    )


@contextmanager
def _started(
    command: list[str], place: Path, hub: str, folder: Path, errors: IO[str]
) -> Iterator[subprocess.Popen[str]]:
    root = str(Path(__file__).parents[3])
    caches = {"HF_HOME": str(folder / "cache"), "HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1"}
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    env = bare_environment() | caches | quiet | {"PYTHONPATH": root}
    with subprocess.Popen(
        command, cwd=place, env=env, stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace"
    ) as process:
        is_read = False
        try:
            yield process
            is_read = True
        finally:
            if not is_read:
                process.kill()  # whoever reads was cancelled, or failed


def _view(job: tables.Job) -> Fetch:
    result = job.spec.get("result", {})
    file = result.get("file")
    place = settings().folder / "imports" / file if file is not None else None
    is_there = place is not None and (place.is_file() or shared_files.may_have(place))
    return Fetch(
        job.id,
        HubDataset(**job.spec["asked"]),
        job.status,
        result.get("num_rows", job.done),
        result.get("is_cut", False),
        result.get("commit"),
        file if is_there else None,
        job.error,
    )
