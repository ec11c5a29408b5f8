"""What is wrong with an installation, in plain words: each thing with what to do about it."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import make_url, select
from sqlalchemy.exc import SQLAlchemyError

from backend import sandbox, shared_files
from backend.config import settings
from backend.db import address, now, reading, tables
from backend.engines._model_check import CheckLevel, Line
from backend.engines.openai import OpenAI
from backend.errors import Conflict, RondoError
from backend.services import installation
from backend.services.operations import archives, clean_up, figures
from backend.values import JobStatus, WorkerOrder

MINIMUM, NEXT = (3, 11), (3, 14)
LITTLE_SPACE, NO_SPACE = 5 * 1024**3, 1024**3
ENDPOINT_SECONDS = 5.0
SILENT_JOB = timedelta(minutes=10)
"""A job that runs writes its progress more often than this; a training of large batches may not."""
LONG_WAIT = timedelta(minutes=5)
OLD_BACKUP = timedelta(days=7)

SIGNS = {CheckLevel.passed: "ok", CheckLevel.warn: "look", CheckLevel.fail: "mend", CheckLevel.absent: "-"}
"""What a person reads before each line."""


def is_well(lines: list[Line]) -> bool:
    """Whether nothing has to be mended."""
    return all(line.outcome is not CheckLevel.fail for line in lines)


def examine() -> list[Line]:
    """Look at everything. Nothing is changed, and nothing but endpoints and shared files is asked over the network."""
    lines = [*_python(), *_folder(), *_shared_files(), *_programs()]
    database = list(_database())
    lines += database
    if all(line.outcome is not CheckLevel.fail for line in database):
        for look in (_owner, _workers, _jobs, _endpoints, _leftovers):
            lines += _carefully(look)
    return [*lines, *_backups()]


def _carefully(look: Callable[[], Iterator[Line]]) -> list[Line]:
    try:
        return list(look())
    except SQLAlchemyError as error:
        return [Line("database", CheckLevel.fail, f"The database does not answer any more ({type(error).__name__}).")]


def _python() -> Iterator[Line]:
    running = ".".join(map(str, sys.version_info[:3]))
    if MINIMUM <= sys.version_info[:2] < NEXT:
        yield Line("python", CheckLevel.passed, f"Python {running}.")
    else:
        yield Line(
            "python", CheckLevel.fail, f"This is Python {running}; Rondo is made for 3.11 to 3.13. Install one of them."
        )
    file = Path(__file__).parents[3] / "constraints.txt"
    if not file.is_file():
        yield Line("libraries", CheckLevel.absent, "constraints.txt is not at hand, so versions are not compared.")
        return
    others = []
    for line in file.read_text(encoding="utf-8").splitlines():
        name, _, wanted = line.partition("==")
        if not wanted or line.startswith("#"):
            continue
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of an extra that is not installed
        if version.partition("+")[0] != wanted.strip():
            others.append(f"{name} {version} (tested: {wanted.strip()})")
    if others:
        named = ", ".join(others[:5])
        problem = f"{len(others)} are not what was tested together: {named}. Install with -c constraints.txt."
        yield Line("libraries", CheckLevel.warn, problem)
    else:
        yield Line("libraries", CheckLevel.passed, "All have the versions that were tested together.")


def _folder() -> Iterator[Line]:
    folder = settings().folder
    if not folder.is_dir():
        problem = f"{folder} does not exist yet. `rondo up` makes it; or set RONDO_DATA_DIR to the one you mean."
        yield Line("data folder", CheckLevel.fail, problem)
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Line(
            "data folder", CheckLevel.fail, f"{folder} cannot be written by this account. Give it to the account."
        )
    elif folder.stat().st_mode & (0o007 if settings().group_access else 0o077):
        problem = f"{folder} can be read by other accounts. The next start of Rondo closes it, or: chmod go= {folder}"
        yield Line("data folder", CheckLevel.warn, problem)
    else:
        yield Line("data folder", CheckLevel.passed, f"{folder} is Rondo's own.")
    free = shutil.disk_usage(folder).free
    problem = f"{free / 1024**3:,.1f} GB are free where the data folder lies."
    if free < NO_SPACE:
        yield Line("disk", CheckLevel.fail, f"{problem} Make room: a checkpoint that does not fit fails its training.")
    elif free < LITTLE_SPACE:
        yield Line("disk", CheckLevel.warn, f"{problem} Make room before the next training.")
    else:
        yield Line("disk", CheckLevel.passed, problem)


def _shared_files() -> Iterator[Line]:
    """Whether a file can be written, read and deleted where files are shared."""
    try:
        files = shared_files.store()
        if files is None:
            text = "RONDO_FILES_URL is not set: workers on other machines need this data folder."
            yield Line("shared files", CheckLevel.absent, text)
            return
        seconds = files.check()
    except RondoError as error:
        yield Line("shared files", CheckLevel.fail, error.message)
        return
    text = f"A file was written, read and deleted at {files.url} within {seconds:.2f} seconds."
    yield Line("shared files", CheckLevel.passed, text)


def _owner() -> Iterator[Line]:
    """Whether the shared files are this database's. Whether their address answers was looked at before."""
    try:
        installation.require_own_files()
    except Conflict as error:
        yield Line("shared files", CheckLevel.fail, error.message)
    except RondoError:
        return


