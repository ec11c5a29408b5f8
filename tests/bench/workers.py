"""One round on 1, 2, 4 and 8 workers on PostgreSQL, with an endpoint that takes 50 ms: how many times as fast.

The endpoint, PostgreSQL and all workers share this machine's cores; each is a process of its own. Rows are compared
with those of one worker. Timed is what the round's jobs take, from the first one's start to the last one's end, with
the start of the helpers.
"""

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

WORKER = """
import sys
from backend import log
from backend.jobs.worker import Worker, serve
log.setup()
serve(Worker(["generate"], sys.argv[1]))
"""
VERDICTS = ("poor\nScore: 1", "good\nScore: 5", "fair\nScore: 3")
GIVE_UP_SECONDS = 3600


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Answer each request of a connection after so many seconds; what is said follows from what was asked."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            if not head.startswith(b"POST"):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                continue
            length = next(int(word[15:]) for word in head.split(b"\r\n") if word.lower().startswith(b"content-length:"))
            body = json.loads(await reader.readexactly(length))
            await asyncio.sleep(seconds)
            content = json.dumps(_reply(body)).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
            )
            writer.write(content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _reply(body: dict[str, Any]) -> dict[str, Any]:
    asked, n = body["messages"][-1]["content"], body.get("n", 1)
    choices = []
    for index in range(n):
        drawn = hashlib.sha256(f"{asked}/{body.get('seed')}/{index}".encode()).digest()
        text = VERDICTS[drawn[0] % 3] if "grading an answer" in asked else f"answer {drawn.hex()[:12]}"
        message = {"role": "assistant", "content": text}
        choices.append({"index": index, "finish_reason": "stop", "message": message, "logprobs": None})
    return {"choices": choices, "usage": {"prompt_tokens": 10, "completion_tokens": 3 * n}}


async def _serve(seconds: float) -> None:
    server = await asyncio.start_server(lambda r, w: _answer(r, w, seconds), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def endpoint(seconds: float) -> Iterator[str]:
    """The endpoint's address; it is a process of its own."""
    argv = [sys.executable, "-m", "tests.bench.workers", "--serve", str(seconds)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()


@contextmanager
def postgres(kept: Path | None = None) -> Iterator[str]:
    """A cluster of its own on a free port of the loopback, as it comes, and a database in it.

    `kept`: the folder in which it stays for the next time, and from which it is started again.
    """
    with cluster(kept) as (url, _):
        yield url


@contextmanager
def cluster(kept: Path | None = None) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a database in a cluster of its own, and what restarts that: it ends every connection."""
    from tests.ports import reserve_port

    paths = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not paths:
        raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with kept_or_temporary(kept) as folder:
        if as_user:
            shutil.chown(folder, "postgres", "postgres")
        data, (reserved, port) = f"{folder}/data", reserve_port()
        if not Path(data).exists():
            initdb = [*as_user, str(paths[-1] / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
            subprocess.run([*initdb, "--locale=C.UTF-8"], check=True, capture_output=True)
        reserved.close()
        control = [*as_user, str(paths[-1] / "pg_ctl"), "-D", data, "-w"]
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        start = [*control, "-l", f"{folder}/log", "-o", options, "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL)

        def restart() -> None:
            line = [*control, "-m", "fast", "-l", f"{folder}/log", "-o", options, "restart"]
            subprocess.run(line, check=True, stdout=subprocess.DEVNULL)

        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", restart
        finally:
            mode = "immediate" if kept is None else "fast"
            subprocess.run([*control, "-m", mode, "stop"], check=False, stdout=subprocess.DEVNULL)


@contextmanager
def kept_or_temporary(kept: Path | None) -> Iterator[str]:
    """The folder, which stays, or one that is deleted in the end."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="rondo-bench-pg-") as folder:
            yield folder
        return
    kept.mkdir(parents=True, exist_ok=True)
    yield str(kept)


@contextmanager
def workers(number: int, log: Path) -> Iterator[None]:
    """So many workers, all of which are ready."""
    from sqlalchemy import func, select

    from backend.db import reading, tables

    with ExitStack() as stack:
        out = stack.enter_context(log.open("ab"))
        for place in range(number):
            argv = [sys.executable, "-c", WORKER, f"worker-{place}"]
            process = subprocess.Popen(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.send_signal, signal.SIGTERM)
        alive = select(func.count()).where(tables.Executor.stopped_at.is_(None))
        while True:
            with reading() as db:
                if db.scalar(alive) == number:
                    break
            time.sleep(0.1)
        yield


def prepared(url: str, prompts: int, concurrency: int, *, n: int = 4, batch: int | None = None) -> tuple[Any, int, Any]:
    """A project with an endpoint as its policy; returns who launches, the project and the plan of its rounds.

    n: samples of a prompt; batch: prompts of a batch, unset: twice the concurrency.
    """
    from backend.config import settings
    from backend.generators.sample import Sample
    from backend.judges.additive_rubric import AdditiveRubric
    from backend.prompt_sources.prompt_set import PromptSet
    from backend.recipes import Recipe, Step
    from backend.selectors.above_threshold import AboveThreshold
    from backend.services import checkpoints, rounds
    from backend.services.checkpoints import Endpoint, EndpointSettings
    from backend.services.people import accounts
    from backend.trainers.sft import SFT
    from tests import rows
    from tests.tiny import make_tiny_model

    project = rows.make_project()
    actor = accounts.local_owner()
    folder = make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)
    base = rows.make_checkpoint(project, engine={"name": "transformers", "model": str(folder)})
    given = Endpoint(url, "m", settings=EndpointSettings(concurrency=concurrency))
    teacher = checkpoints.register(actor, project.id, name="teacher", endpoint=given)
    asked = rows.make_prompt_set(project, prompts=[f"question {n}" for n in range(prompts)])
    recipe = Recipe(
        name="workers",
        title="Workers",
        groups_per_batch=batch or 2 * concurrency,
        steps=(
            PromptSet(),
            Step(Sample(n=n, max_tokens=16), by="teacher"),
            Step(AdditiveRubric(votes=1), by="teacher"),
            AboveThreshold(threshold=3.0),
            SFT(),
        ),
    )
    plan = rounds.Plan(
        recipe=recipe.model_dump(mode="json"),
        policy_id=base.id,
        reference_id=base.id,
        sample_set_ids=(asked.id,),
        roles={"teacher": teacher},
        num_prompts=prompts,
        is_reviewed=False,
        seed=3,
        parent_id=None,
    )
    return actor, project.id, plan


def run_round(actor: Any, project_id: int, plan: Any, log: Path) -> tuple[int, dict[str, float], int]:
    """Let the workers make a round up to its training; return its id, seconds by stage, and how many workers helped."""
    from sqlalchemy import func, select

    from backend.db import reading, session, tables
    from backend.jobs import cancel
    from backend.services import rounds
    from backend.values import JobStatus, Stage

    round_id = rounds.launch(actor, project_id, plan)
    until = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < until:
        with reading() as db:
            jobs = {job.stage: job for job in db.scalars(select(tables.Job).filter_by(round_id=round_id))}
        if any(job.status is JobStatus.failed for job in jobs.values()):
            raise SystemExit(f"The round failed: {[job.error for job in jobs.values()]}\n{log.read_text()[-3000:]}")
        if Stage.train in jobs:
            break
        time.sleep(0.2)
    with session() as db:
        cancel(db, jobs[Stage.train].id)
        helper = tables.Helper
        query = select(func.count(func.distinct(helper.executor_id))).join(tables.Job, tables.Job.id == helper.job_id)
        helped = db.scalar(query.where(helper.done > 0, tables.Job.round_id == round_id))
    ran = {stage: jobs[stage] for stage in (Stage.generate, Stage.judge, Stage.select)}
    seconds = {str(stage): between(job, job) for stage, job in ran.items()}
    whole = between(jobs[Stage.generate], jobs[Stage.select])
    return round_id, seconds | {"round": whole}, helped or 0


def between(first: Any, last: Any) -> float:
    """Seconds from one job's start to another's end."""
    return float((last.finished_at - first.started_at).total_seconds())


def digest(round_id: int) -> str:
    """Everything that a round made but ids and times."""
    from tests.integration.loop import rows_of_round

    return hashlib.sha256(repr(rows_of_round(round_id)).encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=2, help="requests in flight of one worker")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=0.05, help="of a request to the endpoint")
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve is not None:
        asyncio.run(_serve(asked.serve))
        return
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as folder, postgres() as url:
        os.environ["RONDO_DATA_DIR"], os.environ["RONDO_DATABASE_URL"] = folder, url
        import migrations
        from backend import jobs
        from backend.config import reread
        from backend.db import dispose

        dispose()
        reread()
        migrations.upgrade()
        jobs.prepare()
        log, first, known = Path(folder) / "log", None, None
        with endpoint(asked.seconds) as address:
            actor, project_id, plan = prepared(address, asked.prompts, asked.concurrency)
            print(f"{asked.prompts} prompts, {5 * asked.prompts} requests, {asked.concurrency} in flight a worker")
            print(
                "| workers | that helped | generate | judge | round | times one worker's | rows |\n|---|---|---|---|---|---|---|"
            )
            for number in asked.workers:
                with workers(number, log):
                    round_id, took, helped = run_round(actor, project_id, plan, log)
                rows = digest(round_id)
                first, known = first or took["round"], known or rows
                parts = " | ".join(f"{took[name]:.1f} s" for name in ("generate", "judge", "round"))
                same = "equal" if rows == known else "DIFFERENT"
                print(f"| {number} | {helped} | {parts} | {first / took['round']:.2f} | {same} |", flush=True)
        dispose()


if __name__ == "__main__":
    main()
