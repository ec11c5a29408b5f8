"""Workers that are killed again and again, and a PostgreSQL that is restarted once: equal rows, and how soon work moves.

Rounds are made one after the other by all workers on PostgreSQL, with an endpoint that takes 50 ms. Every few seconds a
worker is killed by SIGKILL, one that has work where there is one; it is started again under its name once all that it had
has moved, or has not within half a minute. Half way PostgreSQL is restarted, which ends every connection. Rows are compared
with those of a round that one worker made undisturbed. A takeover lasts from the kill until the job runs in another attempt
or has ended, and until what a killed helper held is free.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from tests.bench.workers import GIVE_UP_SECONDS, WORKER, cluster, digest, endpoint, prepared

T = TypeVar("T")
LIMIT_SECONDS = 30.0
LOOK_SECONDS = 0.1


def patiently(ask: Callable[[], T]) -> T:
    """What the database answers, asked again while it is away."""
    until = time.monotonic() + 60
    while True:
        try:
            return ask()
        except SQLAlchemyError:
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_SECONDS)


@dataclass
class Crowd:
    """The workers, by name, and what came of killing them."""

    log: Path
    names: list[str]
    drawn: random.Random
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: int = 0
    takeovers: list[float] = field(default_factory=list)
    """Seconds of each kill that hit work."""
    is_over: threading.Event = field(default_factory=threading.Event)
    problem: BaseException | None = None

    def start(self, name: str) -> None:
        with self.log.open("ab") as out:
            argv = [sys.executable, "-c", WORKER, name]
            self.processes[name] = subprocess.Popen(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def kill_now_and_then(self, every: float) -> None:
        """Kill one after the other until it is over."""
        try:
            while not self.is_over.wait(every):
                self.kill_one()
        except BaseException as error:
            self.problem = error

    def kill_one(self) -> None:
        """Kill one of those that work, wait until its work has moved, and start it again."""
        busy = [name for name in self.names if patiently(lambda name=name: held(name))]  # type: ignore[misc]
        name = self.drawn.choice(busy or self.names)
        work = patiently(lambda: held(name))
        process = self.processes[name]
        process.kill()
        killed = time.monotonic()
        process.wait()
        self.kills += 1
        # What had ended by itself a moment before the kill has nothing to move.
        work = [entry for entry in work if not patiently(lambda element=entry: has_moved(*element))]  # type: ignore[misc]
        while left := [entry for entry in work if not patiently(lambda element=entry: has_moved(*element))]:  # type: ignore[misc]
            if time.monotonic() - killed > 3 * LIMIT_SECONDS:
                raise SystemExit(f"What {name} had did not move: {left}")
            time.sleep(LOOK_SECONDS)
        if work:
            self.takeovers.append(time.monotonic() - killed)
        self.start(name)


def held(name: str) -> list[tuple[str, int, int]]:
    """What the worker has now: a job of its own with its attempt, and where it helps."""
    from sqlalchemy import select

    from backend.db import reading, tables
    from backend.values import JobStatus

    job, helper = tables.Job, tables.Helper
    with reading() as db:
        own = select(job.id, job.attempt).where(job.executor_id == name, job.status == JobStatus.running)
        rows = [("job", id_, attempt) for id_, attempt in db.execute(own)]
        helps = select(helper.id).where(helper.executor_id == name, helper.ended_at.is_(None))
        return rows + [("helper", id_, 0) for id_ in db.scalars(helps)]


def has_moved(kind: str, id_: int, attempt: int) -> bool:
    """Whether a job runs in another attempt or has ended, or a helper has ended."""
    from backend.db import reading, tables
    from backend.values import JobStatus

    with reading() as db:
        if kind == "helper":
            return db.get_one(tables.Helper, id_).ended_at is not None
        job = db.get_one(tables.Job, id_)
        is_on = job.status is JobStatus.running and job.attempt > attempt
        return is_on or job.status not in (JobStatus.running, JobStatus.queued)


def make_round(actor: Any, project_id: int, plan: Any, log: Path) -> int:
    """Let the workers make a round up to its training; return its id."""
    from sqlalchemy import select

    from backend.db import reading, session, tables
    from backend.jobs import cancel
    from backend.services import rounds
    from backend.values import JobStatus, Stage

    round_id = patiently(lambda: rounds.launch(actor, project_id, plan))

    def jobs() -> dict[Stage, Any]:
        with reading() as db:
            return {job.stage: job for job in db.scalars(select(tables.Job).filter_by(round_id=round_id))}

    until = time.monotonic() + GIVE_UP_SECONDS
    while Stage.train not in (result := patiently(jobs)):
        if any(job.status is JobStatus.failed for job in result.values()):
            raise SystemExit(f"The round failed: {[job.error for job in result.values()]}\n{log.read_text()[-3000:]}")
        if time.monotonic() > until:
            raise SystemExit(f"The round did not end within {GIVE_UP_SECONDS} s.\n{log.read_text()[-3000:]}")
        time.sleep(0.2)

    def end() -> None:
        with session() as db:
            cancel(db, result[Stage.train].id)

    patiently(end)
    return round_id


def twice(round_id: int) -> int:
    """Samples and judgments of the round that stand at the place of another one."""
    from sqlalchemy import func, select

    from backend.db import reading, tables

    group, sample, judgment = tables.Group, tables.Sample, tables.Judgment
    places = select(func.count()).select_from(sample).join(group, group.id == sample.group_id)
    same = places.where(sample.round_id == round_id).group_by(
        group.prompt_id, sample.step, sample.kind, sample.position
    )
    judged = select(func.count()).where(judgment.round_id == round_id)
    judged = judged.group_by(judgment.sample_id, judgment.step, judgment.judge, judgment.position)
    with reading() as db:
        return sum(number - 1 for query in (same, judged) for number in db.scalars(query))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two kills")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--prompts", type=int, default=2000, help="of a round")
    parser.add_argument("--concurrency", type=int, default=2, help="requests in flight of one worker")
    parser.add_argument("--seconds", type=float, default=0.05, help="of a request to the endpoint")
    parser.add_argument("--seed", type=int, default=1, help="of who is killed")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder, cluster() as (url, restart):
        os.environ["RONDO_DATA_DIR"], os.environ["RONDO_DATABASE_URL"] = folder, url
        import migrations
        from backend import jobs
        from backend.config import reread
        from backend.db import dispose

        dispose()
        reread()
        migrations.upgrade()
        jobs.prepare()
        with endpoint(asked.seconds) as address:
            plan = prepared(address, asked.prompts, asked.concurrency)
            measure(asked, plan, Path(folder) / "log", restart)
        dispose()


def measure(asked: argparse.Namespace, plan: tuple[Any, int, Any], log: Path, restart: Callable[[], None]) -> None:
    """Make the round of one worker, then rounds while workers are killed, and print what came of it."""
    alone = Crowd(log, ["alone"], random.Random(asked.seed))
    alone.start("alone")
    try:
        known = digest(make_round(*plan, log))
    finally:
        alone.stop()
    crowd = Crowd(log, [f"worker-{place}" for place in range(asked.workers)], random.Random(asked.seed))
    for name in crowd.names:
        crowd.start(name)
    killer = threading.Thread(target=crowd.kill_now_and_then, args=(asked.every,))
    restarted = threading.Timer(30 * asked.minutes, restart)
    began, result = time.monotonic(), []
    try:
        killer.start()
        restarted.start()
        while time.monotonic() - began < 60 * asked.minutes or restarted.is_alive():
            result.append(make_round(*plan, log))
            if crowd.problem is not None:
                raise crowd.problem
    finally:
        restarted.cancel()
        crowd.is_over.set()
        killer.join()
        crowd.stop()
    took = time.monotonic() - began
    equal = sum(digest(entry) == known for entry in result)
    again = sum(twice(entry) for entry in result)
    moved = sorted(crowd.takeovers)
    print(
        f"{asked.workers} workers, one killed every {asked.every:g} s, PostgreSQL restarted once, {took / 60:.1f} minutes, "
        f"{asked.prompts} prompts a round\n"
        "| rounds | rows equal | rows twice | kills | that hit work | takeover, median | longest |\n|---|---|---|---|---|---|---|\n"
        f"| {len(result)} | {equal} | {again} | {crowd.kills} | {len(moved)} | "
        + (f"{moved[len(moved) // 2]:.1f} s | {moved[-1]:.1f} s |" if moved else "- | - |")
    )
    if equal < len(result) or again or (moved and moved[-1] > LIMIT_SECONDS) or crowd.problem is not None:
        raise SystemExit(f"That is not what was promised. {crowd.problem or ''}")


if __name__ == "__main__":
    main()