def _programs() -> Iterator[Line]:
    try:
        sandbox.check()
        yield Line("bubblewrap", CheckLevel.passed, "Programs that a model wrote can run here, in a sandbox.")
    except RondoError as error:
        yield Line("bubblewrap", CheckLevel.absent, f"{error.message} Only recipes that run programs need it.")
    for name, use in (("torch", "Local models cannot run or be trained: pip install 'rondo[local]'."), ("vllm", "")):
        if importlib.util.find_spec(name) is None:
            yield Line(
                name, CheckLevel.absent, f"Not installed. {use or 'Only a vLLM server on this machine needs it.'}"
            )
        else:
            yield Line(name, CheckLevel.passed, f"{importlib.metadata.version(name)} is installed.")
    yield _gpu()


def _gpu() -> Line:
    program = shutil.which("nvidia-smi")
    if program is None:
        return Line("gpu", CheckLevel.absent, "No NVIDIA driver (nvidia-smi) here: models run on the CPU.")
    line = [program, "--query-gpu=name,memory.total,memory.used", "--format=csv,noheader"]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Line("gpu", CheckLevel.warn, f"nvidia-smi gave no answer ({type(error).__name__}). Look at the driver.")
    if done.returncode or not done.stdout.strip():
        reply = (done.stderr or done.stdout).strip()[-200:] or "it said nothing"
        return Line("gpu", CheckLevel.warn, f"nvidia-smi found no GPU: {reply}. Look at the driver.")
    return Line("gpu", CheckLevel.passed, "; ".join(done.stdout.strip().splitlines()) + " (name, memory, used).")


def _database() -> Iterator[Line]:
    url = make_url(settings().url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        problem = f"There is no database at {url.database} yet. Start Rondo once: rondo up."
        yield Line("database", CheckLevel.fail, problem)
        return
    started = time.monotonic()
    try:
        is_current, is_empty = installation.is_current(), installation.is_empty()
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        problem = f"{address()} does not answer: {reason}. Start it, or correct RONDO_DATABASE_URL."
        yield Line("database", CheckLevel.fail, problem)
        return
    yield Line("database", CheckLevel.passed, f"{address()} answers within {time.monotonic() - started:.2f} seconds.")
    if is_current:
        yield Line("schema", CheckLevel.passed, "It is that of this version.")
    else:
        problem = "It is not that of this version of Rondo. Back up, then: rondo db upgrade."
        if is_empty:
            problem = "The database is empty. The next start of Rondo fills it, or: rondo db upgrade."
        yield Line("schema", CheckLevel.fail, problem)


def _workers() -> Iterator[Line]:
    with reading() as db:
        alive = list(figures.alive(db))
        queued = set(db.scalars(select(tables.Job.queue).where(tables.Job.status == JobStatus.queued).distinct()))
    rests = [row for row in alive if row.told is not WorkerOrder.work]
    served = {queue for row in alive if row not in rests for queue in row.queues.split(",")}
    for queue in sorted(queued - served):
        problem = (
            f"Jobs wait in the queue {queue}, and no worker takes from it. Start one: rondo worker --queues {queue}"
        )
        if could := [row.id for row in rests if queue in row.queues.split(",")]:
            problem = f"{problem}. Or let one work again that was told to rest: rondo workers resume {could[0]}"
        yield Line("workers", CheckLevel.fail, problem)
    if alive:
        named = ", ".join(f"{row.id} on {row.host} ({row.queues})" for row in alive)
        yield Line("workers", CheckLevel.passed, f"{len(alive)} alive: {named}.")
        if rests:
            yield Line("workers", CheckLevel.warn, f"Told to take no new work: {', '.join(row.id for row in rests)}.")
    elif not queued:
        text = "None is alive, and no job waits. `rondo up` or `rondo worker` starts one."
        yield Line("workers", CheckLevel.absent, text)


def _jobs() -> Iterator[Line]:
    job = tables.Job
    with reading() as db:
        alive = {row.id for row in figures.alive(db)}
        running = list(db.scalars(select(job).where(job.status == JobStatus.running)))
        oldest = select(job.id).where(job.status == JobStatus.queued, job.created_at < now() - LONG_WAIT)
        waiting = list(db.scalars(oldest.order_by(job.id)))
    stuck = [problem for row in running if (problem := _stuck(row, alive))]
    if waiting:
        minutes = LONG_WAIT.seconds // 60
        problem = f"{len(waiting)} have waited for over {minutes} minutes, the first is job {waiting[0]}."
        stuck.append(f"{problem} Start more workers.")
    for problem in stuck:
        yield Line("jobs", CheckLevel.warn, problem)
    if not stuck:
        yield Line("jobs", CheckLevel.passed, f"{len(running)} run, none is stuck.")


def _stuck(job: tables.Job, alive: set[str]) -> str:
    """Why a running job does not get on; empty where it does."""
    if job.executor_id not in alive:
        problem = f"Job {job.id} ({job.stage}) belongs to {job.executor_id}, which does not answer."
        return f"{problem} Another worker takes it over within half a minute, where one runs."
    if job.updated_at is not None and job.updated_at < now() - SILENT_JOB:
        problem = f"Job {job.id} ({job.stage}) has said nothing for {_ago(job.updated_at)}."
        return f"{problem} Look at its log on the page Jobs."
    return ""


def _endpoints() -> Iterator[Line]:
    with reading() as db:
        engines = list(db.scalars(select(tables.Checkpoint.engine)))
    known = {engine["base_url"]: engine for engine in engines if engine.get("name") == "openai"}
    for base_url, stored in sorted(known.items()):
        given = {name: value for name, value in stored.items() if name != "name"}
        try:
            with OpenAI(**given | {"timeout": ENDPOINT_SECONDS, "max_retries": 0}) as engine:
                engine.listing()
            yield Line("endpoint", CheckLevel.passed, f"{base_url} answers.")
        except (RondoError, ValueError) as error:
            yield Line("endpoint", CheckLevel.fail, f"{base_url}: {error}")


def _leftovers() -> Iterator[Line]:
    try:
        leftovers = clean_up.look()
    except RondoError as error:
        yield Line("leftovers", CheckLevel.warn, error.message)
        return
    if not leftovers:
        yield Line("leftovers", CheckLevel.passed, "All files of trainings and jobs belong to something.")
        return
    size = sum(leftover.num_bytes for leftover in leftovers) / 1024**2
    summary = (
        f"{len(leftovers)} files and folders ({size:,.1f} MB) are referred to by nothing. `rondo clean-up` lists them."
    )
    yield Line("leftovers", CheckLevel.warn, summary)


def _backups() -> Iterator[Line]:
    newest = archives.newest()
    if newest is None:
        yield Line("backups", CheckLevel.warn, "There is none in the data folder. Make one: rondo db backup.")
        return
    written_at = newest.stat().st_mtime
    age = f"The newest in the data folder is {newest.name}, {_hours(time.time() - written_at)} old."
    is_old = time.time() - written_at > OLD_BACKUP.total_seconds()
    yield Line("backups", CheckLevel.warn if is_old else CheckLevel.passed, age + (" Make another." if is_old else ""))


def _ago(then: datetime) -> str:
    return _hours((now() - then).total_seconds())


def _hours(seconds: float) -> str:
    for unit, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
